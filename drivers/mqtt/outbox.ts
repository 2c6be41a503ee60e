/** A message on its way out. */
export interface OutboxMessage {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: 0 | 1;
  readonly retain: boolean;
}

/** A message with its number: 1 for the first, rising by 1. */
export interface OutboxEntry extends OutboxMessage {
  readonly sequence: bigint;
}

/** Bounds of an outbox. */
export interface OutboxLimits {
  readonly messagesMax: number;
  /** Payload and topic bytes of all messages. */
  readonly bytesMax: number;
}

/** Messages accepted and not yet delivered, in order. */
export interface Outbox {
  /** Takes a message and returns its number, or null when it is full of what must be kept. */
  append(message: OutboxMessage): bigint | null;
  /** Returns the first entry after number `sequence`, or null. */
  after(sequence: bigint): OutboxEntry | null;
  /** Forgets an entry: it was delivered, or it is QoS 0 and was sent. */
  remove(sequence: bigint): void;
  readonly count: number;
  readonly bytes: number;
  /** QoS 0 messages that gave way to others since the start. */
  readonly dropped: number;
}

/**
 * An outbox in memory. When it is full, the oldest QoS 0 messages give way; QoS 1 messages never
 * do, and once they fill it, it takes nothing.
 */
export class MemoryOutbox implements Outbox {
  readonly #limits: OutboxLimits;
  // A Map keeps the order of insertion, which is the order of numbers.
  readonly #entries = new Map<bigint, OutboxEntry>();
  #last = 0n;
  #bytes = 0;
  #dropped = 0;

  constructor(limits: OutboxLimits) {
    this.#limits = limits;
  }

  get count(): number {
    return this.#entries.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get dropped(): number {
    return this.#dropped;
  }

  append(message: OutboxMessage): bigint | null {
    const size = sizeOf(message);
    if (!this.#makeRoom(size)) return null;
    this.#last += 1n;
    this.#entries.set(this.#last, {
      sequence: this.#last,
      topic: message.topic,
      payload: message.payload.slice(),
      qos: message.qos,
      retain: message.retain,
    });
    this.#bytes += size;
    return this.#last;
  }

  after(sequence: bigint): OutboxEntry | null {
    // Numbers have gaps only where an entry was removed, at most as many as were ever in flight,
    // so the walk from the oldest is short: sent QoS 1 messages, a window of them.
    for (const entry of this.#entries.values()) if (entry.sequence > sequence) return entry;
    return null;
  }

  remove(sequence: bigint): void {
    const entry = this.#entries.get(sequence);
    if (entry === undefined) return;
    this.#entries.delete(sequence);
    this.#bytes -= sizeOf(entry);
  }

  #makeRoom(size: number): boolean {
    const { messagesMax, bytesMax } = this.#limits;
    const fits = () => this.#entries.size < messagesMax && this.#bytes + size <= bytesMax;
    if (fits()) return true;
    const givable = [...this.#entries.values()].filter(entry => entry.qos === 0);
    const givableBytes = givable.reduce((sum, entry) => sum + sizeOf(entry), 0);
    // All or nothing: no message is given up for one that does not fit anyway.
    const couldFit =
      this.#entries.size - givable.length < messagesMax &&
      this.#bytes - givableBytes + size <= bytesMax;
    if (!couldFit) return false;
    for (const entry of givable) {
      if (fits()) break;
      this.remove(entry.sequence);
      this.#dropped += 1;
    }
    return true;
  }
}

function sizeOf(message: OutboxMessage): number {
  return message.payload.length + Buffer.byteLength(message.topic);
}
