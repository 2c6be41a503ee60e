import type { Random } from '../../runtime/ports/random.ts';

/** Words thrown away after seeding, until near seeds give unrelated numbers. */
const WARM_UP_WORDS = 16;

/** Returns numbers that repeat exactly for the same `seed` (any number). Not for keys. */
export function createSeededRandom(seed: number): Random {
  const nextWord = smallFastCounter(seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0);
  for (let i = 0; i < WARM_UP_WORDS; i += 1) nextWord();
  return {
    bytes: count => Uint8Array.from({ length: count }, () => nextWord() & 0xff),
    fraction: () => nextWord() / 2 ** 32,
  };
}

/** "Small Fast Counting" generator, 32 bits, by Chris Doty-Humphrey (PractRand). */
function smallFastCounter(low: number, high: number): () => number {
  let a = low;
  let b = high;
  let c = 0x9e3779b9;
  let counter = 1;
  return () => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum >>> 0;
  };
}
