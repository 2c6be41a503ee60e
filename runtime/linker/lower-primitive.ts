import type { PrimitiveKind } from '../base/value-type.ts';
import type { GuestMemory } from './guest-memory.ts';
import { type Lower, unfit } from './lower-form.ts';

const U64_MAX = 2n ** 64n - 1n;
const S64_MIN = -(2n ** 63n);
const S64_MAX = 2n ** 63n - 1n;

/** Returns the writers of a primitive type other than `string`. */
export function lowerPrimitive(kind: PrimitiveKind, memory: GuestMemory): Lower {
  switch (kind) {
    case 'bool':
      return {
        store: (at, value) => memory.view.setUint8(at, boolean(value)),
        flat: (flat, at, value) => {
          flat[at] = boolean(value);
        },
      };
    case 'u64':
      return wide('u64', 0n, U64_MAX, memory);
    case 's64':
      return wide('s64', S64_MIN, S64_MAX, memory);
    case 'f32':
      return {
        store: (at, value) => memory.view.setFloat32(at, float(value), true),
        flat: (flat, at, value) => {
          flat[at] = float(value);
        },
      };
    case 'f64':
      return {
        store: (at, value) => memory.view.setFloat64(at, float(value), true),
        flat: (flat, at, value) => {
          flat[at] = float(value);
        },
      };
    case 'char':
      return {
        store: (at, value) => memory.view.setUint32(at, codePoint(value), true),
        flat: (flat, at, value) => {
          flat[at] = codePoint(value);
        },
      };
    default:
      return integer(kind, memory);
  }
}

function integer(kind: PrimitiveKind, memory: GuestMemory): Lower {
  switch (kind) {
    case 'u8':
      return narrow(kind, 0, 0xff, (at, value) => memory.view.setUint8(at, value));
    case 's8':
      return narrow(kind, -0x80, 0x7f, (at, value) => memory.view.setInt8(at, value));
    case 'u16':
      return narrow(kind, 0, 0xffff, (at, value) => memory.view.setUint16(at, value, true));
    case 's16':
      return narrow(kind, -0x8000, 0x7fff, (at, value) => memory.view.setInt16(at, value, true));
    case 'u32':
      return narrow(kind, 0, 0xffff_ffff, (at, value) => memory.view.setUint32(at, value, true));
    default:
      return narrow(kind, -0x8000_0000, 0x7fff_ffff, (at, value) =>
        memory.view.setInt32(at, value, true),
      );
  }
}

function narrow(
  kind: PrimitiveKind,
  min: number,
  max: number,
  write: (at: number, value: number) => void,
): Lower {
  const check = (value: unknown): number => {
    if (typeof value !== 'number' || !(value >= min && value <= max) || value % 1 !== 0) {
      throw unfit(kind);
    }
    return value;
  };
  return {
    store: (at, value) => write(at, check(value)),
    flat: (flat, at, value) => {
      flat[at] = check(value);
    },
  };
}

function wide(kind: 'u64' | 's64', min: bigint, max: bigint, memory: GuestMemory): Lower {
  const check = (value: unknown): bigint => {
    if (typeof value !== 'bigint' || value < min || value > max) throw unfit(kind);
    return value;
  };
  return {
    store: (at, value) => memory.view.setBigInt64(at, BigInt.asIntN(64, check(value)), true),
    flat: (flat, at, value) => {
      flat[at] = check(value);
    },
  };
}

function boolean(value: unknown): number {
  if (typeof value !== 'boolean') throw unfit('bool');
  return value ? 1 : 0;
}

function float(value: unknown): number {
  if (typeof value !== 'number') throw unfit('float');
  return value;
}

function codePoint(value: unknown): number {
  if (typeof value !== 'string' || value.length === 0 || value.length > 2) throw unfit('char');
  const code = value.codePointAt(0) ?? 0;
  const units = code > 0xffff ? 2 : 1;
  if (units !== value.length || (code >= 0xd800 && code <= 0xdfff)) throw unfit('char');
  return code;
}
