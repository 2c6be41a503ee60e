import type { LogLevel, LogRecord } from '../ports/log.ts';

/** A line with its place in the log; numbers are never reused, a gap means loss. */
export interface NumberedRecord extends LogRecord {
  readonly sequence: number;
}

/** Which lines are wanted. Absent means all. */
export interface LogFilter {
  /** A controller's name: what it says, and what the gateway says about it. */
  readonly controller?: string;
  readonly levelMin?: LogLevel;
  readonly sinceWallMs?: number;
  /** Only lines after this number. */
  readonly afterSequence?: number;
}

/** Bounds of the ring. */
export interface LogRingBounds {
  readonly recordsMax: number;
  readonly bytesMax: number;
}

const LEVEL_ORDER: readonly LogLevel[] = ['trace', 'debug', 'info', 'warn', 'error', 'critical'];

/** What a record costs beside its text, roughly: object, numbers, references. */
const RECORD_OVERHEAD_BYTES = 128;

/** The newest lines in memory, bounded by count and bytes, for `logs` and for bug reports. */
export class LogRing {
  readonly #bounds: LogRingBounds;
  readonly #listeners = new Set<(record: NumberedRecord) => void>();
  #records: { readonly record: NumberedRecord; readonly bytes: number }[] = [];
  #head = 0;
  #bytes = 0;
  #sequence = 0;

  constructor(bounds: LogRingBounds) {
    this.#bounds = bounds;
  }

  /** Keeps a line, forgets the oldest ones beyond the bounds, tells who follows. */
  append(record: LogRecord): NumberedRecord {
    this.#sequence += 1;
    const numbered = { ...record, sequence: this.#sequence };
    const bytes = costBytes(record);
    this.#records.push({ record: numbered, bytes });
    this.#bytes += bytes;
    while (this.size > this.#bounds.recordsMax || this.#bytes > this.#bounds.bytesMax) {
      this.#bytes -= this.#records[this.#head]?.bytes ?? 0;
      this.#head += 1;
    }
    if (this.#head > 64 && this.#head * 2 > this.#records.length) {
      this.#records = this.#records.slice(this.#head);
      this.#head = 0;
    }
    for (const listener of this.#listeners) listener(numbered);
    return numbered;
  }

  /** Lines that are kept. */
  get size(): number {
    return this.#records.length - this.#head;
  }

  /** Bytes that are kept, roughly. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Returns the newest `countMax` lines that pass the filter, oldest first. */
  query(filter: LogFilter, countMax: number): readonly NumberedRecord[] {
    const found: NumberedRecord[] = [];
    for (let at = this.#records.length - 1; at >= this.#head && found.length < countMax; at -= 1) {
      const record = this.#records[at]?.record;
      if (record === undefined) break;
      if (record.sequence <= (filter.afterSequence ?? 0)) break;
      if (matches(record, filter)) found.push(record);
    }
    return found.reverse();
  }

  /** Calls `onRecord` for each further line that passes the filter. It must not throw. */
  follow(filter: LogFilter, onRecord: (record: NumberedRecord) => void): { stop(): void } {
    const listener = (record: NumberedRecord) => {
      if (matches(record, filter)) onRecord(record);
    };
    this.#listeners.add(listener);
    return { stop: () => this.#listeners.delete(listener) };
  }
}

/** Returns whether `level` is at least as serious as `levelMin`. */
export function atLeast(level: LogLevel, levelMin: LogLevel): boolean {
  return LEVEL_ORDER.indexOf(level) >= LEVEL_ORDER.indexOf(levelMin);
}

function matches(record: NumberedRecord, filter: LogFilter): boolean {
  const { controller, levelMin, sinceWallMs, afterSequence } = filter;
  if (afterSequence !== undefined && record.sequence <= afterSequence) return false;
  if (sinceWallMs !== undefined && record.wallMs < sinceWallMs) return false;
  if (levelMin !== undefined && !atLeast(record.level, levelMin)) return false;
  if (controller === undefined) return true;
  return record.source === `controller/${controller}` || record.fields?.controller === controller;
}

function costBytes(record: LogRecord): number {
  let bytes = RECORD_OVERHEAD_BYTES + 2 * (record.message.length + record.source.length);
  for (const [key, value] of Object.entries(record.fields ?? {})) {
    bytes += 2 * (key.length + String(value).length) + 16;
  }
  return bytes;
}
