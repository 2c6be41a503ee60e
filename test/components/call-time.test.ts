import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  judgeCall,
  type ThreadTimes,
  WALL_DEADLINES_MAX,
} from '../../runtime/components/call-time.ts';

const test = suite('components: how long a call may take');

/** Looks whenever told to at a call that gets `share` of the processor; returns when it is over. */
function endOf(deadlineMs: number, share: number): { atMs: number; over: string } {
  let spentMs = deadlineMs / 2;
  let mark: ThreadTimes | null = null;
  for (;;) {
    // As the kernel counts: in steps of 10 ms, and the process has a past.
    const cpuMs = 70 + Math.floor((spentMs * share) / 10) * 10;
    const threads = new Map([
      [4, 90],
      [7, cpuMs],
    ]);
    const verdict = judgeCall(deadlineMs, { spentMs, threads }, mark);
    if (verdict.over !== null) return { atMs: spentMs, over: verdict.over };
    assert.ok(verdict.nextLookMs > 0);
    spentMs += verdict.nextLookMs;
    mark = verdict.mark;
  }
}

test('one that loops is found at its deadline, within two steps of the kernel', () => {
  for (const deadlineMs of [10, 100, 1_000, 5_000]) {
    const { atMs, over } = endOf(deadlineMs, 1);
    assert.is(over, 'processor');
    assert.ok(atMs >= deadlineMs && atMs <= deadlineMs + 25, `${deadlineMs}: ${atMs}`);
  }
});

test('one that gets a third of the processor has three times as long for the rest', () => {
  const { atMs, over } = endOf(1_000, 1 / 3);
  assert.is(over, 'processor');
  assert.ok(atMs > 1_900 && atMs < 2_100, String(atMs));
});

test('one that gets no processor at all ends by the wall clock', () => {
  assert.equal(endOf(1_000, 0), { atMs: 1_000 * WALL_DEADLINES_MAX, over: 'wall' });
});

test('where nobody can tell the processor time, the wall clock counts', () => {
  assert.equal(judgeCall(100, { spentMs: 60, threads: null }, null), {
    over: null,
    nextLookMs: 40,
    mark: null,
  });
  assert.equal(judgeCall(100, { spentMs: 100, threads: null }, null), { over: 'wall' });
});

test('a first look that comes late does not blame for what was not seen', () => {
  const verdict = judgeCall(100, { spentMs: 350, threads: new Map([[7, 9_000]]) }, null);
  assert.is(verdict.over, null);
});

test('threads do not add up, and no call is over before its deadline by the wall clock', () => {
  const mark = new Map([[7, 100]]);
  const threads = new Map([
    [7, 130],
    [8, 45],
    [9, 45],
  ]);
  assert.is(judgeCall(100, { spentMs: 101, threads }, mark).over, null);
  assert.is(judgeCall(100, { spentMs: 99, threads: new Map([[7, 900]]) }, mark).over, null);
  assert.is(judgeCall(100, { spentMs: 101, threads: new Map([[8, 60]]) }, mark).over, 'processor');
});

test.run();
