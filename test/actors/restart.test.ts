import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  firstState,
  next,
  type RestartPolicy,
  type SupervisionEvent,
  type SupervisionState,
} from '../../runtime/actors/restart.ts';

const restart = suite('actors/restart');

const POLICY: RestartPolicy = {
  policy: 'permanent',
  intensityMax: 3,
  periodMs: 60_000,
  backoffMinMs: 100,
  backoffMaxMs: 1_000,
};

function ended(change: Partial<Extract<SupervisionEvent, { kind: 'ended' }>> = {}) {
  return {
    kind: 'ended',
    cause: 'trap',
    normal: false,
    counted: true,
    unstoppable: false,
    jitter: 1,
    ...change,
  } as const;
}

/** Ends a running controller at `atMs` and lets the back-off pass; returns the wait. */
function crash(state: SupervisionState, atMs: number): { wait: number; state: SupervisionState } {
  const after = next(state, ended(), atMs, POLICY);
  if (after.at !== 'backoff') throw new Error(`expected back-off, got ${after.at}`);
  return {
    wait: after.untilMs - atMs,
    state: next(after, { kind: 'elapsed' }, after.untilMs, POLICY),
  };
}

restart('the wait doubles with each end in a row, up to its bound; jitter halves it', () => {
  const policy = { ...POLICY, intensityMax: 100 };
  let state = firstState(0);
  const waits: number[] = [];
  for (let nowMs = 0; waits.length < 6; nowMs += 5_000) {
    const after = next(state, ended(), nowMs, policy);
    if (after.at !== 'backoff') throw new Error(after.at);
    waits.push(after.untilMs - nowMs);
    state = next(after, { kind: 'elapsed' }, after.untilMs, policy);
  }
  assert.equal(waits, [100, 200, 400, 800, 1_000, 1_000]);
  const early = next(firstState(0), ended({ jitter: 0 }), 0, policy);
  assert.is(early.at === 'backoff' && early.untilMs, 50);
});

restart('more ends than the intensity allows lead to quarantine', () => {
  let state = firstState(0);
  let nowMs = 0;
  for (let end = 1; end <= POLICY.intensityMax; end += 1) {
    nowMs += 2_000;
    state = crash(state, nowMs).state;
  }
  const after = next(state, ended({ cause: 'fourth' }), nowMs + 2_000, POLICY);
  assert.equal(after, { at: 'quarantined', sinceMs: nowMs + 2_000, cause: 'fourth' });
});

restart('an operator releases from quarantine with a clean history', () => {
  const quarantined: SupervisionState = { at: 'quarantined', sinceMs: 5, cause: 'trap' };
  const state = next(quarantined, { kind: 'released' }, 1_000, POLICY);
  assert.equal(state, { at: 'up', sinceMs: 1_000, history: { endsMs: [], inRow: 0 } });
  assert.is(crash(state, 1_001).wait, 100);
});

restart('a whole period of success makes the next wait short again', () => {
  const first = crash(firstState(0), 10);
  const second = crash(first.state, 500);
  assert.is(second.wait, 200);
  assert.is(crash(second.state, 700 + POLICY.periodMs).wait, 100);
});

restart('an end that others caused restarts, but never leads to quarantine', () => {
  let state = firstState(0);
  for (let nowMs = 1_000; nowMs <= 20_000; nowMs += 1_000) {
    const after = next(state, ended({ counted: false }), nowMs, POLICY);
    if (after.at !== 'backoff') throw new Error(after.at);
    assert.is(after.untilMs - nowMs, POLICY.backoffMinMs);
    state = next(after, { kind: 'elapsed' }, after.untilMs, POLICY);
  }
});

restart('who cannot be ended has one more chance within a period', () => {
  const unstoppable = ended({ unstoppable: true });
  for (const intensityMax of [1, 3, 4, 1_000]) {
    const policy = { ...POLICY, intensityMax };
    const first = next(firstState(0), unstoppable, 1, policy);
    assert.is(first.at, 'backoff');
    const up = next(first, { kind: 'elapsed' }, 2_000, policy);
    assert.is(next(up, unstoppable, 3_000, policy).at, 'quarantined');
    assert.is(next(up, unstoppable, POLICY.periodMs + 2_000, policy).at, 'backoff');
  }
  assert.is(next(firstState(0), unstoppable, 1, { ...POLICY, intensityMax: 0 }).at, 'quarantined');
  const temporary = { ...POLICY, policy: 'temporary' } as const;
  assert.is(next(firstState(0), unstoppable, 1, temporary).at, 'stopped');
});

restart('transient stops after a normal end only; temporary after every end', () => {
  const transient = { ...POLICY, policy: 'transient' } as const;
  const temporary = { ...POLICY, policy: 'temporary' } as const;
  assert.is(next(firstState(0), ended({ normal: true }), 1, transient).at, 'stopped');
  assert.is(next(firstState(0), ended(), 1, transient).at, 'backoff');
  assert.is(next(firstState(0), ended(), 1, temporary).at, 'stopped');
  assert.is(next(firstState(0), ended({ normal: true }), 1, POLICY).at, 'backoff');
});

const anyEvent: fc.Arbitrary<{ event: SupervisionEvent; waitMs: number }> = fc.record({
  waitMs: fc.oneof(fc.nat(300), fc.nat(30_000)),
  event: fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant<'ended'>('ended'),
        cause: fc.constant('trap'),
        normal: fc.boolean(),
        counted: fc.boolean(),
        unstoppable: fc.constant(false),
        jitter: fc.double({ min: 0, max: 1, noNaN: true }),
      }),
    },
    { weight: 6, arbitrary: fc.constant<SupervisionEvent>({ kind: 'elapsed' }) },
    { weight: 1, arbitrary: fc.constant<SupervisionEvent>({ kind: 'released' }) },
    { weight: 1, arbitrary: fc.constant<SupervisionEvent>({ kind: 'stop', cause: 'operator' }) },
  ),
});

const anyPolicy: fc.Arbitrary<RestartPolicy> = fc
  .record({
    policy: fc.constantFrom<RestartPolicy['policy']>('permanent', 'transient', 'temporary'),
    intensityMax: fc.nat(5),
    periodMs: fc.integer({ min: 1, max: 60_000 }),
    backoffMinMs: fc.integer({ min: 1, max: 1_000 }),
    extraMs: fc.nat(10_000),
  })
  .map(({ extraMs, ...rest }) => ({ ...rest, backoffMaxMs: rest.backoffMinMs + extraMs }));

restart(
  'never exceeds the intensity, never waits outside its bounds, never wakes by itself',
  () => {
    fc.assert(
      fc.property(anyPolicy, fc.array(anyEvent, { maxLength: 120 }), (policy, script) => {
        let nowMs = 0;
        let state = firstState(nowMs);
        let restartedEndsMs: number[] = [];
        for (const { event, waitMs } of script) {
          nowMs += waitMs;
          const before = state;
          state = next(before, event, nowMs, policy);
          if (event.kind === 'released' && before.at === 'quarantined') restartedEndsMs = [];
          if (before.at === 'up' && state.at === 'backoff') {
            const wait = state.untilMs - nowMs;
            assert.ok(wait <= policy.backoffMaxMs && wait >= policy.backoffMinMs / 2);
            if (event.kind === 'ended' && event.counted) restartedEndsMs.push(nowMs);
            const recent = restartedEndsMs.filter(endMs => nowMs - endMs < policy.periodMs);
            assert.ok(recent.length <= policy.intensityMax);
            assert.is.not(policy.policy, 'temporary');
          }
          if (before.at === 'stopped') assert.is(state.at, 'stopped');
          if (before.at === 'quarantined' && state.at === 'up') assert.is(event.kind, 'released');
          if (before.at === 'backoff' && state.at === 'up') assert.ok(nowMs >= before.untilMs);
        }
      }),
      { numRuns: 500 },
    );
  },
);

restart.run();
