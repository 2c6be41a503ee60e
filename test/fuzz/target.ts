import type { Random } from './mutate.ts';

/** Something that takes hostile bytes. */
export interface Target {
  readonly name: string;
  /** Makes the mutant that these random numbers give. */
  mutant(random: Random): Uint8Array;
  /**
   * Takes a mutant and says what became of it: a few words that are counted. `onRun` is called
   * when guest code begins to run, which may then take for ever.
   * @throws Defect when something came out that must not
   */
  take(bytes: Uint8Array, random: Random, onRun: () => void): string;
}

/** What took a mutant did what it must not do. */
export class Defect extends Error {}

/** Returns the seed of one mutant of a run: mutants do not depend on those before them. */
export function mutantSeed(seed: number, number: number): number {
  return (Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(number + 1, 0xc2b2ae35)) >>> 0;
}
