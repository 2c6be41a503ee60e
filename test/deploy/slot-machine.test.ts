import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { DeployError, type DeployErrorCode } from '../../runtime/deploy/errors.ts';
import * as machine from '../../runtime/deploy/slot-machine.ts';
import {
  decodeSlotRecord,
  EMPTY_RECORD,
  encodeSlotRecord,
  FLOORS_MAX,
  type SlotRecord,
} from '../../runtime/deploy/slot-record.ts';

const test = suite('deploy/slot-machine');

function candidate(sequence: number, tag = 'a', role = 'release'): machine.Candidate {
  return {
    envelopeDigest: tag.repeat(64),
    manifestDigest: `${tag.repeat(60)}${String(sequence).padStart(4, '0')}`,
    name: 'heating',
    version: `1.0.${sequence}`,
    sequence,
    roles: [role],
    rootVersion: 1,
    controllers: ['pump'],
  };
}

function onTrial(record: SlotRecord, release: machine.Candidate): SlotRecord {
  return machine.beginTry(machine.finishWriting(machine.beginWriting(record, release)));
}

function committed(record: SlotRecord, release: machine.Candidate): SlotRecord {
  return machine.commit(onTrial(record, release));
}

/** The floors of the roles that vouch for a release. */
function floorsOf(record: SlotRecord, { roles }: machine.Candidate): SlotRecord['floors'] {
  return new Map([...record.floors].filter(([role]) => roles.includes(role)));
}

function requireInstallable(record: SlotRecord, release: machine.Candidate): void {
  machine.requireInstallable(record, release, floorsOf(record, release));
}

function code(act: () => unknown): DeployErrorCode | 'nothing was thrown' {
  try {
    act();
  } catch (error) {
    if (error instanceof DeployError) return error.code;
    throw error;
  }
  return 'nothing was thrown';
}

test('a commit makes the trial the active release and raises the floor', () => {
  const record = committed(EMPTY_RECORD, candidate(1));
  assert.is(record.active, 'a');
  assert.is(record.trial, null);
  assert.is(record.slots.a?.state, 'good');
  assert.is(record.floors.get('release')?.sequence, 1);
});

test('a second release goes to the other slot and leaves the first one whole', () => {
  const record = committed(committed(EMPTY_RECORD, candidate(1)), candidate(2, 'b'));
  assert.is(record.active, 'b');
  assert.is(record.slots.a?.state, 'good');
  assert.is(machine.rollbackTarget(record), 'a');
});

test('the floor does not rise while a release is on trial', () => {
  const record = onTrial(committed(EMPTY_RECORD, candidate(1)), candidate(2, 'b'));
  assert.is(record.floors.get('release')?.sequence, 1);
  assert.is(record.active, 'a');
});

test('a failed trial marks slot and release bad and keeps the active release', () => {
  const record = machine.fail(
    onTrial(committed(EMPTY_RECORD, candidate(1)), candidate(2, 'b')),
    'trapped',
  );
  assert.is(record.active, 'a');
  assert.is(record.slots.b?.state, 'bad');
  assert.is(machine.rollbackTarget(record), null);
  assert.is(
    code(() => requireInstallable(record, candidate(2, 'b'))),
    'DEPLOY_KNOWN_BAD',
  );
  assert.match(record.lastCause ?? '', 'trapped');
});

test('a lower sequence is refused, also after a rollback', () => {
  let record = committed(committed(EMPTY_RECORD, candidate(4)), candidate(5, 'b'));
  assert.is(
    code(() => requireInstallable(record, candidate(3, 'c'))),
    'DEPLOY_DOWNGRADE',
  );
  record = machine.rollback(record, 'operator');
  assert.is(record.active, 'a');
  assert.is(record.floors.get('release')?.sequence, 5);
  assert.is(
    code(() => requireInstallable(record, candidate(3, 'c'))),
    'DEPLOY_DOWNGRADE',
  );
});

test('a floor is that of the role that signed, whatever the release is called', () => {
  const record = committed(EMPTY_RECORD, candidate(4));
  const renamed = { ...candidate(3, 'c'), name: 'heating-beta' };
  assert.is(
    code(() => requireInstallable(record, renamed)),
    'DEPLOY_DOWNGRADE',
  );
  requireInstallable(record, { ...renamed, roles: ['release/other'] });
});

test('a floor that holds no more is not asked, and the next commit sets it anew', () => {
  const top = Number.MAX_SAFE_INTEGER;
  const record = committed(EMPTY_RECORD, { ...candidate(top), rootVersion: 3 });
  machine.requireInstallable(record, candidate(5, 'b'), new Map());
  const after = committed(record, { ...candidate(5, 'b'), rootVersion: 4 });
  assert.equal(after.floors.get('release')?.sequence, 5);
  assert.is(after.floors.get('release')?.rootVersion, 4);
});

test('a commit raises the floors of all roles that vouch, and each of them is asked', () => {
  const roles = ['release/site', 'release/pump'];
  const record = committed(EMPTY_RECORD, { ...candidate(5), roles });
  for (const role of roles) {
    assert.is(record.floors.get(role)?.sequence, 5);
    assert.is(
      code(() => requireInstallable(record, { ...candidate(4, 'b'), roles: [role] })),
      'DEPLOY_DOWNGRADE',
    );
  }
});

test('a token lets one older release in, once, and the floor stays where it is', () => {
  const record = committed(EMPTY_RECORD, candidate(9));
  const old = candidate(3, 'c');
  const leave = { manifestDigest: old.manifestDigest, counter: 2 };
  const ask = (from: SlotRecord, what: machine.Candidate, by: machine.Leave) =>
    code(() => machine.requireInstallable(from, what, from.floors, by));
  assert.is(ask(record, old, leave), 'nothing was thrown');
  assert.is(ask(record, candidate(4, 'd'), leave), 'DEPLOY_TOKEN');
  const writing = machine.beginWriting(record, old, leave);
  // Used up from here on, whatever becomes of the installation.
  assert.is(writing.recoveryCounter, 2);
  assert.is(ask(writing, old, leave), 'DEPLOY_TOKEN');
  assert.is(ask(writing, old, { ...leave, counter: 1 }), 'DEPLOY_TOKEN');
  assert.is(ask(writing, old, { ...leave, counter: 3 }), 'nothing was thrown');
  const kept = decodeSlotRecord(encodeSlotRecord(machine.finishWriting(writing, leave)));
  const after = machine.commit(machine.beginTry(kept));
  assert.is(after.slots[after.active ?? 'a']?.sequence, 3);
  assert.is(after.floors.get('release')?.sequence, 9);
  assert.is(after.recoveryCounter, 2);
  assert.is(
    code(() => requireInstallable(after, candidate(8, 'e'))),
    'DEPLOY_DOWNGRADE',
  );
});

test('a token is asked for what it says, also where no floor is in the way', () => {
  const leave = { manifestDigest: 'f'.repeat(64), counter: 1 };
  const ask = (floors: SlotRecord['floors'], record: SlotRecord) =>
    code(() => machine.requireInstallable(record, candidate(9, 'b'), floors, leave));
  assert.is(ask(new Map(), EMPTY_RECORD), 'DEPLOY_TOKEN');
  assert.is(ask(new Map(), committed(EMPTY_RECORD, candidate(1))), 'DEPLOY_TOKEN');
});

test('a release that failed here is not let in by a token either', () => {
  const failed = machine.fail(onTrial(EMPTY_RECORD, candidate(1)), 'trapped');
  const { manifestDigest } = candidate(1);
  assert.is(
    code(() =>
      machine.requireInstallable(failed, candidate(1), new Map(), { manifestDigest, counter: 1 }),
    ),
    'DEPLOY_KNOWN_BAD',
  );
});

test('the same sequence with other content is refused, the next one is not', () => {
  const record = committed(EMPTY_RECORD, candidate(4));
  const other = { ...candidate(4), manifestDigest: 'f'.repeat(64) };
  assert.is(
    code(() => requireInstallable(record, other)),
    'DEPLOY_SEQUENCE_REUSED',
  );
  requireInstallable(record, candidate(5, 'b'));
});

test('the active release is not installed twice, the one rolled back from may come again', () => {
  let record = committed(committed(EMPTY_RECORD, candidate(4)), candidate(5, 'b'));
  assert.is(
    code(() => requireInstallable(record, candidate(5, 'b'))),
    'DEPLOY_ALREADY_INSTALLED',
  );
  record = machine.rollback(record, 'operator');
  requireInstallable(record, candidate(5, 'b'));
});

test('a rollback needs a committed release in the other slot', () => {
  assert.is(
    code(() => machine.rollback(EMPTY_RECORD, 'x')),
    'DEPLOY_NOTHING_TO_ROLL_BACK',
  );
  const one = committed(EMPTY_RECORD, candidate(1));
  assert.is(
    code(() => machine.rollback(one, 'x')),
    'DEPLOY_NOTHING_TO_ROLL_BACK',
  );
  const writing = machine.beginWriting(committed(one, candidate(2, 'b')), candidate(3, 'c'));
  assert.is(
    code(() => machine.rollback(writing, 'x')),
    'DEPLOY_NOTHING_TO_ROLL_BACK',
  );
});

test('roles beyond the bound are refused, a known one is not', () => {
  let record = EMPTY_RECORD;
  for (let count = 0; count < FLOORS_MAX; count += 1) {
    record = committed(record, candidate(1, 'a', `release/vendor-${count}`));
  }
  assert.is(
    code(() => requireInstallable(record, candidate(1, 'b', 'release/one-more'))),
    'DEPLOY_FLOORS_FULL',
  );
  requireInstallable(record, candidate(2, 'b', 'release/vendor-0'));
});

test('a trial uses up a try before each start and is given up when none is left', () => {
  let record = machine.finishWriting(
    machine.beginWriting(committed(EMPTY_RECORD, candidate(1)), candidate(2, 'b')),
  );
  for (let start = 0; start < machine.TRIES_MAX; start += 1) {
    const decision = machine.decideBoot(record);
    assert.is(decision.kind, 'try');
    if (decision.kind !== 'try') return;
    assert.is(decision.slot, 'b');
    assert.is(decision.record.trial?.triesLeft, machine.TRIES_MAX - 1 - start);
    record = decision.record;
  }
  const last = machine.decideBoot(record);
  assert.is(last.kind, 'give-up-trial');
  if (last.kind === 'give-up-trial') {
    assert.is(last.record.active, 'a');
    assert.is(last.record.slots.b?.state, 'bad');
  }
});

test('a half-written slot is never started', () => {
  const first = machine.beginWriting(EMPTY_RECORD, candidate(1));
  assert.equal(machine.decideBoot(first), { kind: 'empty' });
  const second = machine.beginWriting(committed(EMPTY_RECORD, candidate(1)), candidate(2, 'b'));
  assert.equal(machine.decideBoot(second), { kind: 'run', slot: 'a' });
});

test('each transition raises the generation by one', () => {
  const record = committed(EMPTY_RECORD, candidate(1));
  assert.is(record.generation, 4);
  assert.is(machine.beginWriting(record, candidate(2, 'b')).generation, 5);
});

test('a written record reads back equal', () => {
  const record = machine.fail(
    onTrial(committed(EMPTY_RECORD, candidate(1)), candidate(2, 'b')),
    'grüße\n"x"',
  );
  assert.equal(decodeSlotRecord(encodeSlotRecord(record)), record);
});

test('a cause of any length and of any characters leaves a record that is read again', () => {
  const texts = ['x'.repeat(10_000), `${'x'.repeat(510)}\u{1f525}${'y'.repeat(90)}`, '\ud800'];
  for (const text of [...texts, '\0'.repeat(600), '火'.repeat(600), `${'z'.repeat(490)}end`]) {
    let record = committed(committed(EMPTY_RECORD, candidate(1)), candidate(2, 'b'));
    record = machine.rollback(record, text);
    assert.ok(record.lastCause?.isWellFormed());
    assert.equal(decodeSlotRecord(encodeSlotRecord(record)), record);
    // More failures than are remembered, each with this text.
    for (let sequence = 3; sequence < 30; sequence += 1) {
      record = machine.fail(onTrial(record, candidate(sequence, 'c')), text);
    }
    assert.equal(decodeSlotRecord(encodeSlotRecord(record)), record);
  }
});

test('a cause that is cut says so, and one that fits stays as it is', () => {
  const failed = (cause: string) =>
    machine.fail(onTrial(EMPTY_RECORD, candidate(1)), cause).bad[0]?.cause ?? '';
  assert.is(failed('x'.repeat(512)), 'x'.repeat(512));
  assert.is(failed('x'.repeat(513)), `${'x'.repeat(511)}…`);
  assert.is(failed(`${'x'.repeat(510)}\u{1f525}yy`), `${'x'.repeat(510)}…`);
});

test('no truncation and no flipped bit of a record is accepted', () => {
  const bytes = encodeSlotRecord(committed(EMPTY_RECORD, candidate(1)));
  for (let length = 0; length < bytes.length; length += 1) {
    assert.is(
      code(() => decodeSlotRecord(bytes.subarray(0, length))),
      'DEPLOY_RECORD_DAMAGED',
    );
  }
  for (let bit = 0; bit < bytes.length * 8; bit += 1) {
    const torn = Uint8Array.from(bytes);
    torn[bit >> 3] = (torn[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    assert.is(
      code(() => decodeSlotRecord(torn)),
      'DEPLOY_RECORD_DAMAGED',
      `bit ${bit}`,
    );
  }
});

test.run();
