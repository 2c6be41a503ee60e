import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ManualClock } from '../../drivers/simulated/manual-clock.ts';
import type { ReleaseHealth } from '../../runtime/actors/supervisor.ts';
import { startTrial, trialBounds } from '../../runtime/deploy/trial.ts';

const test = suite('deploy/trial');

const BOUNDS = { soakMs: 1_000, deadlineMs: 5_000 };
const GOOD: ReleaseHealth = { kind: 'good' };
const WAITING: ReleaseHealth = { kind: 'waiting', for: ['thermostat'] };
const BAD: ReleaseHealth = { kind: 'bad', problems: ['thermostat is quarantined'] };

function trialOver(first: ReleaseHealth) {
  const clock = new ManualClock();
  const now = { health: first };
  const trial = startTrial(() => now.health, clock, BOUNDS);
  const seen = { outcome: 'open' };
  trial.outcome.then(
    () => {
      seen.outcome = 'proven';
    },
    error => {
      seen.outcome = error.message;
    },
  );
  return {
    trial,
    become: (health: ReleaseHealth) => {
      now.health = health;
      trial.look();
    },
    afterMs: async (ms: number) => {
      clock.advance(ms);
      await Promise.resolve();
      await Promise.resolve();
      return seen.outcome;
    },
  };
}

test('a release is proven after a soak without a break, not before', async () => {
  const { become, afterMs } = trialOver(WAITING);
  assert.is(await afterMs(500), 'open');
  become(GOOD);
  assert.is(await afterMs(900), 'open');
  assert.is(await afterMs(150), 'proven');
});

test('a break starts the soak anew', async () => {
  const { become, afterMs } = trialOver(GOOD);
  await afterMs(900);
  become(WAITING);
  become(GOOD);
  assert.is(await afterMs(900), 'open');
  assert.is(await afterMs(200), 'proven');
});

test('a problem fails the trial at once, with its words', async () => {
  const { become, afterMs } = trialOver(GOOD);
  await afterMs(500);
  become(BAD);
  assert.match(await afterMs(0), 'quarantined');
});

test('a release that never gets healthy fails at the deadline, also when it flaps', async () => {
  const never = trialOver(WAITING);
  assert.is(await never.afterMs(4_900), 'open');
  assert.match(await never.afterMs(200), 'thermostat');

  const flapping = trialOver(GOOD);
  for (let elapsedMs = 0; elapsedMs < 5_000; elapsedMs += 500) {
    await flapping.afterMs(500);
    flapping.become(WAITING);
    flapping.become(GOOD);
  }
  assert.match(await flapping.afterMs(100), 'without a break');
});

test('a trial that is abandoned is failed, and later looks change nothing', async () => {
  const { trial, become, afterMs } = trialOver(WAITING);
  trial.abandon();
  become(GOOD);
  assert.match(await afterMs(2_000), 'stopped');
});

test('a release may ask for a longer soak than its gateway, never for a shorter one', () => {
  const gateway = { soakMs: 2_000, deadlineMs: 30_000 };
  assert.equal(trialBounds(gateway, 0), gateway);
  assert.equal(trialBounds(gateway, 1_999), gateway);
  // The time to become healthy stays 28 seconds.
  assert.equal(trialBounds(gateway, 60_000), { soakMs: 60_000, deadlineMs: 88_000 });
});

test.run();
