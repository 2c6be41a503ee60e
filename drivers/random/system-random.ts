import { randomBytes } from 'node:crypto';
import type { Random } from '../../runtime/ports/random.ts';

/** Returns the operating system's random numbers, fit for cryptography. */
export function createSystemRandom(): Random {
  return {
    bytes: count => new Uint8Array(randomBytes(count)),
    // 48 bits: all of them fit into a double's fraction.
    fraction: () => randomBytes(6).readUIntBE(0, 6) / 2 ** 48,
  };
}
