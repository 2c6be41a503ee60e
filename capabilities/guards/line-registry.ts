/**
 * What the gateway knows of its output lines, across controllers and restarts: who owns a line
 * alone, what was last written, and when it last changed.
 */
import type { LineState } from '../../runtime/ports/gpio.ts';

interface Line {
  owner: string | null;
  state: LineState | null;
  changedAtMs: number;
  writes: number;
}

/** How long a line must still wait before a change. */
export interface MinimumTimes {
  readonly minOnMs: number;
  readonly minOffMs: number;
}

/** See the head of this file. Lines come from the board, so their number is bounded by it. */
export class LineRegistry {
  readonly #lines = new Map<string, Line>();
  readonly #startedAtMs: number;

  constructor(nowMs: number) {
    // Nobody knows what happened before: minimum times count from the start.
    this.#startedAtMs = nowMs;
  }

  /** Makes the controller the only one that may drive the line. False when another one is. */
  claim(label: string, controller: string): boolean {
    const line = this.#line(label);
    if (line.owner !== null && line.owner !== controller) return false;
    line.owner = controller;
    return true;
  }

  /** Gives up all lines of a controller. */
  release(controller: string): void {
    for (const line of this.#lines.values()) {
      if (line.owner === controller) line.owner = null;
    }
  }

  /** Returns who owns the line alone, or null. */
  ownerOf(label: string): string | null {
    return this.#lines.get(label)?.owner ?? null;
  }

  /** Whether writing `state` would change the line; an unknown state counts as a change. */
  changes(label: string, state: LineState): boolean {
    return this.#lines.get(label)?.state !== state;
  }

  /** Returns the milliseconds until the line may change to `state`. */
  remainingMs(label: string, state: LineState, times: MinimumTimes, nowMs: number): number {
    const line = this.#lines.get(label);
    if (line?.state === state) return 0;
    const known = line?.state ?? null;
    // Of an unknown line only "it may have been switched off just now" can do harm.
    const minimumMs = state === 'active' ? times.minOffMs : known === null ? 0 : times.minOnMs;
    const sinceMs = line === undefined || known === null ? this.#startedAtMs : line.changedAtMs;
    return Math.max(0, Math.ceil(sinceMs + minimumMs - nowMs));
  }

  /** Notes a write; returns its number on this line. */
  wrote(label: string, state: LineState, nowMs: number): number {
    const line = this.#line(label);
    if (line.state !== state) line.changedAtMs = nowMs;
    line.state = state;
    line.writes += 1;
    return line.writes;
  }

  /** Returns the number of the last write on the line; 0 before the first. */
  lastWrite(label: string): number {
    return this.#lines.get(label)?.writes ?? 0;
  }

  #line(label: string): Line {
    const known = this.#lines.get(label);
    if (known !== undefined) return known;
    const line = { owner: null, state: null, changedAtMs: this.#startedAtMs, writes: 0 };
    this.#lines.set(label, line);
    return line;
  }
}
