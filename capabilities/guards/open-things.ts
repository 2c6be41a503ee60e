import type { Subscription } from '../../runtime/ports/gpio.ts';

/** Subscriptions, timers and pulses that one instance may have open. */
const OPEN_THINGS_MAX = 512;

/** What an instance has open, so that its end closes all of it. */
export class OpenThings {
  readonly #open = new Set<() => void>();
  #closed = false;

  /**
   * Notes something open. The subscription returned stops it once; `close` stops it too. Null when
   * there are too many, or after the end: then it is stopped at once.
   */
  add(stop: () => void): Subscription | null {
    if (this.#closed || this.#open.size >= OPEN_THINGS_MAX) {
      stop();
      return null;
    }
    const once = () => {
      if (this.#open.delete(once)) stop();
    };
    this.#open.add(once);
    return { stop: once };
  }

  /** Returns how many are open. */
  get size(): number {
    return this.#open.size;
  }

  /** Stops everything, newest first, also when one of them throws; returns what was thrown. */
  close(): readonly unknown[] {
    this.#closed = true;
    const errors: unknown[] = [];
    for (const stop of [...this.#open].reverse()) {
      try {
        stop();
      } catch (error) {
        errors.push(error);
      }
    }
    return errors;
  }
}
