import { getRandomBytes } from 'wasi:random/random@0.2.0';

/**
 * Random numbers fit for cryptography. `Math.random` is not: an instance starts from a snapshot, so
 * every instance would draw the same numbers.
 */
export const random = {
  /** Returns `count` random bytes (at most 65,536). */
  bytes: (count: number): Uint8Array => getRandomBytes(count),
  /** Returns a number in [0, 1). */
  fraction(): number {
    const [a = 0, b = 0, c = 0, d = 0] = getRandomBytes(4);
    return (a * 0x1000000 + b * 0x10000 + c * 0x100 + d) / 0x100000000;
  },
} as const;
