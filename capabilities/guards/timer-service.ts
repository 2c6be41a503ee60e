import { GatewayError } from '../../runtime/base/errors.ts';
import type { Timer } from '../../runtime/ports/clock.ts';
import type { Grant } from '../grammar/index.ts';
import type { GuardContext } from './guard-context.ts';
import type { GuardedAction, Refusal } from './pipeline.ts';
import { guarded } from './pipeline.ts';

/** Timers of one instance. */
export const TIMERS_MAX = 64;
/** Bytes of a timer's name. */
const TIMER_NAME_BYTES_MAX = 64;

/** One firing, as `airssys:timer/tick-handler` has it. */
export interface Tick {
  readonly name: string;
  /** Monotonic nanoseconds. */
  readonly timestampNs: bigint;
  /** Firings merged into this one. */
  readonly missed: number;
}

/**
 * Takes a tick. While the promise that it returns is open the controller is busy with that timer,
 * and further firings of it are merged into the next tick.
 */
export type OnTick = (tick: Tick) => Promise<unknown> | undefined;

/** Codes of TimerError. */
export type TimerErrorCode = 'TIMER_DENIED' | 'TIMER_QUOTA' | 'TIMER_ARGUMENT';

/** A refused timer. */
export class TimerError extends GatewayError<TimerErrorCode> {}

interface RunningTimer {
  readonly name: string;
  readonly intervalMs: number | null;
  dueMs: number;
  missed: number;
  busy: boolean;
  timer: Timer;
}

/** The timers of one instance, behind its grants. All end with the instance. */
export class TimerService {
  readonly #context: GuardContext;
  readonly #onTick: OnTick;
  readonly #timers = new Map<string, RunningTimer>();

  constructor(context: GuardContext, onTick: OnTick) {
    this.#context = context;
    this.#onTick = onTick;
    context.open.add(() => {
      for (const { timer } of this.#timers.values()) timer.cancel();
      this.#timers.clear();
    });
  }

  /** Returns how many timers run. */
  get size(): number {
    return this.#timers.size;
  }

  /** Fires every `intervalMs`, first after one interval. @throws TimerError */
  every(name: string, intervalMs: number): void {
    this.#set(name, intervalMs, intervalMs);
  }

  /** Fires once after `delayMs`. @throws TimerError */
  once(name: string, delayMs: number): void {
    this.#set(name, delayMs, null);
  }

  /** Returns whether there was such a timer. */
  cancel(name: string): boolean {
    const running = this.#timers.get(name);
    running?.timer.cancel();
    return this.#timers.delete(name);
  }

  #set(name: string, delayMs: number, intervalMs: number | null): void {
    const bytes = Buffer.byteLength(name);
    if (bytes === 0 || bytes > TIMER_NAME_BYTES_MAX || !(delayMs >= 1)) {
      throw new TimerError('TIMER_ARGUMENT', 'a name has 1 to 64 bytes, an interval 1 ms or more');
    }
    guarded(this.#context, timerSet(name, delayMs, this.#isFull(name)), () => {
      this.cancel(name);
      const running: RunningTimer = {
        name,
        intervalMs,
        dueMs: this.#context.gateway.clock.monotonicMs() + delayMs,
        missed: 0,
        busy: false,
        timer: { cancel: () => {} },
      };
      this.#timers.set(name, running);
      this.#schedule(running, delayMs);
    });
  }

  #isFull(name: string): boolean {
    return this.#timers.size >= TIMERS_MAX && !this.#timers.has(name);
  }

  #schedule(running: RunningTimer, delayMs: number): void {
    running.timer = this.#context.gateway.clock.after(delayMs, () => this.#fire(running));
  }

  #fire(running: RunningTimer): void {
    // Replaced or cancelled while its firing was on the way.
    if (this.#timers.get(running.name) !== running || this.#context.closed) return;
    const { clock } = this.#context.gateway;
    const { intervalMs } = running;
    if (intervalMs === null) {
      this.#timers.delete(running.name);
    } else {
      const lateMs = Math.max(0, clock.monotonicMs() - running.dueMs);
      const skipped = Math.floor(lateMs / intervalMs);
      running.missed += skipped;
      running.dueMs += (skipped + 1) * intervalMs;
      this.#schedule(running, Math.max(0, running.dueMs - clock.monotonicMs()));
    }
    if (running.busy) running.missed += 1;
    else this.#tick(running);
  }

  #tick(running: RunningTimer): void {
    const { missed } = running;
    running.missed = 0;
    const timestampNs = this.#context.gateway.clock.monotonicNs();
    const taken = this.#onTick({ name: running.name, timestampNs, missed: toU32(missed) });
    if (taken === undefined) return;
    running.busy = true;
    const free = () => {
      running.busy = false;
    };
    taken.then(free, free);
  }
}

/** Returns the grant that allows timers this short. */
export function wantedTimer(delayMs: number): Grant {
  return { class: 'time', intervalMinMs: Math.min(Math.max(1, Math.floor(delayMs)), 100) };
}

function timerSet(name: string, delayMs: number, isFull: boolean): GuardedAction {
  return {
    action: 'timer.set',
    resource: name,
    variant: `${delayMs}`,
    forbidden: () => null,
    covers: grant => grant.class === 'time' && grant.intervalMinMs <= delayMs,
    wanted: () => wantedTimer(delayMs),
    terms: () =>
      isFull ? { kind: 'quota', message: `${TIMERS_MAX} timers are the most there may be` } : [],
    refuse: toTimerError,
  };
}

function toTimerError(refusal: Refusal): TimerError {
  const code = refusal.kind === 'denied' ? 'TIMER_DENIED' : 'TIMER_QUOTA';
  return new TimerError(code, refusal.message);
}

function toU32(count: number): number {
  return Math.min(count, 0xffff_ffff);
}
