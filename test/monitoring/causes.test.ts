import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type CauseEntry, type CauseKind, Causes } from '../../runtime/monitoring/causes.ts';

const causes = suite('monitoring/causes');

function denial(change: Partial<CauseEntry> = {}): CauseEntry {
  return {
    kind: 'denial',
    subject: 'controller/thermostat',
    what: 'gpio "pump" was not written',
    causedBy: ['no grant covers gpio:pump'],
    fix: 'grant = "gpio:pump[dir=out]"',
    ...change,
  };
}

causes('the same thing repeated is one entry with its count and times', () => {
  const record = new Causes({ subjectsMax: 10, perSubjectMax: 4 });
  record.record(denial(), 100);
  record.record(denial({ kind: 'restart', what: 'trapped', fix: null }), 150);
  record.record(denial(), 200);
  const [newest, older] = record.why('thermostat', 10);
  assert.is(newest?.times, 2);
  assert.is(newest?.firstWallMs, 100);
  assert.is(newest?.lastWallMs, 200);
  assert.is(newest?.fix, 'grant = "gpio:pump[dir=out]"');
  assert.is(older?.kind, 'restart');
});

causes('many denials do not push out the last quarantine', () => {
  const record = new Causes({ subjectsMax: 10, perSubjectMax: 3 });
  record.record(denial({ kind: 'quarantine', what: 'ended too often' }), 1);
  for (let n = 0; n < 50; n += 1) record.record(denial({ what: `denied ${n}` }), n);
  assert.equal(
    record.why('thermostat', 10).map(cause => cause.what),
    ['denied 49', 'denied 48', 'ended too often'],
  );
});

causes('a release is found by its name, by its version, and not by a part of it', () => {
  const record = new Causes({ subjectsMax: 10, perSubjectMax: 3 });
  record.record(denial({ kind: 'rollback', subject: 'release/site@2.0.0', what: 'health' }), 1);
  assert.is(record.why('site', 10).length, 1);
  assert.is(record.why('site@2.0.0', 10).length, 1);
  assert.is(record.why('release/site@2.0.0', 10).length, 1);
  assert.is(record.why('si', 10).length, 0);
  assert.is(record.why('site@2.0', 10).length, 0);
  assert.is(record.why(null, 10).length, 1);
});

causes('stays within its bounds, and never forgets the newest', () => {
  const kinds: CauseKind[] = ['denial', 'restart', 'quarantine', 'rollback'];
  const entry = fc.record({ subject: fc.nat(9), kind: fc.constantFrom(...kinds), what: fc.nat(9) });
  fc.assert(
    fc.property(fc.array(entry, { minLength: 1, maxLength: 100 }), script => {
      const record = new Causes({ subjectsMax: 4, perSubjectMax: 3 });
      script.forEach(({ subject, kind, what }, at) => {
        record.record(denial({ subject: `controller/c${subject}`, kind, what: `${what}` }), at);
        const all = record.why(null, 1_000);
        assert.is(all[0]?.lastWallMs, at);
        assert.is(all[0]?.what, `${what}`);
        const bySubject = Map.groupBy(all, cause => cause.subject);
        assert.ok(bySubject.size <= 4);
        for (const list of bySubject.values()) assert.ok(list.length <= 3);
      });
    }),
    { numRuns: 40 },
  );
});

causes('texts are bounded and stay on one line', () => {
  const record = new Causes({ subjectsMax: 4, perSubjectMax: 3 });
  record.record(denial({ what: `a\nb${'x'.repeat(9_999)}`, causedBy: Array(99).fill('y') }), 1);
  const cause = record.why(null, 1)[0];
  assert.is(cause?.what.length, 512);
  assert.ok(cause?.what.startsWith('a b'));
  assert.is(cause?.causedBy.length, 8);
});

causes.run();
