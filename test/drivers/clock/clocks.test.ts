import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createSystemClock } from '../../../drivers/clock/system-clock.ts';
import { createSystemRandom } from '../../../drivers/random/system-random.ts';
import { ManualClock } from '../../../drivers/simulated/manual-clock.ts';
import { createSeededRandom } from '../../../drivers/simulated/seeded-random.ts';

const clocks = suite('drivers/clock, drivers/random: real and simulated');

const pause = (ms: number) => new Promise(resolve => setTimeout(resolve, ms));

clocks('the system clock runs a task once, never early, and not when cancelled', async () => {
  const clock = createSystemClock();
  const startMs = clock.monotonicMs();
  const ranMs: number[] = [];
  clock.after(20, () => void ranMs.push(clock.monotonicMs() - startMs));
  const cancelled = clock.after(20, () => void ranMs.push(-1));
  cancelled.cancel();
  cancelled.cancel();
  await pause(100);
  assert.is(ranMs.length, 1);
  assert.ok((ranMs[0] ?? 0) >= 20, `${ranMs}`);
  assert.ok(Math.abs(clock.wallMs() - Date.now()) < 1_000);
});

clocks('a delay longer than Node can count does not fire at once', async () => {
  let fired = false;
  const timer = createSystemClock().after(2 ** 40, () => {
    fired = true;
  });
  await pause(30);
  timer.cancel();
  assert.is(fired, false);
});

clocks('manual time runs tasks in the order of their times, also those they start', () => {
  const clock = new ManualClock(1_000);
  const ran: string[] = [];
  clock.after(20, () => void ran.push(`late ${clock.monotonicMs()}`));
  clock.after(10, () => {
    ran.push(`first ${clock.monotonicMs()}`);
    clock.after(5, () => void ran.push(`nested ${clock.monotonicMs()}`));
  });
  clock.after(10, () => void ran.push('second'));
  clock.after(10, () => void ran.push('never')).cancel();
  clock.advance(9);
  assert.equal(ran, []);
  clock.advance(11);
  assert.equal(ran, ['first 10', 'second', 'nested 15', 'late 20']);
  assert.is(clock.pending, 0);
  assert.is(clock.wallMs(), 1_020);
  clock.jumpWall(-500);
  assert.equal([clock.wallMs(), clock.monotonicMs()], [520, 20]);
});

clocks('random numbers: a seed repeats, the system never does, fractions stay in range', () => {
  const draw = (seed: number) => {
    const random = createSeededRandom(seed);
    return [...random.bytes(8), random.fraction(), random.fraction()];
  };
  assert.equal(draw(5), draw(5));
  assert.not.equal(draw(5), draw(6));
  const system = createSystemRandom();
  assert.not.equal(system.bytes(16), system.bytes(16));
  for (const random of [system, createSeededRandom(0)]) {
    const values = Array.from({ length: 1_000 }, () => random.fraction());
    assert.ok(values.every(value => value >= 0 && value < 1));
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    assert.ok(Math.abs(mean - 0.5) < 0.06, `${mean}`);
  }
});

clocks.run();
