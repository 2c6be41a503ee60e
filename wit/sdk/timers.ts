import type { Tick } from 'airssys:timer/tick-handler@0.1.0';
import * as host from 'airssys:timer/timers@0.1.0';
import { hostCall } from './errors.ts';

export type { Tick };

/** What a timer calls. */
export type TimerCallback = (tick: Tick) => void;

interface Entry {
  readonly callback: TimerCallback;
  readonly repeats: boolean;
}

// The one place where this kit keeps state: the callbacks of this instance, by timer name. The
// gateway bounds their number (64).
const entries = new Map<string, Entry>();

/** Timers by name. Every method throws HostError. */
export const timers = {
  /** Calls `callback` every `intervalMs` milliseconds. Replaces a timer of the same name. */
  every(name: string, intervalMs: number, callback: TimerCallback): void {
    hostCall(`timers.every("${name}")`, () => host.setInterval(name, intervalMs));
    entries.set(name, { callback, repeats: true });
  },
  /** Calls `callback` once, after `delayMs` milliseconds. Replaces a timer of the same name. */
  after(name: string, delayMs: number, callback: TimerCallback): void {
    hostCall(`timers.after("${name}")`, () => host.setTimeout(name, delayMs));
    entries.set(name, { callback, repeats: false });
  },
  /** Cancels a timer. Returns whether there was one. */
  cancel(name: string): boolean {
    entries.delete(name);
    return host.cancel(name);
  },
} as const;

/** Runs the callback of a tick. Returns false where the name has none. */
export function runTimer(tick: Tick): boolean {
  const entry = entries.get(tick.name);
  if (entry === undefined) return false;
  if (!entry.repeats) entries.delete(tick.name);
  entry.callback(tick);
  return true;
}
