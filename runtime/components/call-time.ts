/** Milliseconds of processor time that each worker thread of a host has used, by thread id. */
export type ThreadTimes = ReadonlyMap<number, number>;

/** How a call stands at one look at it. */
export interface CallLook {
  /** By the wall clock, since the call became the oldest. */
  readonly spentMs: number;
  /** Null where nobody can tell. */
  readonly threads: ThreadTimes | null;
}

/** Whether a call has had its time; if not, when to look again. */
export type CallVerdict =
  | { readonly over: 'processor' | 'wall' }
  | { readonly over: null; readonly nextLookMs: number; readonly mark: ThreadTimes | null };

/** By the wall clock a call may take this many times its deadline. */
export const WALL_DEADLINES_MAX = 4;

/** The kernel counts processor time in steps of 10 ms. */
const LOOK_MS_MIN = 5;

/**
 * Judges a call that may take `deadlineMs` of processor time. Until half of that has passed by the
 * wall clock nothing is looked at, and all of it counts as used. From then on counts what the
 * busiest worker thread of the host got, which is at least what the guest got: a guest is not
 * blamed for time that the machine gave to others, and one that loops is found as soon as by the
 * wall clock, never sooner. What blocks without using the processor ends after
 * `WALL_DEADLINES_MAX` deadlines. `mark` is what the first look at the same call has seen.
 */
export function judgeCall(
  deadlineMs: number,
  { spentMs, threads }: CallLook,
  mark: ThreadTimes | null,
): CallVerdict {
  const halfMs = deadlineMs / 2;
  if (spentMs < halfMs) return { over: null, nextLookMs: Math.ceil(halfMs - spentMs), mark: null };
  const wallMs = threads === null ? deadlineMs : WALL_DEADLINES_MAX * deadlineMs;
  if (spentMs >= wallMs) return { over: 'wall' };
  if (threads === null) {
    return { over: null, nextLookMs: Math.ceil(deadlineMs - spentMs), mark: null };
  }
  const since = mark ?? threads;
  const usedMs = Math.min(spentMs, halfMs + busiestSince(since, threads));
  if (usedMs >= deadlineMs) return { over: 'processor' };
  const nextLookMs = Math.ceil(Math.min(deadlineMs - usedMs, wallMs - spentMs));
  return {
    over: null,
    nextLookMs: Math.max(LOOK_MS_MIN, nextLookMs),
    mark: since,
  };
}

/** A thread that is new since `then` counts from its start. */
function busiestSince(then: ThreadTimes, now: ThreadTimes): number {
  let busiestMs = 0;
  for (const [id, usedMs] of now) busiestMs = Math.max(busiestMs, usedMs - (then.get(id) ?? 0));
  return busiestMs;
}
