/** Returns a repeatable random whole number from 0 on, below the given one. */
export type Random = (below: number) => number;

/** Changes of one mutant. */
const CHANGES_MAX = 4;
/** Bytes that one change inserts, removes, repeats or moves. */
const PIECE_BYTES_MAX = 64;
const BYTES_MAX = 256 * 1024;
/** Where decoders look twice: ends of ranges, signs, opcodes that branch, grow and call. */
const TELLING = [0x00, 0x01, 0x0b, 0x0c, 0x10, 0x3f, 0x40, 0x60, 0x70, 0x7f, 0x80, 0xfe, 0xff];
/** Numbers in LEB128 that are large, too large, or longer than they need to be. */
const NUMBERS: readonly (readonly number[])[] = [
  [0xff, 0xff, 0xff, 0xff, 0x0f],
  [0xff, 0xff, 0xff, 0xff, 0x7f],
  [0x80, 0x80, 0x80, 0x80, 0x08],
  [0x80, 0x80, 0x80, 0x80, 0x80, 0x00],
  [0x80, 0x00],
  [0x81, 0x80, 0x00],
  [0xff, 0x7f],
  [0x80, 0x80, 0x04],
];

type Bytes = Uint8Array<ArrayBuffer>;
type Change = (bytes: Bytes, random: Random) => Bytes;

const CHANGES: readonly Change[] = [
  // One bit.
  (bytes, random) => written(bytes, random(bytes.length), old => old ^ (1 << random(8))),
  // One byte.
  (bytes, random) => written(bytes, random(bytes.length), () => random(256)),
  (bytes, random) => {
    const value = TELLING[random(TELLING.length)] ?? 0;
    return written(bytes, random(bytes.length), () => value);
  },
  // A length or count that is one more or less: counts and lengths are small numbers.
  (bytes, random) => written(bytes, random(bytes.length), old => old + (random(2) === 0 ? 1 : 255)),
  // A number in place of a byte, or before it.
  (bytes, random) => {
    const at = random(bytes.length);
    const number = NUMBERS[random(NUMBERS.length)] ?? [];
    return spliced(bytes, at, random(2), Uint8Array.from(number));
  },
  // A piece repeated, removed, or copied to elsewhere.
  (bytes, random) => {
    const [at, length] = piece(bytes, random);
    return spliced(bytes, at, 0, bytes.subarray(at, at + length));
  },
  (bytes, random) => {
    const [at, length] = piece(bytes, random);
    return spliced(bytes, at, length, new Uint8Array(0));
  },
  (bytes, random) => {
    const [at, length] = piece(bytes, random);
    return spliced(bytes, random(bytes.length), length, bytes.subarray(at, at + length));
  },
  // Random bytes inserted.
  (bytes, random) => {
    const noise = Uint8Array.from({ length: 1 + random(8) }, () => random(256));
    return spliced(bytes, random(bytes.length), 0, noise);
  },
  // The end cut off.
  (bytes, random) => bytes.slice(0, random(bytes.length)),
];

/** The first of these keep the length. */
const GENTLE_CHANGES = 4;

/**
 * Returns a mutant of `bytes`: some changes, and now and then a piece of `other`. The first
 * `kept` bytes stay, so that not every second mutant is refused for its first line.
 */
export function mutate(
  bytes: Uint8Array,
  other: Uint8Array,
  kept: number,
  random: Random,
): Uint8Array {
  let rest: Bytes = Uint8Array.from(bytes.subarray(kept));
  if (random(16) === 0 && other.length > 0) {
    const [at, length] = piece(other, random);
    rest = spliced(
      rest,
      random(rest.length + 1),
      random(PIECE_BYTES_MAX),
      other.subarray(at, at + length),
    );
  }
  // Most mutants differ in few bytes that stay where they are: those come furthest.
  const gentle = random(4) > 0;
  for (let left = 1 + random(gentle ? 2 : CHANGES_MAX); left > 0; left -= 1) {
    const change = CHANGES[random(gentle ? GENTLE_CHANGES : CHANGES.length)];
    if (rest.length > 0 && change !== undefined) rest = change(rest, random);
  }
  const mutant = new Uint8Array(Math.min(kept + rest.length, BYTES_MAX));
  mutant.set(bytes.subarray(0, kept));
  mutant.set(rest.subarray(0, mutant.length - kept), kept);
  return mutant;
}

function written(bytes: Bytes, at: number, change: (old: number) => number): Bytes {
  const copy = bytes.slice();
  copy[at] = change(copy[at] ?? 0) & 0xff;
  return copy;
}

/** A place and a length within `bytes`. */
function piece(bytes: Uint8Array, random: Random): readonly [at: number, length: number] {
  const at = random(bytes.length);
  return [at, 1 + random(Math.min(PIECE_BYTES_MAX, bytes.length - at))];
}

function spliced(bytes: Bytes, at: number, removed: number, piece: Uint8Array): Bytes {
  const tail = bytes.subarray(Math.min(bytes.length, at + removed));
  const result = new Uint8Array(at + piece.length + tail.length);
  result.set(bytes.subarray(0, at));
  result.set(piece, at);
  result.set(tail, at + piece.length);
  return result;
}
