import { ProtocolError } from './protocol-error.ts';

/** Values in the lists of one message, bytes excepted: a value costs far more than its bytes. */
export const MESSAGE_VALUES_MAX = 65_536;

/**
 * A place in received bytes. Numbers are little-endian.
 * Every method throws ProtocolError `PROTOCOL_BYTES` when the bytes end too soon.
 */
export class ByteSource {
  buffer: Buffer;
  at: number;
  end: number;
  private valuesLeft = MESSAGE_VALUES_MAX;

  constructor(buffer: Buffer, start = 0, end = buffer.length) {
    this.buffer = buffer;
    this.at = start;
    this.end = end;
  }

  /** Begins another message, so that one source can serve them all. Returns itself. */
  open(message: { readonly buffer: Buffer; readonly start: number; readonly end: number }): this {
    this.buffer = message.buffer;
    this.at = message.start;
    this.end = message.end;
    this.valuesLeft = MESSAGE_VALUES_MAX;
    return this;
  }

  /** Moves on by `count` bytes and returns where they start. */
  take(count: number): number {
    const start = this.at;
    if (count > this.end - start) {
      throw new ProtocolError('PROTOCOL_BYTES', 'the message ends within a value');
    }
    this.at = start + count;
    return start;
  }

  /** Counts values that are about to be made against the message's bound. */
  charge(values: number): void {
    this.valuesLeft -= values;
    if (this.valuesLeft < 0) {
      throw new ProtocolError('PROTOCOL_BYTES', `more than ${MESSAGE_VALUES_MAX} values`);
    }
  }

  u8(): number {
    return this.buffer.readUInt8(this.take(1));
  }

  u16(): number {
    return this.buffer.readUInt16LE(this.take(2));
  }

  u32(): number {
    return this.buffer.readUInt32LE(this.take(4));
  }

  /** Requires that nothing is left. */
  finish(): void {
    if (this.at !== this.end) {
      throw new ProtocolError('PROTOCOL_BYTES', `${this.end - this.at} bytes after the value`);
    }
  }
}
