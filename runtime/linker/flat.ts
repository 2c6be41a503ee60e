import type { Flat } from './store.ts';

/**
 * Converts a core value between a case's own core type and the one that joins all cases
 * (`CanonicalABI.md`, "Flattening"): bits stay the same, what is too narrow is filled with zeros.
 */
export function coerceFlat(value: Flat, from: string, to: string): Flat {
  if (from === to) return value;
  const scratch = new DataView(new ArrayBuffer(8));
  const bits = toBits(value, from, scratch);
  switch (to) {
    case 'i':
      return Number(BigInt.asIntN(32, bits));
    case 'I':
      return BigInt.asIntN(64, bits);
    case 'f':
      scratch.setUint32(0, Number(BigInt.asUintN(32, bits)));
      return scratch.getFloat32(0);
    default:
      scratch.setBigUint64(0, BigInt.asUintN(64, bits));
      return scratch.getFloat64(0);
  }
}

function toBits(value: Flat, from: string, scratch: DataView): bigint {
  switch (from) {
    case 'f':
      scratch.setFloat32(0, Number(value));
      return BigInt(scratch.getUint32(0));
    case 'F':
      scratch.setFloat64(0, Number(value));
      return scratch.getBigUint64(0);
    case 'i':
      return BigInt.asUintN(32, BigInt(value));
    default:
      return BigInt.asUintN(64, BigInt(value));
  }
}

/** Returns the zero of a core type. */
export function zeroOf(letter: string | undefined): Flat {
  return letter === 'I' ? 0n : 0;
}

/** Whether a number is a Unicode scalar value, which is what a `char` holds. */
export function isScalar(code: number): boolean {
  return code <= 0x10_ffff && (code < 0xd800 || code > 0xdfff);
}
