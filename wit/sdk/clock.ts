import * as monotonic from 'wasi:clocks/monotonic-clock@0.2.0';
import * as wall from 'wasi:clocks/wall-clock@0.2.0';

/** Time. Needs no grant. */
export const clock = {
  /** Milliseconds, with fraction, that never go back; the zero is arbitrary. */
  monotonicMs: (): number => monotonic.now() / 1e6,
  /** Milliseconds since 1970-01-01T00:00:00Z; may jump. */
  wallMs(): number {
    const { seconds, nanoseconds } = wall.now();
    return seconds * 1_000 + Math.floor(nanoseconds / 1e6);
  },
} as const;
