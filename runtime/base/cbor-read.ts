import { CborError } from './cbor-scan.ts';

/**
 * Typed reading of decoded CBOR. Each function returns the value as the type it names, or throws
 * CborError `CBOR_SHAPE` whose message begins with `path`.
 */

/** Returns a map that has all of `required`, and beside them only keys of `optional`. */
export function readMap(
  value: unknown,
  path: string,
  required: readonly number[],
  optional: readonly number[] = [],
): ReadonlyMap<unknown, unknown> {
  if (!(value instanceof Map)) throw shape(path, 'a map is expected');
  for (const key of required) {
    if (!value.has(key)) throw shape(path, `key ${key} is missing`);
  }
  for (const key of value.keys()) {
    if (!required.includes(key) && !optional.includes(key)) {
      throw shape(path, `key ${describe(key)} is not known here`);
    }
  }
  return value;
}

/** Returns an array of `lengthMin` to `lengthMax` items. */
export function readArray(
  value: unknown,
  path: string,
  lengthMin: number,
  lengthMax: number,
): readonly unknown[] {
  if (!Array.isArray(value)) throw shape(path, 'an array is expected');
  requireLength(value.length, path, lengthMin, lengthMax, 'items');
  return value;
}

/** Returns a byte string of `bytesMin` to `bytesMax` bytes, a view of the input. */
export function readBytes(
  value: unknown,
  path: string,
  bytesMin: number,
  bytesMax: number,
): Uint8Array {
  if (!(value instanceof Uint8Array)) throw shape(path, 'a byte string is expected');
  requireLength(value.length, path, bytesMin, bytesMax, 'bytes');
  return value;
}

/** Returns a text of at most `charactersMax` UTF-16 units. */
export function readText(value: unknown, path: string, charactersMax: number): string {
  if (typeof value !== 'string') throw shape(path, 'a text is expected');
  requireLength(value.length, path, 0, charactersMax, 'characters');
  return value;
}

/** Returns an integer between `min` and `max`, both safe. */
export function readInteger(value: unknown, path: string, min: number, max: number): number {
  const number = typeof value === 'bigint' ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isSafeInteger(number)) {
    throw shape(path, 'an integer is expected');
  }
  if (number < min || number > max) throw shape(path, `${number} is not in ${min} to ${max}`);
  return number;
}

/** Returns a boolean. */
export function readBoolean(value: unknown, path: string): boolean {
  if (typeof value !== 'boolean') throw shape(path, 'true or false is expected');
  return value;
}

/** Returns a short printable form of a map key. */
function describe(key: unknown): string {
  return typeof key === 'string' ? JSON.stringify(key.slice(0, 40)) : String(key).slice(0, 40);
}

function requireLength(length: number, path: string, min: number, max: number, unit: string): void {
  if (length >= min && length <= max) return;
  const allowed = min === max ? `${min}` : `${min} to ${max}`;
  throw shape(path, `${length} ${unit}, where ${allowed} are allowed`);
}

function shape(path: string, problem: string): CborError {
  return new CborError('CBOR_SHAPE', `${path}: ${problem}`);
}
