import type { Clock, Timer } from '../../runtime/ports/clock.ts';

/** Longest delay `setTimeout` takes; beyond it, it fires at once. */
const TIMEOUT_MS_MAX = 2_147_483_647;

/**
 * Returns the machine's time. Its timers do not keep the process alive: what has to live holds a
 * socket, a port or a child, and a back-off that nobody waits for must not hold up an exit.
 */
export function createSystemClock(): Clock {
  return {
    monotonicNs: () => process.hrtime.bigint(),
    monotonicMs: () => Number(process.hrtime.bigint()) / 1e6,
    wallMs: () => Date.now(),
    after: (delayMs, task) => startTimer(delayMs, task),
  };
}

function startTimer(delayMs: number, task: () => void): Timer {
  const dueNs = process.hrtime.bigint() + BigInt(Math.ceil(Math.max(0, delayMs) * 1e6));
  let handle: NodeJS.Timeout;
  const arm = () => {
    const leftMs = Math.ceil(Number(dueNs - process.hrtime.bigint()) / 1e6);
    handle = setTimeout(fire, Math.min(Math.max(0, leftMs), TIMEOUT_MS_MAX));
    handle.unref();
  };
  // Node rounds, and caps, delays: a timer that fires too early is armed again.
  const fire = () => (process.hrtime.bigint() < dueNs ? arm() : task());
  arm();
  return { cancel: () => clearTimeout(handle) };
}
