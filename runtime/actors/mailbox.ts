/** Bounds of a mailbox and what happens at them (`MailboxSpec` of a release has this shape). */
export interface MailboxBounds {
  readonly messagesMax: number;
  readonly bytesMax: number;
  readonly overflow: 'drop-oldest' | 'drop-newest';
}

/** Figures of a mailbox since its creation. `accepted` equals taken + dropped oldest + waiting. */
export interface MailboxCounters {
  readonly accepted: number;
  readonly taken: number;
  /** Accepted once, then pushed out by newer messages. */
  readonly droppedOldest: number;
  /** Refused because the mailbox was full. */
  readonly droppedNewest: number;
  /** Refused because one message alone exceeds `bytesMax`. */
  readonly droppedOversize: number;
}

/** Whether a message was accepted, and which older ones made room for it, oldest first. */
export interface PushResult<T> {
  readonly accepted: boolean;
  readonly droppedOldest: readonly T[];
}

/** Taken entries are cut off once they are this many, and half of the array. */
const COMPACT_AFTER_ENTRIES = 64;

/** A queue in order of arrival, bounded by count and bytes. Drops are counted, never silent. */
export class Mailbox<T> {
  readonly #bounds: MailboxBounds;
  #entries: { readonly message: T; readonly bytes: number }[] = [];
  #head = 0;
  #bytes = 0;
  #accepted = 0;
  #taken = 0;
  #droppedOldest = 0;
  #droppedNewest = 0;
  #droppedOversize = 0;

  constructor(bounds: MailboxBounds) {
    this.#bounds = bounds;
  }

  /** Messages that wait. */
  get size(): number {
    return this.#entries.length - this.#head;
  }

  /** Bytes that wait, as named at `push`. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Adds a message of `bytes` bytes, or drops by the bounds' rule. */
  push(message: T, bytes: number): PushResult<T> {
    const { messagesMax, bytesMax, overflow } = this.#bounds;
    if (bytes > bytesMax || messagesMax < 1) {
      this.#droppedOversize += 1;
      return { accepted: false, droppedOldest: [] };
    }
    const droppedOldest: T[] = [];
    while (this.size >= messagesMax || this.#bytes + bytes > bytesMax) {
      if (overflow === 'drop-newest') {
        this.#droppedNewest += 1;
        return { accepted: false, droppedOldest: [] };
      }
      const oldest = this.#removeFirst();
      if (oldest !== undefined) droppedOldest.push(oldest.message);
    }
    this.#droppedOldest += droppedOldest.length;
    this.#entries.push({ message, bytes });
    this.#bytes += bytes;
    this.#accepted += 1;
    return { accepted: true, droppedOldest };
  }

  /** Removes and returns the oldest message, or undefined when none waits. */
  take(): T | undefined {
    const entry = this.#removeFirst();
    if (entry === undefined) return undefined;
    this.#taken += 1;
    return entry.message;
  }

  counters(): MailboxCounters {
    return {
      accepted: this.#accepted,
      taken: this.#taken,
      droppedOldest: this.#droppedOldest,
      droppedNewest: this.#droppedNewest,
      droppedOversize: this.#droppedOversize,
    };
  }

  #removeFirst(): { readonly message: T; readonly bytes: number } | undefined {
    const entry = this.#entries[this.#head];
    if (entry === undefined) return undefined;
    this.#head += 1;
    this.#bytes -= entry.bytes;
    if (this.#head === this.#entries.length) {
      this.#entries = [];
      this.#head = 0;
    } else if (this.#head >= COMPACT_AFTER_ENTRIES && this.#head * 2 >= this.#entries.length) {
      this.#entries = this.#entries.slice(this.#head);
      this.#head = 0;
    }
    return entry;
  }
}
