/**
 * Keeps a flood of decisions from becoming a flood of lines, without losing count. Pure: records
 * and moments in, entries out.
 * - writes to actuators are lines of their own, up to LINES_PER_SECOND_MAX an actor and second;
 * - the first denial of a kind (actor, action, resource) in a second is a line at once;
 * - all the rest is counted per kind and leaves when its window ends, with its exact count;
 * - past KINDS_MAX kinds an actor's records are counted per action, without their resources.
 */
import type { Audit, AuditRecord } from '../../runtime/ports/audit.ts';
import type { Clock, Timer } from '../../runtime/ports/clock.ts';

/** One line of the audit log: a record, and how often it happened. */
export interface AuditEntry extends AuditRecord {
  /** 1 or more. The sum over all entries is the number of records. */
  readonly count: number;
}

/** The length of a window. */
const WINDOW_MS = 1_000;
/** Lines written at once, per actor and window, beside first denials. */
export const LINES_PER_SECOND_MAX = 100;
/** Kinds counted apart, per actor and window. */
export const KINDS_MAX = 64;
/** Stands for the resources that were not counted apart. */
export const OTHER_RESOURCES = '(others)';

const ACTUATOR_ACTIONS: ReadonlySet<string> = new Set([
  'gpio.write',
  'serial.write',
  'mqtt.publish',
]);

interface Count {
  readonly record: AuditRecord;
  count: number;
}

interface ActorWindow {
  readonly startMs: number;
  lines: number;
  readonly seen: Set<string>;
  readonly counts: Map<string, Count>;
}

/** See the head of this file. */
export class AuditAggregate {
  readonly #actors = new Map<string, ActorWindow>();

  /** Takes a record; returns what is to be written now. */
  add(record: AuditRecord, nowMs: number): readonly AuditEntry[] {
    const due: AuditEntry[] = [];
    let window = this.#actors.get(record.actor);
    if (window !== undefined && nowMs - window.startMs >= WINDOW_MS) {
      due.push(...countsOf(window));
      window = undefined;
    }
    if (window === undefined) {
      window = { startMs: nowMs, lines: 0, seen: new Set(), counts: new Map() };
      this.#actors.set(record.actor, window);
    }
    if (isLine(window, record)) {
      if (record.decision !== 'deny') window.lines += 1;
      due.push({ ...record, count: 1 });
    } else {
      count(window, record);
    }
    return due;
  }

  /** Returns the counts whose window has ended. */
  flush(nowMs: number): readonly AuditEntry[] {
    return this.#end(window => nowMs - window.startMs >= WINDOW_MS);
  }

  /** Returns all counts, for the end. */
  drain(): readonly AuditEntry[] {
    return this.#end(() => true);
  }

  /** Whether counts wait for the end of their window. */
  get waiting(): boolean {
    return this.#actors.size > 0;
  }

  #end(isOver: (window: ActorWindow) => boolean): readonly AuditEntry[] {
    const due: AuditEntry[] = [];
    for (const [actor, window] of this.#actors) {
      if (!isOver(window)) continue;
      due.push(...countsOf(window));
      this.#actors.delete(actor);
    }
    return due;
  }
}

/** Returns an Audit that writes aggregated entries to `sink`, and the end of it. */
export function aggregateAudit(parts: {
  readonly clock: Clock;
  readonly sink: (entry: AuditEntry) => void;
}): Audit & { close(): void } {
  const { clock, sink } = parts;
  const aggregate = new AuditAggregate();
  let timer: Timer | null = null;
  const flush = () => {
    timer = null;
    for (const entry of aggregate.flush(clock.monotonicMs())) sink(entry);
    schedule();
  };
  const schedule = () => {
    if (timer === null && aggregate.waiting) timer = clock.after(WINDOW_MS, flush);
  };
  return {
    record: record => {
      for (const entry of aggregate.add(record, clock.monotonicMs())) sink(entry);
      schedule();
    },
    close: () => {
      timer?.cancel();
      timer = null;
      for (const entry of aggregate.drain()) sink(entry);
    },
  };
}

/** Whether the record is written at once. Events always are wanted whole, but not without end. */
function isLine(window: ActorWindow, record: AuditRecord): boolean {
  if (record.decision !== 'deny') {
    const isWanted = record.decision === 'event' || ACTUATOR_ACTIONS.has(record.action);
    return isWanted && window.lines < LINES_PER_SECOND_MAX;
  }
  const kind = kindOf(record);
  if (window.seen.has(kind) || window.seen.size >= KINDS_MAX) return false;
  window.seen.add(kind);
  return true;
}

function count(window: ActorWindow, record: AuditRecord): void {
  const kind = kindOf(record);
  const known = window.counts.get(kind);
  if (known !== undefined) {
    known.count += 1;
    return;
  }
  if (window.counts.size < KINDS_MAX) {
    window.counts.set(kind, { record, count: 1 });
    return;
  }
  const merged = { ...record, resource: OTHER_RESOURCES, grant: null, reason: 'too many kinds' };
  const mergedKind = kindOf(merged);
  const sum = window.counts.get(mergedKind);
  if (sum === undefined) window.counts.set(mergedKind, { record: merged, count: 1 });
  else sum.count += 1;
}

function countsOf(window: ActorWindow): readonly AuditEntry[] {
  return [...window.counts.values()].map(({ record, count }) => ({ ...record, count }));
}

/** Of resources only is there no end; actions and decisions are few. */
function kindOf({ action, resource, decision, grant }: AuditRecord): string {
  return `${decision} ${action} ${grant ?? ''} ${resource}`;
}
