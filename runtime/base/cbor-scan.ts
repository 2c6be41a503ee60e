import { isUtf8 } from 'node:buffer';
import { GatewayError } from './errors.ts';

/** Codes of CborError. */
export type CborErrorCode =
  | 'CBOR_TRUNCATED'
  | 'CBOR_TRAILING_BYTES'
  | 'CBOR_NOT_MINIMAL'
  | 'CBOR_INDEFINITE'
  | 'CBOR_DUPLICATE_KEY'
  | 'CBOR_KEY_ORDER'
  | 'CBOR_TAG'
  | 'CBOR_DEPTH'
  | 'CBOR_ITEMS'
  | 'CBOR_TEXT'
  | 'CBOR_VALUE'
  | 'CBOR_SHAPE';

/** Bytes that are not the deterministic CBOR we accept, or that hold something else. */
export class CborError extends GatewayError<CborErrorCode> {}

/** What a document may hold beyond plain items. */
export interface CborLimits {
  /** Tag numbers that may appear. */
  readonly tags: readonly number[];
  /** Nested arrays, maps and tags; the outermost counts 1. */
  readonly depthMax: number;
  /** Data items of all kinds in the document. */
  readonly itemsMax: number;
}

/** No tags, 16 levels, 65,536 items. */
export const DEFAULT_CBOR_LIMITS: CborLimits = { tags: [], depthMax: 16, itemsMax: 65_536 };

const MAJOR = { unsigned: 0, negative: 1, bytes: 2, text: 3, array: 4, map: 5, tag: 6 } as const;
const SIMPLE_FALSE = 0xf4;
const SIMPLE_NULL = 0xf6;

/**
 * Checks that `bytes` hold exactly one item in core deterministic encoding (RFC 8949 4.2.1):
 * shortest lengths and integers, definite lengths, map keys in ascending order without duplicates,
 * well-formed UTF-8, nothing behind it. Floating-point numbers, `undefined` and other simple values
 * are outside our subset. Allocates nothing that depends on a declared length.
 * @throws CborError
 */
export function scanCbor(bytes: Uint8Array, limits: CborLimits = DEFAULT_CBOR_LIMITS): void {
  const scan = new Scan(bytes, limits);
  const end = scan.item(0, 0);
  if (end !== bytes.length) {
    throw new CborError('CBOR_TRAILING_BYTES', `${bytes.length - end} bytes follow the item`);
  }
}

/** The head of an item: its major type, its argument, and where its content begins. */
interface Head {
  readonly major: number;
  readonly argument: number;
  readonly next: number;
}

class Scan {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #limits: CborLimits;
  #items = 0;

  constructor(bytes: Uint8Array, limits: CborLimits) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#limits = limits;
  }

  /** Checks the item at `at` and returns the offset behind it. */
  item(at: number, depth: number): number {
    this.#items += 1;
    if (this.#items > this.#limits.itemsMax) {
      throw new CborError('CBOR_ITEMS', `more than ${this.#limits.itemsMax} items`);
    }
    const initial = this.#byte(at);
    if (initial >= 0xe0) return simple(initial, at);
    const head = this.#head(initial, at);
    switch (head.major) {
      case MAJOR.unsigned:
        return head.next;
      case MAJOR.negative:
        // cbor-x writes the last of those below -2^63 with a tag; nobody needs them.
        if (head.next - at < 9 || this.#byte(at + 1) < 0x80) return head.next;
        throw new CborError('CBOR_VALUE', `the integer at ${at} is below -2^63`);
      case MAJOR.bytes:
        return this.#content(head, at);
      case MAJOR.text:
        return this.#text(head, at);
      default:
        return this.#nested(head, at, depth + 1);
    }
  }

  #nested(head: Head, at: number, depth: number): number {
    if (depth > this.#limits.depthMax) {
      throw new CborError('CBOR_DEPTH', `nested deeper than ${this.#limits.depthMax} at ${at}`);
    }
    if (head.major === MAJOR.tag) {
      if (!this.#limits.tags.includes(head.argument)) {
        throw new CborError('CBOR_TAG', `tag ${head.argument} at ${at} is not allowed here`);
      }
      return this.item(head.next, depth);
    }
    const perEntry = head.major === MAJOR.map ? 2 : 1;
    if (head.argument > (this.#bytes.length - head.next) / perEntry) throw truncated(at);
    if (head.major === MAJOR.map) return this.#map(head, depth);
    let next = head.next;
    for (let index = 0; index < head.argument; index += 1) next = this.item(next, depth);
    return next;
  }

  #map(head: Head, depth: number): number {
    let next = head.next;
    let previous: Uint8Array | null = null;
    for (let index = 0; index < head.argument; index += 1) {
      const keyAt = next;
      next = this.item(keyAt, depth);
      const key = this.#bytes.subarray(keyAt, next);
      if (previous !== null) requireAscending(previous, key, keyAt);
      previous = key;
      next = this.item(next, depth);
    }
    return next;
  }

  #text(head: Head, at: number): number {
    const end = this.#content(head, at);
    if (!isUtf8(this.#bytes.subarray(head.next, end))) {
      throw new CborError('CBOR_TEXT', `text at ${at} is not UTF-8`);
    }
    return end;
  }

  #content(head: Head, at: number): number {
    if (head.argument > this.#bytes.length - head.next) throw truncated(at);
    return head.next + head.argument;
  }

  #head(initial: number, at: number): Head {
    const major = initial >> 5;
    const info = initial & 0x1f;
    if (info < 24) return { major, argument: info, next: at + 1 };
    if (info === 31) throw new CborError('CBOR_INDEFINITE', `indefinite length at ${at}`);
    if (info > 27) throw new CborError('CBOR_VALUE', `reserved length at ${at}`);
    const width = 1 << (info - 24);
    if (at + 1 + width > this.#bytes.length) throw truncated(at);
    const argument = this.#argument(at + 1, width);
    // The smallest argument that needs `width` bytes; what a shorter form can hold is refused.
    const smallest = width === 1 ? 24 : 2 ** (width * 4);
    if (argument < smallest) {
      throw new CborError('CBOR_NOT_MINIMAL', `a shorter form exists for the number at ${at}`);
    }
    return { major, argument, next: at + 1 + width };
  }

  #argument(at: number, width: number): number {
    switch (width) {
      case 1:
        return this.#view.getUint8(at);
      case 2:
        return this.#view.getUint16(at);
      case 4:
        return this.#view.getUint32(at);
      default:
        // May round; exact enough to compare with a length and with 2^32.
        return this.#view.getUint32(at) * 2 ** 32 + this.#view.getUint32(at + 4);
    }
  }

  #byte(at: number): number {
    const byte = this.#bytes[at];
    if (byte === undefined) throw truncated(at);
    return byte;
  }
}

function simple(initial: number, at: number): number {
  if (initial >= SIMPLE_FALSE && initial <= SIMPLE_NULL) return at + 1;
  throw new CborError(
    initial === 0xff ? 'CBOR_INDEFINITE' : 'CBOR_VALUE',
    `byte 0x${initial.toString(16)} at ${at}: of the simple values only false, true and null`,
  );
}

function requireAscending(previous: Uint8Array, key: Uint8Array, at: number): void {
  const order = Buffer.compare(previous, key);
  if (order === 0) throw new CborError('CBOR_DUPLICATE_KEY', `the map key at ${at} comes twice`);
  if (order > 0) throw new CborError('CBOR_KEY_ORDER', `the map key at ${at} is out of order`);
}

function truncated(at: number): CborError {
  return new CborError('CBOR_TRUNCATED', `the item at ${at} is longer than the input`);
}
