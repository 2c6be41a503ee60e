/** How a call stands at one look at it. */
export interface CallLook {
  /** By the wall clock, since the call became the oldest. */
  readonly spentMs: number;
  /** Processor time of the whole host process since its start; null where nobody can tell. */
  readonly cpuMs: number | null;
}

/** What an earlier look at the same call has shown. */
export interface CallMark {
  readonly cpuMs: number;
}

/** Whether a call has had its time; if not, when to look again. */
export type CallVerdict =
  | { readonly over: 'processor' | 'wall' }
  | { readonly over: null; readonly nextLookMs: number; readonly mark: CallMark | null };

/** By the wall clock a call may take this many times its deadline. */
export const WALL_DEADLINES_MAX = 4;

/** The kernel counts processor time in steps of 10 ms. */
const LOOK_MS_MIN = 5;

/**
 * Judges a call that may take `deadlineMs` of processor time. Until half of that has passed by the
 * wall clock nothing is looked at, and all of it counts as used. From then on counts what the host
 * process got, which is at least what the guest got: a guest is not blamed for time that the
 * machine gave to others, and one that loops is found as soon as by the wall clock. What blocks
 * without using the processor ends after `WALL_DEADLINES_MAX` deadlines.
 */
export function judgeCall(
  deadlineMs: number,
  { spentMs, cpuMs }: CallLook,
  mark: CallMark | null,
): CallVerdict {
  const halfMs = deadlineMs / 2;
  if (spentMs < halfMs) return { over: null, nextLookMs: Math.ceil(halfMs - spentMs), mark: null };
  const wallMs = cpuMs === null ? deadlineMs : WALL_DEADLINES_MAX * deadlineMs;
  if (spentMs >= wallMs) return { over: 'wall' };
  if (cpuMs === null) {
    return { over: null, nextLookMs: Math.ceil(deadlineMs - spentMs), mark: null };
  }
  const usedMs = halfMs + cpuMs - (mark?.cpuMs ?? cpuMs);
  if (usedMs >= deadlineMs) return { over: 'processor' };
  const nextLookMs = Math.ceil(Math.min(deadlineMs - usedMs, wallMs - spentMs));
  return {
    over: null,
    nextLookMs: Math.max(LOOK_MS_MIN, nextLookMs),
    mark: mark ?? { cpuMs },
  };
}
