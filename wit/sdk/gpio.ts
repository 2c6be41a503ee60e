import type { LineState } from 'airssys:gpio/digital@0.1.0';
import * as digital from 'airssys:gpio/digital@0.1.0';
import { hostCall } from './errors.ts';

export type { LineState };

/** Lines by label. Every method throws HostError. */
export const gpio = {
  /** Returns an input's state, or the state last written to an output. */
  read(label: string): LineState {
    return hostCall(`gpio.read("${label}")`, () => digital.read(label));
  },
  /** Drives an output. */
  write(label: string, state: LineState | boolean): void {
    const wanted = lineState(state);
    hostCall(`gpio.write("${label}")`, () => digital.write(label, wanted));
  },
  /** Drives an output to `state`, and back after `durationMs` milliseconds (1 to 60,000). */
  pulse(label: string, state: LineState | boolean, durationMs: number): void {
    const wanted = lineState(state);
    hostCall(`gpio.pulse("${label}")`, () => digital.pulse(label, wanted, durationMs));
  },
} as const;

/** The engine traps without a word on an unknown case, so untyped callers get an error here. */
function lineState(state: LineState | boolean): LineState {
  if (typeof state === 'boolean') return state ? 'active' : 'inactive';
  if (state !== 'active' && state !== 'inactive') {
    throw new TypeError(`a line is active or inactive, not ${String(state)}`);
  }
  return state;
}
