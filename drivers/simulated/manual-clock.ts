import type { Clock, Timer } from '../../runtime/ports/clock.ts';

interface PendingTask {
  readonly dueNs: bigint;
  readonly order: number;
  readonly task: () => void;
}

/** Tasks that one `advance` runs; a task that re-arms itself without delay would never end. */
const TASKS_MAX = 1_000_000;

/** Time that moves only when told. Tasks run inside `advance`, in the order of their due times. */
export class ManualClock implements Clock {
  #nowNs = 0n;
  #wallOffsetMs: number;
  #order = 0;
  #tasks: PendingTask[] = [];

  /** Starts at monotonic 0 and at `wallMs`, 2026-01-01T00:00:00Z unless given. */
  constructor(wallMs = 1_767_225_600_000) {
    this.#wallOffsetMs = wallMs;
  }

  monotonicNs(): bigint {
    return this.#nowNs;
  }

  monotonicMs(): number {
    return Number(this.#nowNs) / 1e6;
  }

  wallMs(): number {
    return this.#wallOffsetMs + Math.floor(this.monotonicMs());
  }

  after(delayMs: number, task: () => void): Timer {
    const dueNs = this.#nowNs + BigInt(Math.round(Math.max(0, delayMs) * 1e6));
    const pending: PendingTask = { dueNs, order: this.#order, task };
    this.#order += 1;
    this.#tasks.push(pending);
    return {
      cancel: () => {
        this.#tasks = this.#tasks.filter(other => other !== pending);
      },
    };
  }

  /** Timers that wait. */
  get pending(): number {
    return this.#tasks.length;
  }

  /** Moves the wall clock alone, as an operator or NTP does. */
  jumpWall(byMs: number): void {
    this.#wallOffsetMs += byMs;
  }

  /** Moves time on and runs what falls due, also what those tasks start. */
  advance(byMs: number): void {
    const untilNs = this.#nowNs + BigInt(Math.round(byMs * 1e6));
    for (let ran = 0; this.#runNext(untilNs); ran += 1) {
      if (ran >= TASKS_MAX) throw new RangeError(`over ${TASKS_MAX} tasks in one advance`);
    }
    this.#nowNs = untilNs;
  }

  /** As `advance`; lets promises and sockets have their turn after every task. */
  async advanceSettled(byMs: number): Promise<void> {
    const untilNs = this.#nowNs + BigInt(Math.round(byMs * 1e6));
    await turn();
    while (this.#runNext(untilNs)) await turn();
    this.#nowNs = untilNs;
    await turn();
  }

  #runNext(untilNs: bigint): boolean {
    let next: PendingTask | undefined;
    for (const task of this.#tasks) {
      if (task.dueNs > untilNs) continue;
      const earlier =
        next === undefined ||
        task.dueNs < next.dueNs ||
        (task.dueNs === next.dueNs && task.order < next.order);
      if (earlier) next = task;
    }
    if (next === undefined) return false;
    const chosen = next;
    this.#tasks = this.#tasks.filter(other => other !== chosen);
    if (chosen.dueNs > this.#nowNs) this.#nowNs = chosen.dueNs;
    chosen.task();
    return true;
  }
}

function turn(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve));
}
