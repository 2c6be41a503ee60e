import { Decoder, Encoder, Tag } from 'cbor-x';
import { type CborLimits, DEFAULT_CBOR_LIMITS, scanCbor } from './cbor-scan.ts';

/** A tagged item: `tag` is its number, `value` its content. */
export { Tag as CborTag } from 'cbor-x';

/** What can be encoded. Numbers are integers; maps are written with ascending keys. */
export type CborValue =
  | number
  | bigint
  | string
  | boolean
  | null
  | Uint8Array
  | Tag
  | readonly CborValue[]
  | ReadonlyMap<number | string, CborValue>;

const OPTIONS = {
  useRecords: false,
  mapsAsObjects: false,
  variableMapSize: true,
  tagUint8Array: false,
  useTag259ForMaps: false,
} as const;

/** From here on cbor-x writes a number as a float, unless it is a bigint. */
const BIGINT_FROM = 2 ** 32;

/**
 * Returns the core deterministic encoding (RFC 8949 4.2.1) of a value: equal values, equal bytes.
 * Programmer error (RangeError) on fractions and on integers outside -2^63 to 2^64-1.
 */
export function encodeCbor(value: CborValue): Uint8Array {
  return Uint8Array.from(new Encoder(OPTIONS).encode(prepare(value)));
}

/**
 * Returns the value of one deterministically encoded item: maps as Map, byte strings as views of
 * `bytes`, integers beyond 32 bits as bigint. Scanned before anything is allocated.
 * @throws CborError
 */
export function decodeCbor(bytes: Uint8Array, limits: CborLimits = DEFAULT_CBOR_LIMITS): unknown {
  scanCbor(bytes, limits);
  return new Decoder(OPTIONS).decode(bytes);
}

function prepare(value: CborValue): unknown {
  if (typeof value === 'number') return prepareInteger(value);
  if (typeof value === 'bigint') return prepareBigint(value);
  if (value instanceof Tag) return new Tag(prepare(value.value), value.tag);
  if (value instanceof Map) return prepareMap(value);
  if (Array.isArray(value)) return value.map(prepare);
  return value;
}

function prepareInteger(value: number): number | bigint {
  if (!Number.isSafeInteger(value)) throw new RangeError(`${value} is not a safe integer`);
  const magnitude = value < 0 ? -1 - value : value;
  return magnitude < BIGINT_FROM ? value : BigInt(value);
}

function prepareBigint(value: bigint): number | bigint {
  if (value < -(2n ** 63n) || value >= 2n ** 64n) throw new RangeError(`${value}: 64 bits at most`);
  const magnitude = value < 0n ? -1n - value : value;
  return magnitude < BigInt(BIGINT_FROM) ? Number(value) : value;
}

function prepareMap(map: ReadonlyMap<number | string, CborValue>): Map<unknown, unknown> {
  const entries = [...map].map(([key, value]) => ({
    encodedKey: encodeCbor(key),
    key: prepare(key),
    value: prepare(value),
  }));
  entries.sort((a, b) => Buffer.compare(a.encodedKey, b.encodedKey));
  return new Map(entries.map(({ key, value }) => [key, value]));
}
