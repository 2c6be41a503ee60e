import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CHAIN_START, chainLine, checkLine } from '../../runtime/monitoring/audit-chain.ts';
import { AuditFile, verifyAudit } from '../../runtime/monitoring/audit-file-io.ts';
import type { AuditRecord } from '../../runtime/ports/audit.ts';
import { ManualClock } from '../actors/support/manual-clock.ts';

const audit = suite<{ folder: string }>('monitoring/audit-file');

audit.before.each(context => {
  context.folder = mkdtempSync(join(tmpdir(), 'airssys-audit-'));
});
audit.after.each(context => {
  rmSync(context.folder, { recursive: true, force: true });
});

function open(folder: string, change: { segmentBytesMax?: number; segmentsMax?: number } = {}) {
  const clock = new ManualClock();
  const troubles: (string | null)[] = [];
  const file = new AuditFile({
    folder,
    bootId: 'boot-1',
    segmentBytesMax: 1_048_576,
    segmentsMax: 16,
    waitingMax: 8,
    clock,
    onTrouble: message => troubles.push(message),
    ...change,
  });
  return { file, clock, troubles };
}

function record(n: number, decision: AuditRecord['decision'] = 'allow'): AuditRecord {
  const resource = `heater "${n}"`;
  return {
    actor: 'thermostat@2.0.1#1',
    action: 'gpio.write',
    resource,
    decision,
    grant: null,
    reason: '',
  };
}

function lines(folder: string): string[] {
  return readdirSync(folder)
    .sort()
    .flatMap(name => readFileSync(join(folder, name), 'utf8').split('\n').slice(0, -1));
}

audit('a denial is written at once, what is allowed within 100 ms', async ({ folder }) => {
  const { file, clock } = open(folder);
  file.record(record(1));
  assert.is(lines(folder).length, 0);
  await clock.pass(100);
  assert.is(lines(folder).length, 1);
  file.record(record(2, 'deny'));
  assert.is(lines(folder).length, 2);
  file.close();
  const second = JSON.parse(lines(folder)[1] ?? '');
  assert.is(second.seq, 2);
  assert.is(second.boot, 'boot-1');
  assert.is(second.resource, 'heater "2"');
});

audit('the chain goes on after a restart', ({ folder }) => {
  for (let start = 0; start < 3; start += 1) {
    const { file } = open(folder);
    file.record(record(start));
    file.close();
  }
  const check = verifyAudit(folder);
  assert.is(check.kind === 'intact' && check.lines, 3);
});

audit('a changed, a removed, a swapped and an added line are found', ({ folder }) => {
  const { file } = open(folder);
  for (let n = 0; n < 5; n += 1) file.record(record(n));
  file.close();
  const path = join(folder, 'audit-00000001.jsonl');
  const good = lines(folder);
  const expectBroken = (changed: string[], lineNumber: number) => {
    writeFileSync(path, `${changed.join('\n')}\n`);
    const check = verifyAudit(folder);
    assert.is(check.kind === 'broken' && check.lineNumber, lineNumber);
  };
  expectBroken(
    good.map((line, at) => (at === 2 ? line.replace('allow', 'deny') : line)),
    3,
  );
  expectBroken(
    good.filter((_, at) => at !== 2),
    3,
  );
  expectBroken(good.slice(1), 1);
  expectBroken([good[1] ?? '', good[0] ?? '', ...good.slice(2)], 1);
  expectBroken([...good, good[4] ?? ''], 6);
  expectBroken([...good, '{}'], 6);
  writeFileSync(path, `${good.join('\n')}\n`);
  assert.is(verifyAudit(folder).kind, 'intact');
});

audit('a line with the right number and a wrong past, or the other way round, is found', () => {
  const stamp = { bootId: 'boot-1', wallMs: 1, monotonicMs: 1 };
  const first = chainLine(CHAIN_START, stamp, record(1));
  const second = chainLine(first.head, stamp, record(2));
  assert.is(checkLine(second.line, first.head).kind, 'intact');
  const otherPast = { sequence: first.head.sequence, hash: 'f'.repeat(64) };
  assert.is(checkLine(second.line, otherPast).kind, 'broken');
  const otherNumber = { sequence: 7, hash: first.head.hash };
  assert.is(checkLine(second.line, otherNumber).kind, 'broken');
});

audit('every way a power cut can tear the last line leaves a log that goes on', ({ folder }) => {
  const { file } = open(folder);
  file.record(record(1));
  file.record(record(2));
  file.close();
  const path = join(folder, 'audit-00000001.jsonl');
  const whole = readFileSync(path);
  const firstBytes = whole.indexOf(0x0a) + 1;
  const near = (at: number) => [-2, -1, 0, 1, 2].map(offset => at + offset);
  const spread = Array.from({ length: 12 }, (_, part) => Math.round((part * whole.length) / 12));
  const sizes = [...near(2), ...near(firstBytes), ...near(whole.length - 2), ...spread];
  for (const size of new Set(sizes)) {
    writeFileSync(path, whole);
    truncateSync(path, size);
    const { file: again } = open(folder);
    again.record(record(3));
    again.close();
    const check = verifyAudit(folder);
    if (check.kind !== 'intact') throw new Error(`${size} bytes: ${check.why}`);
    const kept = size === whole.length ? 2 : size >= firstBytes ? 1 : 0;
    assert.is(check.lines, kept + 1, `${size} bytes`);
  }
});

audit('segments rotate, carry the chain on, and the oldest go', ({ folder }) => {
  const { file } = open(folder, { segmentBytesMax: 1_000, segmentsMax: 3 });
  for (let n = 0; n < 40; n += 1) file.record(record(n, 'deny'));
  file.close();
  const names = readdirSync(folder).sort();
  assert.is(names.length, 3);
  assert.is.not(names[0], 'audit-00000001.jsonl');
  const check = verifyAudit(folder);
  assert.is(check.kind === 'intact' && check.head.sequence, 40);
  for (const name of names) {
    assert.ok(readFileSync(join(folder, name)).length <= 1_000);
  }
  rmSync(join(folder, names[1] ?? ''));
  assert.is(verifyAudit(folder).kind, 'broken');
});

audit(
  'while the disk takes nothing records wait, and what is lost is counted',
  async ({ folder }) => {
    const { file, clock, troubles } = open(folder, { segmentBytesMax: 400 });
    file.record(record(0, 'deny'));
    // The next line needs a next segment, which cannot be made where its name is a folder.
    const blocked = join(folder, 'audit-00000002.jsonl');
    mkdirSync(blocked);
    for (let n = 1; n <= 12; n += 1) file.record(record(n, 'deny'));
    assert.is(file.status().waiting, 8);
    assert.is(file.status().lost, 4);
    assert.is(troubles.length, 1);
    rmdirSync(blocked);
    await clock.pass(200);
    assert.is(file.status().failing, null);
    assert.is(troubles.length, 2);
    file.close();
    const written = lines(folder).map(line => JSON.parse(line));
    assert.is(written.at(-1)?.action, 'audit.lost');
    assert.ok(written.at(-1)?.reason.startsWith('4 records'));
    assert.is(written.length, 1 + 8 + 1);
    assert.is(verifyAudit(folder).kind, 'intact');
  },
);

audit('lines that are not made durable are trouble too, until they are', async ({ folder }) => {
  // Takes everything and makes nothing durable: fdatasync fails with EINVAL.
  symlinkSync('/dev/null', join(folder, 'audit-00000001.jsonl'));
  const { file, troubles } = open(folder, { segmentBytesMax: 400 });
  file.record(record(1, 'deny'));
  for (let look = 0; look < 500 && troubles.length === 0; look += 1) await sleep(5);
  assert.is(troubles.length, 1);
  assert.match(file.status().failing ?? '', 'EINVAL');
  assert.is(file.status().waiting, 0);
  // The next segment is a file.
  for (let n = 2; n < 6; n += 1) file.record(record(n, 'deny'));
  for (let look = 0; look < 500 && troubles.length === 1; look += 1) await sleep(5);
  assert.equal([troubles.length, troubles[1], file.status().failing], [2, null, null]);
  file.close();
});

audit(
  'a log that was damaged while the gateway was off says so and begins a new segment',
  ({ folder }) => {
    const { file } = open(folder);
    file.record(record(1));
    file.close();
    const path = join(folder, 'audit-00000001.jsonl');
    appendFileSync(path, 'not an audit line\n');
    const { file: again } = open(folder);
    again.close();
    assert.is(JSON.parse(lines(folder).at(-1) ?? '').action, 'audit.damaged');
    const check = verifyAudit(folder);
    assert.is(check.kind === 'broken' && check.segment, 'audit-00000001.jsonl');
  },
);

audit.run();
