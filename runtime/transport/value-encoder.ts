import { camelCase, type NamedType, type ValueType } from '../base/value-type.ts';
import type { ByteSink } from './byte-sink.ts';
import { ProtocolError } from './protocol-error.ts';
import { writeText } from './text.ts';

/** Writes a value of one type. Throws ProtocolError `PROTOCOL_VALUE` when it is of another. */
export type Encoder = (value: unknown, sink: ByteSink) => void;

/** Returns the encoder of a type. value-decoder.ts names the encoding of each type. */
export function compileEncoder(type: ValueType): Encoder {
  switch (type.kind) {
    case 'bool':
      return (value, sink) => sink.u8(boolean(value) ? 1 : 0);
    case 'u8':
      return (value, sink) => sink.u8(integer(value, 0, 0xff));
    case 's8':
      return (value, sink) => sink.u8(integer(value, -0x80, 0x7f));
    case 'u16':
      return (value, sink) => sink.u16(integer(value, 0, 0xffff));
    case 's16':
      return (value, sink) => sink.u16(integer(value, -0x8000, 0x7fff));
    case 's32':
      return (value, sink) => sink.u32(integer(value, -0x8000_0000, 0x7fff_ffff));
    case 'u32':
    case 'own':
    case 'borrow':
      return (value, sink) => sink.u32(integer(value, 0, 0xffff_ffff));
    case 'u64':
      return encodeU64;
    case 's64':
      return encodeS64;
    case 'f32':
      return encodeF32;
    case 'f64':
      return encodeF64;
    case 'char':
      return encodeChar;
    case 'string':
      return encodeString;
    case 'list':
      return type.element.kind === 'u8' ? encodeBytes : listEncoder(type.element);
    case 'record':
      return recordEncoder(type.fields);
    case 'tuple':
      return tupleEncoder(type.items);
    case 'variant':
      return taggedEncoder(type.cases.map(({ name, type: payload }) => [name, payload]));
    case 'result':
      return taggedEncoder([
        ['ok', type.ok],
        ['err', type.err],
      ]);
    case 'option':
      return optionEncoder(type.value);
    case 'enum':
      return enumEncoder(type.names);
    case 'flags':
      return flagsEncoder(type.names);
  }
}

/** Returns the encoder of values in sequence, given as an array of exactly that length. */
export function tupleEncoder(items: readonly ValueType[]): Encoder {
  const encoders = items.map(compileEncoder);
  return (value, sink) => {
    const array = arrayOf(value);
    if (array.length !== encoders.length) mismatch(`${encoders.length} values`, value);
    for (let index = 0; index < encoders.length; index++) encoders[index]?.(array[index], sink);
  };
}

/** Bytes that number the cases of a type with `count` of them. */
export function discriminantBytes(count: number): 1 | 2 {
  return count <= 256 ? 1 : 2;
}

function mismatch(wanted: string, value: unknown): never {
  const got = value === null ? 'null' : Array.isArray(value) ? 'an array' : typeof value;
  throw new ProtocolError('PROTOCOL_VALUE', `wanted ${wanted}, got ${got}`);
}

function boolean(value: unknown): boolean {
  return typeof value === 'boolean' ? value : mismatch('a boolean', value);
}

function integer(value: unknown, min: number, max: number): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) {
    return value;
  }
  return mismatch(`an integer from ${min} to ${max}`, value);
}

function arrayOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : mismatch('an array', value);
}

function property(value: unknown, name: string): unknown {
  return isObject(value) ? value[name] : mismatch('an object', value);
}

/** Whether a value's properties may be read. */
function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function encodeU64(value: unknown, sink: ByteSink): void {
  if (typeof value !== 'bigint' || BigInt.asUintN(64, value) !== value) mismatch('a u64', value);
  const at = sink.take(8);
  sink.buffer.writeBigUInt64LE(value, at);
}

function encodeS64(value: unknown, sink: ByteSink): void {
  if (typeof value !== 'bigint' || BigInt.asIntN(64, value) !== value) mismatch('an s64', value);
  const at = sink.take(8);
  sink.buffer.writeBigInt64LE(value, at);
}

function encodeF32(value: unknown, sink: ByteSink): void {
  if (typeof value !== 'number') mismatch('a number', value);
  const at = sink.take(4);
  sink.buffer.writeFloatLE(value, at);
}

function encodeF64(value: unknown, sink: ByteSink): void {
  if (typeof value !== 'number') mismatch('a number', value);
  const at = sink.take(8);
  sink.buffer.writeDoubleLE(value, at);
}

function encodeChar(value: unknown, sink: ByteSink): void {
  const scalar = typeof value === 'string' ? value.codePointAt(0) : undefined;
  const isScalar = scalar !== undefined && (scalar < 0xd800 || scalar > 0xdfff);
  if (!isScalar || String.fromCodePoint(scalar) !== value) mismatch('one character', value);
  sink.u32(scalar);
}

function encodeString(value: unknown, sink: ByteSink): void {
  if (typeof value !== 'string') mismatch('a string', value);
  writeText(sink, value);
}

function encodeBytes(value: unknown, sink: ByteSink): void {
  if (!(value instanceof Uint8Array)) mismatch('bytes', value);
  sink.u32(value.length);
  sink.bytes(value);
}

function listEncoder(element: ValueType): Encoder {
  const encode = compileEncoder(element);
  return (value, sink) => {
    const array = arrayOf(value);
    sink.charge(array.length);
    sink.u32(array.length);
    for (const item of array) encode(item, sink);
  };
}

function recordEncoder(fields: readonly NamedType[]): Encoder {
  const parts = fields.map(({ name, type }) => ({
    name: camelCase(name),
    encode: compileEncoder(type),
  }));
  return (value, sink) => {
    for (const { name, encode } of parts) encode(property(value, name), sink);
  };
}

function taggedEncoder(
  cases: readonly (readonly [name: string, type: ValueType | null])[],
): Encoder {
  const wide = discriminantBytes(cases.length) === 2;
  const byName = new Map(
    cases.map(([name, type], index) => {
      return [name, { index, encode: type === null ? null : compileEncoder(type) }];
    }),
  );
  return (value, sink) => {
    const tag = property(value, 'tag');
    const found = typeof tag === 'string' ? byName.get(tag) : undefined;
    if (found === undefined) return mismatch('a tag of the type', tag);
    if (wide) sink.u16(found.index);
    else sink.u8(found.index);
    if (found.encode !== null) found.encode(property(value, 'val'), sink);
  };
}

function optionEncoder(inner: ValueType): Encoder {
  if (inner.kind === 'option') {
    return taggedEncoder([
      ['none', null],
      ['some', inner],
    ]);
  }
  const encode = compileEncoder(inner);
  return (value, sink) => {
    sink.u8(value === undefined ? 0 : 1);
    if (value !== undefined) encode(value, sink);
  };
}

function enumEncoder(names: readonly string[]): Encoder {
  const wide = discriminantBytes(names.length) === 2;
  const byName = new Map(names.map((name, index) => [name, index]));
  return (value, sink) => {
    const index = typeof value === 'string' ? byName.get(value) : undefined;
    if (index === undefined) return mismatch('a name of the enum', value);
    if (wide) sink.u16(index);
    else sink.u8(index);
  };
}

function flagsEncoder(names: readonly string[]): Encoder {
  const keys = names.map(camelCase);
  const byteCount = Math.ceil(keys.length / 8);
  return (value, sink) => {
    const at = sink.take(byteCount);
    sink.buffer.fill(0, at, at + byteCount);
    for (const [index, key] of keys.entries()) {
      const place = at + (index >> 3);
      const bit = boolean(property(value, key) ?? false) ? 1 << (index & 7) : 0;
      sink.buffer[place] = (sink.buffer[place] ?? 0) | bit;
    }
  };
}
