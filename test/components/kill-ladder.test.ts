import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  LADDER_START,
  type LadderEvent,
  type LadderState,
  nextLadderStep,
} from '../../runtime/components/kill-ladder.ts';

const test = suite('components/kill-ladder');
const DEADLINE = { kind: 'deadline', message: 'too long' } as const;
const END: LadderEvent = { kind: 'end', reason: DEADLINE };
const STOP: LadderEvent = { kind: 'end', reason: { kind: 'stopped' } };
const GRACE_OVER: LadderEvent = { kind: 'grace-over' };
const RELEASED: LadderEvent = { kind: 'released', error: '' };
const LOST: LadderEvent = { kind: 'host-lost', message: 'killed' };
const EVENTS = [END, STOP, GRACE_OVER, RELEASED, LOST];

function run(events: readonly LadderEvent[]): { state: LadderState; effects: string[] } {
  let state = LADDER_START;
  const effects: string[] = [];
  for (const event of events) {
    const step = nextLadderStep(state, event);
    state = step.state;
    effects.push(...step.effects);
  }
  return { state, effects };
}

test('a deadline stops the worker and waits for its release', () => {
  const { state, effects } = run([END, RELEASED]);
  assert.equal(effects, ['reject-calls', 'stop-worker', 'start-grace', 'finish']);
  assert.equal(state, { at: 'ended', reason: DEADLINE });
});

test('a worker that does not leave costs the whole host', () => {
  const { state, effects } = run([END, GRACE_OVER, LOST]);
  assert.equal(effects, ['reject-calls', 'stop-worker', 'start-grace', 'kill-host', 'finish']);
  const message = 'too long, and its worker cannot be ended';
  assert.equal(state, { at: 'ended', reason: { kind: 'unstoppable', message } });
  assert.equal(run([STOP, GRACE_OVER, LOST]).state, { at: 'ended', reason: { kind: 'stopped' } });
});

test('an instance in a lost host ends with the host', () => {
  const { state } = run([LOST]);
  assert.equal(state, { at: 'ended', reason: { kind: 'host-lost', message: 'killed' } });
});

test('a worker that ends unasked has trapped', () => {
  const { state } = run([{ kind: 'released', error: 'out of memory' }]);
  assert.equal(state, { at: 'ended', reason: { kind: 'trapped', message: 'out of memory' } });
});

test('the first reason stays', () => {
  assert.equal(run([END, STOP, RELEASED]).state, { at: 'ended', reason: DEADLINE });
  assert.equal(run([STOP, END, LOST]).state, { at: 'ended', reason: { kind: 'stopped' } });
});

test('in whatever order, calls are rejected once and the end is told once', () => {
  const orders = (depth: number): LadderEvent[][] =>
    depth === 0 ? [[]] : orders(depth - 1).flatMap(some => EVENTS.map(event => [...some, event]));
  for (const events of orders(5)) {
    const { state, effects } = run(events);
    const count = (name: string) => effects.filter(effect => effect === name).length;
    assert.ok(count('reject-calls') <= 1 && count('finish') <= 1 && count('kill-host') <= 1);
    assert.is(count('finish'), state.at === 'ended' ? 1 : 0);
    if (state.at === 'ended') assert.is(count('reject-calls'), 1);
  }
});

test.run();
