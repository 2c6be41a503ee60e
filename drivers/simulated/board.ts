import type { Board, BoardLine } from '../../runtime/ports/board.ts';
import type { Clock } from '../../runtime/ports/clock.ts';
import {
  type EdgeEvent,
  GpioError,
  type GpioPort,
  type LineState,
  type Subscription,
} from '../../runtime/ports/gpio.ts';
import type { Random } from '../../runtime/ports/random.ts';

/** A change of an output, as a lamp on the relay would show it. */
export interface LineChange {
  readonly label: string;
  readonly state: LineState;
  /** Monotonic milliseconds. */
  readonly atMs: number;
}

/** How often each fault strikes, as a probability per operation. */
export interface BoardFaults {
  /** A read or write fails with GPIO_HARDWARE. */
  readonly hardware?: number;
  /** A read or write fails with GPIO_NOT_READY. */
  readonly notReady?: number;
  /** An edge is not delivered; the next one counts it in `lost`. */
  readonly lostEdge?: number;
}

/** What a simulated board is made of. */
export interface SimulatedBoardSettings {
  readonly board: Board;
  readonly clock: Clock;
  readonly random: Random;
  readonly faults?: BoardFaults;
}

/** A change of an input at a moment after the script's start. */
export interface ScriptedInput {
  readonly atMs: number;
  readonly label: string;
  readonly state: LineState;
}

/** Changes of outputs that are kept; the oldest go first. */
const TIMELINE_CHANGES_MAX = 10_000;

interface SimulatedLine {
  readonly line: BoardLine;
  readonly watchers: Set<(event: EdgeEvent) => void>;
  state: LineState;
  sequence: bigint;
  lost: number;
  fault: 'hardware' | 'not-ready' | null;
}

/**
 * The digital lines of a board file, without a board. Outputs begin in their safe state, inputs
 * inactive. Faults strike by seed, or when `setFault` says so.
 */
export class SimulatedBoard implements GpioPort {
  readonly #settings: SimulatedBoardSettings;
  readonly #lines: ReadonlyMap<string, SimulatedLine>;
  readonly #listeners = new Set<(change: LineChange) => void>();
  #timeline: LineChange[] = [];

  constructor(settings: SimulatedBoardSettings) {
    this.#settings = settings;
    this.#lines = new Map(
      settings.board.lines.map(line => [
        line.label,
        {
          line,
          watchers: new Set<(event: EdgeEvent) => void>(),
          state: line.safe === 'active' ? 'active' : 'inactive',
          sequence: 0n,
          lost: 0,
          fault: null,
        },
      ]),
    );
  }

  read(label: string): LineState {
    const line = this.#line(label);
    this.#requireHealthy(line);
    return line.state;
  }

  write(label: string, state: LineState): void {
    const line = this.#line(label);
    requireDirection(line, 'out');
    this.#requireHealthy(line);
    if (line.state === state) return;
    line.state = state;
    const change = { label, state, atMs: this.#settings.clock.monotonicMs() };
    this.#timeline.push(change);
    // Cut in halves: dropping one at a time would move the whole array for every change.
    if (this.#timeline.length > TIMELINE_CHANGES_MAX * 2) {
      this.#timeline = this.#timeline.slice(-TIMELINE_CHANGES_MAX);
    }
    for (const listener of [...this.#listeners]) listener(change);
  }

  watch(label: string, onEdge: (event: EdgeEvent) => void): Subscription {
    const line = this.#line(label);
    requireDirection(line, 'in');
    // A wrapper of its own: the same function may watch twice and stop once.
    const watcher = (event: EdgeEvent) => onEdge(event);
    line.watchers.add(watcher);
    return { stop: () => void line.watchers.delete(watcher) };
  }

  /** Puts an input into `state`, as its switch would. Watchers are called before it returns. */
  drive(label: string, state: LineState): void {
    const line = this.#line(label);
    requireDirection(line, 'in');
    if (line.state === state) return;
    line.state = state;
    line.sequence += 1n;
    if (this.#strikes(this.#settings.faults?.lostEdge)) {
      line.lost += 1;
      return;
    }
    const event: EdgeEvent = {
      label,
      edge: state === 'active' ? 'rising' : 'falling',
      timestampNs: this.#settings.clock.monotonicNs(),
      sequence: line.sequence,
      lost: line.lost,
    };
    line.lost = 0;
    for (const watcher of [...line.watchers]) watcher(event);
  }

  /** Drives inputs at their times from now on, until stopped. Every label is checked first. */
  play(script: readonly ScriptedInput[]): Subscription {
    for (const { label } of script) requireDirection(this.#line(label), 'in');
    const timers = script.map(({ atMs, label, state }) =>
      this.#settings.clock.after(atMs, () => this.drive(label, state)),
    );
    return {
      stop: () => {
        for (const timer of timers) timer.cancel();
      },
    };
  }

  /** Makes every operation on a line fail, until `null` mends it. */
  setFault(label: string, fault: 'hardware' | 'not-ready' | null): void {
    this.#line(label).fault = fault;
  }

  /** Returns the latest changes of outputs, at most TIMELINE_CHANGES_MAX, oldest first. */
  timeline(): readonly LineChange[] {
    return this.#timeline.slice(-TIMELINE_CHANGES_MAX);
  }

  /** Calls `listener` at every change of an output. */
  onChange(listener: (change: LineChange) => void): Subscription {
    const own = (change: LineChange) => listener(change);
    this.#listeners.add(own);
    return { stop: () => void this.#listeners.delete(own) };
  }

  #line(label: string): SimulatedLine {
    const line = this.#lines.get(label);
    if (line !== undefined) return line;
    const { name } = this.#settings.board;
    throw new GpioError('GPIO_UNDEFINED_LABEL', `board "${name}" has no line "${label}"`);
  }

  #requireHealthy({ line, fault }: SimulatedLine): void {
    const { faults } = this.#settings;
    if (fault === 'hardware' || this.#strikes(faults?.hardware)) {
      throw new GpioError('GPIO_HARDWARE', `line "${line.label}" failed (simulated fault)`);
    }
    if (fault === 'not-ready' || this.#strikes(faults?.notReady)) {
      throw new GpioError('GPIO_NOT_READY', `line "${line.label}" is not ready (simulated fault)`);
    }
  }

  #strikes(probability: number | undefined): boolean {
    // No draw without a fault configured: adding one must not shift the others' seeds.
    return (probability ?? 0) > 0 && this.#settings.random.fraction() < (probability ?? 0);
  }
}

function requireDirection({ line }: SimulatedLine, direction: 'in' | 'out'): void {
  if (line.direction === direction) return;
  throw new GpioError(
    'GPIO_MODE',
    `line "${line.label}" is an ${line.direction}put; this needs an ${direction}put`,
  );
}
