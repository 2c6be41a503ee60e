import { MESSAGE_VALUES_MAX } from './byte-source.ts';
import { ProtocolError } from './protocol-error.ts';

const BYTES_START = 1_024;

/**
 * A growing, bounded buffer to write to. Numbers are little-endian.
 * Every method throws ProtocolError `PROTOCOL_VALUE` when the bound is reached.
 */
export class ByteSink {
  buffer: Buffer;
  /** Bytes written so far. */
  at = 0;
  private readonly bytesMax: number;
  private valuesLeft = MESSAGE_VALUES_MAX;

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax;
    this.buffer = Buffer.allocUnsafeSlow(Math.min(BYTES_START, bytesMax));
  }

  /** Makes room for `count` bytes, moves on by them and returns where they start. */
  take(count: number): number {
    const start = this.at;
    const end = start + count;
    if (end > this.buffer.length) this.grow(end);
    this.at = end;
    return start;
  }

  /** Begins to count the values of another message. */
  beginValues(): void {
    this.valuesLeft = MESSAGE_VALUES_MAX;
  }

  /** Counts values that are about to be written, as the reader of the message will. */
  charge(values: number): void {
    this.valuesLeft -= values;
    if (this.valuesLeft < 0) {
      throw new ProtocolError('PROTOCOL_VALUE', `more than ${MESSAGE_VALUES_MAX} values`);
    }
  }

  u8(value: number): void {
    const at = this.take(1);
    this.buffer[at] = value;
  }

  u16(value: number): void {
    const at = this.take(2);
    this.buffer[at] = value;
    this.buffer[at + 1] = value >>> 8;
  }

  u32(value: number): void {
    const at = this.take(4);
    writeU32(this.buffer, at, value);
  }

  bytes(source: Uint8Array): void {
    const at = this.take(source.length);
    this.buffer.set(source, at);
  }

  /** The bytes written so far: a view that the next write may change. */
  written(): Buffer {
    return this.buffer.subarray(0, this.at);
  }

  /** Forgets what was written; keeps a buffer that is not too large to keep. */
  reset(keepBytesMax: number): void {
    this.at = 0;
    if (this.buffer.length > keepBytesMax) this.buffer = Buffer.allocUnsafeSlow(BYTES_START);
  }

  private grow(needed: number): void {
    if (needed > this.bytesMax) {
      throw new ProtocolError('PROTOCOL_VALUE', `more than ${this.bytesMax} bytes`);
    }
    const size = Math.min(this.bytesMax, Math.max(needed, this.buffer.length * 2));
    const larger = Buffer.allocUnsafeSlow(size);
    this.buffer.copy(larger, 0, 0, this.at);
    this.buffer = larger;
  }
}

/** Writes a 32-bit number, little-endian, at a place that exists. */
export function writeU32(buffer: Buffer, at: number, value: number): void {
  buffer[at] = value;
  buffer[at + 1] = value >>> 8;
  buffer[at + 2] = value >>> 16;
  buffer[at + 3] = value >>> 24;
}
