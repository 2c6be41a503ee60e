/** A handle of a timer that can be cancelled. Cancelling twice, or late, does nothing. */
export interface Timer {
  cancel(): void;
}

/** Time as the gateway sees it. The only source of time outside drivers. */
export interface Clock {
  /** Monotonic nanoseconds since an arbitrary moment. */
  monotonicNs(): bigint;
  /** Monotonic milliseconds (with fraction) since the same moment. */
  monotonicMs(): number;
  /** Milliseconds since 1970-01-01T00:00:00Z; may jump. */
  wallMs(): number;
  /** Calls `task` once, `delayMs` milliseconds from now at the earliest. */
  after(delayMs: number, task: () => void): Timer;
}
