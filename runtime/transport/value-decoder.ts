import { camelCase, type NamedType, type ValueType } from '../base/value-type.ts';
import type { ByteSource } from './byte-source.ts';
import { ProtocolError } from './protocol-error.ts';
import { readText } from './text.ts';
import { discriminantBytes } from './value-encoder.ts';

/** Reads a value of one type. Throws ProtocolError `PROTOCOL_BYTES`. */
export type Decoder = (source: ByteSource) => unknown;

/**
 * Returns the decoder of a type. Every value has one encoding, packed and little-endian:
 *
 * | type | bytes |
 * |---|---|
 * | bool | one, 0 or 1 |
 * | integers, floats, own, borrow | as wide as the type; resources as u32 |
 * | char | u32, a Unicode scalar value |
 * | string | u32 length in bytes, UTF-8 |
 * | list | u32 count, the elements |
 * | record, tuple | the parts in order |
 * | variant, enum, result | u8 index (u16 from 257 cases), the payload |
 * | option | u8 0 or 1, the value |
 * | flags | one bit a flag, lowest first; bits beyond them are 0 |
 */
export function compileDecoder(type: ValueType): Decoder {
  switch (type.kind) {
    case 'bool':
      return source => oneOf(source.u8(), 2) === 1;
    case 'u8':
      return source => source.u8();
    case 's8':
      return source => source.buffer.readInt8(source.take(1));
    case 'u16':
      return source => source.u16();
    case 's16':
      return source => source.buffer.readInt16LE(source.take(2));
    case 's32':
      return source => source.buffer.readInt32LE(source.take(4));
    case 'u32':
    case 'own':
    case 'borrow':
      return source => source.u32();
    case 'u64':
      return source => source.buffer.readBigUInt64LE(source.take(8));
    case 's64':
      return source => source.buffer.readBigInt64LE(source.take(8));
    case 'f32':
      return source => source.buffer.readFloatLE(source.take(4));
    case 'f64':
      return source => source.buffer.readDoubleLE(source.take(8));
    case 'char':
      return decodeChar;
    case 'string':
      return readText;
    case 'list':
      return type.element.kind === 'u8' ? decodeBytes : listDecoder(type.element);
    case 'record':
      return recordDecoder(type.fields);
    case 'tuple':
      return tupleDecoder(type.items);
    case 'variant':
      return taggedDecoder(type.cases.map(({ name, type: payload }) => [name, payload]));
    case 'result':
      return taggedDecoder([
        ['ok', type.ok],
        ['err', type.err],
      ]);
    case 'option':
      return optionDecoder(type.value);
    case 'enum':
      return enumDecoder(type.names);
    case 'flags':
      return flagsDecoder(type.names);
  }
}

/** Returns the decoder of values in sequence, as an array. */
export function tupleDecoder(items: readonly ValueType[]): (source: ByteSource) => unknown[] {
  const decoders = items.map(compileDecoder);
  return source => {
    const values: unknown[] = [];
    for (const decode of decoders) values.push(decode(source));
    return values;
  };
}

function oneOf(index: number, count: number): number {
  if (index < count) return index;
  throw new ProtocolError('PROTOCOL_BYTES', `case ${index} of ${count}`);
}

function decodeChar(source: ByteSource): string {
  const scalar = source.u32();
  if (scalar > 0x10ffff || (scalar >= 0xd800 && scalar <= 0xdfff)) {
    throw new ProtocolError('PROTOCOL_BYTES', `${scalar} is no character`);
  }
  return String.fromCodePoint(scalar);
}

function decodeBytes(source: ByteSource): Uint8Array {
  const count = source.u32();
  const start = source.take(count);
  // A copy: the received chunk is much larger and must not live as long as the value.
  const { buffer, byteOffset } = source.buffer;
  return new Uint8Array(new Uint8Array(buffer, byteOffset + start, count));
}

function listDecoder(element: ValueType): Decoder {
  const decode = compileDecoder(element);
  return source => {
    const count = source.u32();
    source.charge(count);
    const values: unknown[] = [];
    for (let index = 0; index < count; index++) values.push(decode(source));
    return values;
  };
}

function recordDecoder(fields: readonly NamedType[]): Decoder {
  const parts = fields.map(({ name, type }) => ({
    name: camelCase(name),
    decode: compileDecoder(type),
  }));
  return source => {
    const record: Record<string, unknown> = {};
    for (const { name, decode } of parts) record[name] = decode(source);
    return record;
  };
}

function taggedDecoder(
  cases: readonly (readonly [name: string, type: ValueType | null])[],
): Decoder {
  const wide = discriminantBytes(cases.length) === 2;
  const parts = cases.map(([tag, type]) => ({
    tag,
    decode: type === null ? null : compileDecoder(type),
  }));
  return source => {
    const part = parts[oneOf(wide ? source.u16() : source.u8(), parts.length)];
    if (part === undefined) throw new ProtocolError('PROTOCOL_BYTES', 'a type without cases');
    const { tag, decode } = part;
    return decode === null ? { tag } : { tag, val: decode(source) };
  };
}

function optionDecoder(inner: ValueType): Decoder {
  if (inner.kind === 'option') {
    return taggedDecoder([
      ['none', null],
      ['some', inner],
    ]);
  }
  const decode = compileDecoder(inner);
  return source => (oneOf(source.u8(), 2) === 1 ? decode(source) : undefined);
}

function enumDecoder(names: readonly string[]): Decoder {
  const wide = discriminantBytes(names.length) === 2;
  return source => names[oneOf(wide ? source.u16() : source.u8(), names.length)];
}

function flagsDecoder(names: readonly string[]): Decoder {
  const keys = names.map(camelCase);
  const byteCount = Math.ceil(keys.length / 8);
  return source => {
    const at = source.take(byteCount);
    const flags: Record<string, boolean> = {};
    for (const [index, key] of keys.entries()) {
      flags[key] = ((source.buffer[at + (index >> 3)] ?? 0) & (1 << (index & 7))) !== 0;
    }
    const spare = byteCount * 8 - keys.length;
    if (byteCount > 0 && (source.buffer[at + byteCount - 1] ?? 0) >>> (8 - spare) !== 0) {
      throw new ProtocolError('PROTOCOL_BYTES', 'a flag beyond the last');
    }
    return flags;
  };
}
