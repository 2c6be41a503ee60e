import { watBinary } from '../../scripts/guests/wat-io.ts';

/**
 * Returns the smallest component around a core module in text form. It is instantiated, so that
 * its memory and tables count.
 */
export async function componentBytes(core: string): Promise<Uint8Array> {
  return watBinary(`(component (core module ${core}) (core instance (instantiate 0)))`);
}

/** What a core module declares, and words of the refusal that follows. */
export const REFUSED_CORES: readonly (readonly [what: string, core: string, words: RegExp])[] = [
  ['a GC type', '(type (struct (field i32)))', /GC|type/i],
  ['a shared memory', '(memory 1 1 shared)', /shared/],
  ['a 64-bit memory', '(memory i64 1)', /memor/],
  ['a huge table', '(table 100000000 funcref)', /table/],
  ['a huge memory', '(memory 65536)', /memor/],
  ['an exception tag', '(tag)', /./],
  ['no export at all', '', /./],
];
