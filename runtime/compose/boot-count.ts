/**
 * The count of starts, in two files that are written in turn, `boots.0` and `boots.1`: a line of
 * the number and its SHA-256. A file is written beside and renamed, so a cut leaves the old number
 * or the new one, and what is damaged the disk has damaged. Numbers that it may have held are left
 * out.
 */
import { errorMessage } from '../base/errors.ts';
import { sha256 } from '../base/sha256.ts';
import type { Files } from '../ports/files.ts';

/** A start, counted as well as could be. */
export interface CountedBoot {
  readonly boot: number;
  /** Why this start could not be counted; null where it was. */
  readonly notice: string | null;
  /** What was wrong with the files, and what was made of it; null where nothing was. */
  readonly damage: string | null;
}

const FILE_BYTES_MAX = 128;
const LINE = /^([1-9]\d{0,15}) ([0-9a-f]{64})\n$/;
/**
 * From the number that can be read to the next: the damaged file, which is written next, held the
 * one before or the one after, and the number must be odd where it has to be.
 */
const STEP_PAST_DAMAGE = 3;

/**
 * Counts this start, durably. `lostFloor` is a number that the count of a gateway whose files are
 * all damaged has surely not reached. Rejects when a file is there and cannot be read.
 */
export async function countBoot(
  files: Files,
  root: string,
  lostFloor: number,
): Promise<CountedBoot> {
  const found = [await readCount(files, root, 0), await readCount(files, root, 1)];
  const damaged = found.flatMap(({ path, state }) => (state === 'damaged' ? [path] : []));
  const before = Math.max(0, ...found.map(({ count }) => count));
  const boot = nextCount(before, damaged.length, lostFloor);
  const damage = damaged.length === 0 ? null : damageWords(damaged, before, boot);
  const path = pathOf(root, boot);
  try {
    await files.write(`${path}.new`, encode(boot));
    await files.sync(`${path}.new`);
    await files.rename(`${path}.new`, path);
    await files.syncFolder(root);
    return { boot, notice: null, damage };
  } catch (error) {
    const notice =
      `the state directory ${root} could not be written at the start: ${errorMessage(error)}; ` +
      'what was committed runs, and nothing is stored until it can be written';
    return { boot: damage === null ? before : boot, notice, damage };
  }
}

function nextCount(before: number, damagedFiles: number, lostFloor: number): number {
  if (before > 0) return before + (damagedFiles === 0 ? 1 : STEP_PAST_DAMAGE);
  return damagedFiles === 0 ? 1 : lostFloor + 1;
}

function damageWords(damaged: readonly string[], before: number, boot: number): string {
  const what = `the count of starts is damaged (${damaged.join(', ')})`;
  return before > 0
    ? `${what}: ${before} is the last that is known, and it goes on with ${boot}`
    : `${what}: it goes on with ${boot}, from the clock, above what it can have reached`;
}

interface FoundCount {
  readonly path: string;
  readonly state: 'whole' | 'missing' | 'damaged';
  /** 0 where there is none. */
  readonly count: number;
}

async function readCount(files: Files, root: string, file: number): Promise<FoundCount> {
  const path = pathOf(root, file);
  try {
    const bytes = await files.read(path, FILE_BYTES_MAX);
    if (bytes === null) return { path, state: 'missing', count: 0 };
    const count = decode(bytes);
    return { path, state: count === null ? 'damaged' : 'whole', count: count ?? 0 };
  } catch (error) {
    // Too long for a count: damaged as any other that is none.
    if (error instanceof RangeError) return { path, state: 'damaged', count: 0 };
    throw error;
  }
}

function pathOf(root: string, count: number): string {
  return `${root}/boots.${count % 2}`;
}

function encode(count: number): Uint8Array {
  const text = String(count);
  return Buffer.from(`${text} ${sha256(Buffer.from(text))}\n`);
}

function decode(bytes: Uint8Array): number | null {
  const [, text, digest] = LINE.exec(Buffer.from(bytes).toString('latin1')) ?? [];
  if (text === undefined || sha256(Buffer.from(text)) !== digest) return null;
  const count = Number(text);
  return Number.isSafeInteger(count) ? count : null;
}
