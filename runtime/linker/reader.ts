import { LinkError } from './errors.ts';

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Reads the binary format's pieces from a range of bytes. Every method throws LinkError. */
export class Reader {
  readonly bytes: Uint8Array;
  readonly end: number;
  at: number;

  constructor(bytes: Uint8Array, at = 0, end = bytes.length) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  /** Whether all bytes are read. */
  get done(): boolean {
    return this.at >= this.end;
  }

  /** Returns a LinkError `LINK_MALFORMED` at the current place. */
  malformed(message: string): LinkError {
    return new LinkError('LINK_MALFORMED', message, this.at);
  }

  byte(): number {
    const value = this.at < this.end ? this.bytes[this.at] : undefined;
    if (value === undefined) throw this.malformed('unexpected end');
    this.at += 1;
    return value;
  }

  /** Reads an unsigned LEB128 of at most 32 bits (core specification, 5.2.2). */
  u32(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte();
      if (shift === 28 && byte > 0x0f) throw this.malformed('integer over 32 bits');
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw this.malformed('integer too long');
  }

  /** Reads a signed LEB128 of at most 33 bits: a type index, or a negative type code. */
  s33(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) {
        if (shift === 28 && (byte & 0x70) !== 0 && (byte & 0x70) !== 0x70) {
          throw this.malformed('integer over 33 bits');
        }
        return (byte & 0x40) === 0 ? value : value - 2 ** (shift + 7);
      }
    }
    throw this.malformed('integer too long');
  }

  /** Reads the length of a vector. Each element takes at least a byte, so it cannot lie much. */
  count(countMax: number, what: string): number {
    const at = this.at;
    const count = this.u32();
    if (count > countMax)
      throw new LinkError('LINK_LIMIT', `${count} ${what}, over ${countMax}`, at);
    if (count > this.end - this.at) throw this.malformed(`${what} beyond the end`);
    return count;
  }

  name(bytesMax: number): string {
    const at = this.at;
    const length = this.u32();
    if (length > bytesMax) {
      throw new LinkError('LINK_LIMIT', `a name of ${length} bytes, over ${bytesMax}`, at);
    }
    const bytes = this.take(length);
    try {
      return UTF8.decode(bytes);
    } catch (cause) {
      throw new LinkError('LINK_MALFORMED', 'a name is not UTF-8', at, { cause });
    }
  }

  /** Returns a view of the next bytes and steps over them. */
  take(length: number): Uint8Array {
    if (length > this.end - this.at) throw this.malformed('unexpected end');
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  /** Returns a reader of the next `length` bytes and steps over them. */
  section(length: number): Reader {
    const start = this.at;
    this.take(length);
    return new Reader(this.bytes, start, this.at);
  }

  /** Requires that all bytes are read. */
  finish(what: string): void {
    if (this.at !== this.end) throw this.malformed(`${what} has bytes left`);
  }
}
