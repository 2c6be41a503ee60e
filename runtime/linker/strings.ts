import { abiTrap, Trap } from './errors.ts';
import type { CanonContext } from './guest-memory.ts';
import type { StringEncoding } from './plan.ts';

/** Up to here a loop beats a native call. */
const LOOP_BYTES_MAX = 12;
/** Up to here an ASCII scan and a latin1 slice beat the decoder. */
const SCAN_BYTES_MAX = 64;
/** Marks UTF-16 in the length of a `latin1+utf16` string. */
const UTF16_TAG = 0x8000_0000;

/** Reads a string of the guest; `length` is in the encoding's own units. */
export type LiftString = (at: number, length: number) => string;
/** Writes a string into memory that the guest allocates. The length is left in `written`. */
export type LowerString = (text: string) => number;

/** Reads and writes strings in one encoding. */
export interface StringCodec {
  readonly encoding: StringEncoding;
  readonly lift: LiftString;
  /** Returns the address; `length` holds the length until the next call. */
  readonly lower: LowerString;
  length: number;
}

/** Returns the codec of an encoding for one guest memory. */
export function stringCodec(encoding: StringEncoding, context: CanonContext): StringCodec {
  switch (encoding) {
    case 'utf8':
      return new Utf8(context);
    case 'utf16':
      return new Utf16(context);
    case 'latin1+utf16':
      return new Latin1OrUtf16(context);
  }
}

class Utf8 implements StringCodec {
  readonly encoding = 'utf8';
  length = 0;
  readonly #context: CanonContext;
  readonly #decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

  constructor(context: CanonContext) {
    this.#context = context;
  }

  readonly lift = (at: number, length: number): string => {
    const { memory } = this.#context;
    memory.require(at, length, 1);
    this.#context.requireValueSize(length);
    this.#context.store.charge(length);
    const { bytes } = memory;
    const end = at + length;
    if (length <= SCAN_BYTES_MAX) {
      let seen = 0;
      for (let place = at; place < end; place += 1) seen |= bytes[place] ?? 0;
      if (seen < 0x80) {
        if (length > LOOP_BYTES_MAX) return memory.buffer.latin1Slice(at, end);
        let text = '';
        for (let place = at; place < end; place += 1) {
          text += String.fromCharCode(bytes[place] ?? 0);
        }
        return text;
      }
    }
    try {
      return this.#decoder.decode(bytes.subarray(at, end));
    } catch (cause) {
      throw new Trap('TRAP_ABI', 'a string is not UTF-8', { cause });
    }
  };

  readonly lower = (text: string): number => {
    const context = this.#context;
    const { length } = text;
    if (length <= SCAN_BYTES_MAX && isShortAscii(text)) {
      const at = context.allocate(length, 1);
      const { bytes } = context.memory;
      for (let place = 0; place < length; place += 1) bytes[at + place] = text.charCodeAt(place);
      this.length = length;
      return at;
    }
    requireWellFormed(text);
    const size = Buffer.byteLength(text, 'utf8');
    context.requireValueSize(size);
    const at = context.allocate(size, 1);
    if (size === length) context.memory.buffer.latin1Write(text, at, size);
    else context.memory.buffer.utf8Write(text, at, size);
    this.length = size;
    return at;
  };
}

class Utf16 implements StringCodec {
  readonly encoding = 'utf16';
  length = 0;
  readonly #context: CanonContext;

  constructor(context: CanonContext) {
    this.#context = context;
  }

  readonly lift = (at: number, length: number): string => liftUtf16(this.#context, at, length);

  readonly lower = (text: string): number => {
    this.length = text.length;
    return lowerUtf16(this.#context, text);
  };
}

class Latin1OrUtf16 implements StringCodec {
  readonly encoding = 'latin1+utf16';
  length = 0;
  readonly #context: CanonContext;

  constructor(context: CanonContext) {
    this.#context = context;
  }

  readonly lift = (at: number, length: number): string => {
    const context = this.#context;
    if (length >= UTF16_TAG) return liftUtf16(context, at, length - UTF16_TAG);
    context.memory.require(at, length, 2);
    context.requireValueSize(length);
    context.store.charge(length);
    return context.memory.buffer.latin1Slice(at, at + length);
  };

  readonly lower = (text: string): number => {
    const context = this.#context;
    if (!isLatin1(text)) {
      this.length = text.length + UTF16_TAG;
      return lowerUtf16(context, text);
    }
    context.requireValueSize(text.length);
    const at = context.allocate(text.length, 2);
    context.memory.buffer.latin1Write(text, at, text.length);
    this.length = text.length;
    return at;
  };
}

function liftUtf16(context: CanonContext, at: number, length: number): string {
  const size = length * 2;
  context.memory.require(at, size, 2);
  context.requireValueSize(size);
  context.store.charge(size);
  const text = context.memory.buffer.ucs2Slice(at, at + size);
  if (!text.isWellFormed()) throw abiTrap('a string is not UTF-16');
  return text;
}

function lowerUtf16(context: CanonContext, text: string): number {
  requireWellFormed(text);
  const size = text.length * 2;
  context.requireValueSize(size);
  const at = context.allocate(size, 2);
  context.memory.buffer.ucs2Write(text, at, size);
  return at;
}

function requireWellFormed(text: string): void {
  if (!text.isWellFormed()) throw new Trap('TRAP_HOST', 'a string holds a lone surrogate');
}

function isShortAscii(text: string): boolean {
  let seen = 0;
  for (let place = 0; place < text.length; place += 1) seen |= text.charCodeAt(place);
  return seen < 0x80;
}

function isLatin1(text: string): boolean {
  for (let place = 0; place < text.length; place += 1) {
    if (text.charCodeAt(place) > 0xff) return false;
  }
  return true;
}
