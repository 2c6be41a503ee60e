/** Slices of one measurement, together about a fifth of a second on a free processor. */
const SLICES = 200;
/** Until the loop is compiled. */
const WARM_UP_SLICES = 20;
const STEPS_PER_SLICE = 500_000;

/**
 * Runs the same work in many slices and returns how fast they were on the whole, as a part of the
 * fastest: 1 on a machine that does nothing else, a third where a hypervisor gives its processor
 * to others for two thirds of the time. Figures of a run can be no better than this allows.
 */
export function processorShare(nowMs: () => number = () => performance.now()): number {
  let fastestMs = Number.POSITIVE_INFINITY;
  let totalMs = 0;
  let sum = 0;
  for (let slice = -WARM_UP_SLICES; slice < SLICES; slice += 1) {
    const startedMs = nowMs();
    for (let step = 0; step < STEPS_PER_SLICE; step += 1) sum = (sum + step) | 0;
    const spentMs = nowMs() - startedMs;
    if (slice < 0) continue;
    totalMs += spentMs;
    fastestMs = Math.min(fastestMs, spentMs);
  }
  // `sum` is used, so that the loop is not optimised away.
  return Number.isNaN(sum) ? 0 : (fastestMs * SLICES) / totalMs;
}
