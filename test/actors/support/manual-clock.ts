import type { Clock, Timer } from '../../../runtime/ports/clock.ts';

/** Time that passes only when told to. Tasks run in order of their time. */
export class ManualClock implements Clock {
  #nowMs = 1_000;
  #tasks: { readonly atMs: number; readonly task: () => void }[] = [];

  monotonicNs(): bigint {
    return BigInt(Math.round(this.#nowMs * 1_000_000));
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return 1_800_000_000_000 + this.#nowMs;
  }

  after(delayMs: number, task: () => void): Timer {
    const entry = { atMs: this.#nowMs + delayMs, task };
    this.#tasks.push(entry);
    return {
      cancel: () => {
        this.#tasks = this.#tasks.filter(other => other !== entry);
      },
    };
  }

  /** Timers that wait. */
  get waiting(): number {
    return this.#tasks.length;
  }

  /** Lets time pass; between two tasks all promises that can settle do. */
  async pass(durationMs: number): Promise<void> {
    const endMs = this.#nowMs + durationMs;
    await settle();
    for (;;) {
      const due = this.#tasks
        .filter(entry => entry.atMs <= endMs)
        .sort((a, b) => a.atMs - b.atMs)[0];
      if (due === undefined) break;
      this.#tasks = this.#tasks.filter(entry => entry !== due);
      this.#nowMs = Math.max(this.#nowMs, due.atMs);
      due.task();
      await settle();
    }
    this.#nowMs = endMs;
    await settle();
  }
}

/** Lets every promise that can settle do so, also those behind a few immediates. */
export async function settle(): Promise<void> {
  for (let round = 0; round < 4; round += 1) await new Promise(resolve => setImmediate(resolve));
}
