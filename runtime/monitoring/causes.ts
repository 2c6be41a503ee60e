/** What happened that somebody will ask about. */
export type CauseKind = 'denial' | 'restart' | 'quarantine' | 'rollback' | 'refusal' | 'stop';

/** Something to be remembered. */
export interface CauseEntry {
  readonly kind: CauseKind;
  /** `controller/NAME`, or `release/NAME@VERSION`. */
  readonly subject: string;
  /** What happened, in one sentence. */
  readonly what: string;
  /** What led to it, the nearest first. */
  readonly causedBy: readonly string[];
  /** The line or command that would allow or fix it, exactly; null when none is known. */
  readonly fix: string | null;
}

/** A remembered cause. */
export interface Cause extends CauseEntry {
  readonly sequence: number;
  readonly firstWallMs: number;
  readonly lastWallMs: number;
  /** How often the same happened in a row. */
  readonly times: number;
}

/** Bounds of the record. */
export interface CausesBounds {
  readonly subjectsMax: number;
  /** Of each subject the newest are kept, and of each kind at least the last. */
  readonly perSubjectMax: number;
}

const TEXT_CHARS_MAX = 512;
const CHAIN_MAX = 8;

/** The record behind `why`: bounded, newest last, the same thing repeated is one entry. */
export class Causes {
  readonly #bounds: CausesBounds;
  /** In order of their last entry; the one that was quiet for longest goes first. */
  readonly #bySubject = new Map<string, Cause[]>();
  #sequence = 0;

  constructor(bounds: CausesBounds) {
    this.#bounds = bounds;
  }

  /** Remembers what happened at `wallMs`. */
  record(entry: CauseEntry, wallMs: number): void {
    this.#sequence += 1;
    const bounded = bound(entry);
    const known = this.#bySubject.get(bounded.subject) ?? [];
    const same = known.find(cause => isSame(cause, bounded));
    const cause: Cause = {
      ...bounded,
      sequence: this.#sequence,
      firstWallMs: same?.firstWallMs ?? wallMs,
      lastWallMs: wallMs,
      times: (same?.times ?? 0) + 1,
    };
    const rest = known.filter(other => other !== same);
    this.#bySubject.delete(bounded.subject);
    this.#bySubject.set(bounded.subject, this.#trim([...rest, cause]));
    for (const subject of this.#bySubject.keys()) {
      if (this.#bySubject.size <= this.#bounds.subjectsMax) break;
      this.#bySubject.delete(subject);
    }
  }

  /**
   * Returns what is known about a controller or a release, newest first; about everything when
   * `name` is null. `name` is a controller's name, a release's name, or NAME@VERSION.
   */
  why(name: string | null, countMax: number): readonly Cause[] {
    return [...this.#bySubject.entries()]
      .filter(([subject]) => name === null || isAbout(subject, name))
      .flatMap(([, causes]) => causes)
      .sort((a, b) => b.sequence - a.sequence)
      .slice(0, countMax);
  }

  /** Drops the oldest entry that is not the last of its kind, as long as there are too many. */
  #trim(causes: readonly Cause[]): Cause[] {
    const kept = [...causes];
    while (kept.length > this.#bounds.perSubjectMax) {
      const spare = kept.findIndex((cause, at) =>
        kept.slice(at + 1).some(later => later.kind === cause.kind),
      );
      kept.splice(Math.max(0, spare), 1);
    }
    return kept;
  }
}

function isSame(cause: Cause, entry: CauseEntry): boolean {
  return (
    cause.kind === entry.kind &&
    cause.what === entry.what &&
    cause.fix === entry.fix &&
    cause.causedBy.join('\n') === entry.causedBy.join('\n')
  );
}

function isAbout(subject: string, name: string): boolean {
  const bare = subject.slice(subject.indexOf('/') + 1);
  return subject === name || bare === name || bare.startsWith(`${name}@`);
}

function bound(entry: CauseEntry): CauseEntry {
  return {
    kind: entry.kind,
    subject: oneLine(entry.subject),
    what: oneLine(entry.what),
    causedBy: entry.causedBy.slice(0, CHAIN_MAX).map(oneLine),
    fix: entry.fix === null ? null : oneLine(entry.fix),
  };
}

function oneLine(text: string): string {
  return text
    .slice(0, TEXT_CHARS_MAX)
    .replace(/\p{Cc}+/gu, ' ')
    .toWellFormed();
}
