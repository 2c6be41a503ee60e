import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  KINDS_MAX,
  LINES_PER_SECOND_MAX,
  OTHER_RESOURCES,
} from '../../../capabilities/guards/audit-aggregate.ts';
import {
  AuditAggregate,
  type AuditEntry,
  aggregateAudit,
} from '../../../capabilities/guards/index.ts';
import type { AuditRecord } from '../../../runtime/ports/audit.ts';
import { FakeClock } from './fixtures.ts';

const test = suite('capabilities/guards: audit counts');

function denial(resource: string, actor = 'a@1#1'): AuditRecord {
  const action = 'gpio.write';
  return { actor, action, resource, decision: 'deny', grant: null, reason: 'not granted' };
}

function setUp() {
  const clock = new FakeClock();
  const entries: AuditEntry[] = [];
  const audit = aggregateAudit({ clock, sink: entry => entries.push(entry) });
  const total = () => entries.reduce((sum, { count }) => sum + count, 0);
  return { clock, entries, audit, total };
}

test('the first denial is written at once, its repeats as one line with their count', () => {
  const { clock, entries, audit } = setUp();
  for (let index = 0; index < 1_000; index += 1) audit.record(denial('heater'));
  assert.equal(
    entries.map(({ count }) => count),
    [1],
  );
  clock.advance(1_000);
  assert.equal(
    entries.map(({ count }) => count),
    [1, 999],
  );
  assert.is(clock.waiting, 0);
  audit.record(denial('heater'));
  assert.is(entries.length, 3);
});

test('a flood over many resources is bounded, and nothing is lost from the count', () => {
  const { clock, entries, audit, total } = setUp();
  for (let index = 0; index < 50_000; index += 1) audit.record(denial(`line-${index}`));
  clock.advance(1_000);
  assert.is(total(), 50_000);
  assert.ok(entries.length <= 2 * KINDS_MAX + 1, `${entries.length} lines`);
  assert.ok(entries.some(({ resource, count }) => resource === OTHER_RESOURCES && count > 40_000));
});

test('one actor that floods does not hide another', () => {
  const { entries, audit } = setUp();
  for (let index = 0; index < 10_000; index += 1) audit.record(denial(`line-${index}`));
  audit.record(denial('pump', 'b@1#2'));
  assert.is(entries.at(-1)?.actor, 'b@1#2');
});

test('writes to actuators have lines of their own up to a bound, other allows are counted', () => {
  const { clock, entries, audit, total } = setUp();
  const allow = { decision: 'allow', grant: 'gpio:heater[dir=out]', reason: '' } as const;
  for (let index = 0; index < 500; index += 1) {
    audit.record({ ...denial('heater'), ...allow });
    audit.record({ ...denial('heater'), ...allow, action: 'gpio.read' });
  }
  assert.is(entries.length, LINES_PER_SECOND_MAX);
  audit.close();
  assert.is(total(), 1_000);
  assert.ok(entries.some(({ action, count }) => action === 'gpio.read' && count === 500));
  clock.advance(5_000);
  assert.is(total(), 1_000);
});

test('counts leave with the next record when no timer came in time', () => {
  const aggregate = new AuditAggregate();
  const counts = [0, 1, 2, 2_000].map(nowMs =>
    aggregate.add(denial('heater'), nowMs).map(({ count }) => count),
  );
  assert.equal(counts, [[1], [], [], [2, 1]]);
});

test('counts of a quiet actor leave when the window ends, also across several windows', () => {
  const { clock, entries, audit, total } = setUp();
  for (let second = 0; second < 5; second += 1) {
    for (let index = 0; index < 7; index += 1) audit.record(denial('heater'));
    clock.advance(700);
  }
  clock.advance(2_000);
  assert.is(total(), 35);
  assert.ok(entries.length <= 10);
});

test.run();
