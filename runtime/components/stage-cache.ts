import { sha256 } from '../base/sha256.ts';
import { PLAN_VERSION } from '../linker/plan.ts';
import type { StagedArtifact, StagePort } from '../ports/component-host.ts';
import type { Files } from '../ports/files.ts';
import type { Hasher } from '../ports/hasher.ts';
import { parseShape } from './shape-parser.ts';
import { encodeStageAnswer, parseStageAnswer, STAGE_ANSWER_BYTES_MAX } from './stage-answer.ts';

const HASH_BYTES = 32;
/** In front of the digest of a release, in the name of the list of what it needs. */
const LIST_PREFIX = 'of-';
/** A line for each component and part that a release may have, with room. */
const LIST_BYTES_MAX = 128 * 1024;
const KEY = /^[0-9a-f]{64}$/;

/** A component as it was staged for a release. */
export interface StagedNeed {
  readonly digest: string;
  readonly memoryBytesMax: number;
}

/** A port that remembers, and is told what it may forget. */
export interface StageCache extends StagePort {
  /**
   * Notes what a release was staged to, by the digest of its envelope. Not being able to write it
   * costs time at a later start, nothing else.
   */
  note(release: string, needs: readonly StagedNeed[]): Promise<void>;
  /**
   * Removes what none of these releases needs, as far as it was noted under this `tag`. So the
   * folder holds two releases at most, and one that is being installed. Returns how many files.
   */
  collect(kept: ReadonlySet<string>): Promise<number>;
}

/** Where the results of staging are kept. */
export interface StageCacheParts {
  readonly files: Files;
  readonly hasher: Hasher;
  readonly folder: string;
  /** Names what the results depend on beside component and limits. */
  readonly tag: string;
}

/**
 * Returns a port that remembers what staging made of a component, in a folder, one file a
 * component: SHA-256 of the rest, then the stage process's answer. A file that does not match its
 * hash, or was made under another `tag` or other limits, is made again. Not being able to write one
 * costs time at the next start, nothing else.
 */
export function cachedStage(stage: StagePort, parts: StageCacheParts): StageCache {
  const { files, folder } = parts;
  return {
    stage: async (bytes, limits, digest = sha256(bytes)) => {
      const path = `${folder}/${keyOf(parts, digest, limits.memoryBytesMax)}`;
      const known = await read(parts, path, digest);
      if (known !== null) return known;
      const artifact = await stage.stage(bytes, limits, digest);
      await write(parts, path, artifact).catch(() => files.remove(path).catch(() => undefined));
      return artifact;
    },
    note: (release, needs) => note(parts, release, needs).catch(() => undefined),
    collect: kept => collect(parts, kept),
  };
}

function keyOf({ tag }: StageCacheParts, digest: string, memoryBytesMax: number): string {
  return sha256(Buffer.from([PLAN_VERSION, tag, digest, memoryBytesMax].join('\n')));
}

/** The first line says under which tag: what another version made is not needed any more. */
async function note(
  parts: StageCacheParts,
  release: string,
  needs: readonly StagedNeed[],
): Promise<void> {
  const keys = needs.map(need => keyOf(parts, need.digest, need.memoryBytesMax));
  const text = [sha256(Buffer.from(parts.tag)), ...keys.sort(), ''].join('\n');
  const path = `${parts.folder}/${LIST_PREFIX}${release}`;
  const bytes = Buffer.from(text);
  // At each start it is the same again: the disk is spared.
  const known = await parts.files.read(path, LIST_BYTES_MAX).catch(() => null);
  if (known !== null && bytes.equals(known)) return;
  await parts.files.write(path, bytes);
  await parts.files.sync(path);
}

async function collect(parts: StageCacheParts, kept: ReadonlySet<string>): Promise<number> {
  const { files, folder } = parts;
  const needed = new Set<string>();
  for (const release of kept) {
    const keys = await noted(parts, `${folder}/${LIST_PREFIX}${release}`);
    if (keys !== null) needed.add(`${LIST_PREFIX}${release}`);
    for (const key of keys ?? []) needed.add(key);
  }
  let removed = 0;
  for (const name of await files.list(folder)) {
    if (needed.has(name)) continue;
    // A file that stays costs room only, and must not keep the others.
    const isGone = await files.remove(`${folder}/${name}`).then(
      () => true,
      () => false,
    );
    removed += isGone ? 1 : 0;
  }
  return removed;
}

/** Returns the keys in a list; null where there is none of this version. */
async function noted(
  { files, tag }: StageCacheParts,
  path: string,
): Promise<readonly string[] | null> {
  const bytes = await files.read(path, LIST_BYTES_MAX).catch(() => null);
  const [made, ...keys] = Buffer.from(bytes ?? [])
    .toString('latin1')
    .split('\n');
  return made === sha256(Buffer.from(tag)) ? keys.filter(key => KEY.test(key)) : null;
}

async function read(
  { files, hasher }: StageCacheParts,
  path: string,
  digest: string,
): Promise<StagedArtifact | null> {
  try {
    const read = await files.read(path, STAGE_ANSWER_BYTES_MAX + HASH_BYTES);
    if (read === null) return null;
    const hashed = await hasher.hash(read, HASH_BYTES);
    const { buffer, byteOffset, byteLength } = hashed.bytes;
    const file = Buffer.from(buffer, byteOffset, byteLength);
    if (file.toString('hex', 0, HASH_BYTES) !== hashed.digest) return null;
    const answer = parseStageAnswer(file.subarray(HASH_BYTES));
    if (answer.kind === 'refused') return null;
    const { shape, plan, modules } = answer;
    return { digest, shape: parseShape(shape), plan, modules };
  } catch {
    return null;
  }
}

async function write(
  { files, hasher }: StageCacheParts,
  path: string,
  artifact: StagedArtifact,
): Promise<void> {
  const { plan, modules } = artifact;
  const shape = JSON.stringify(artifact.shape);
  const pieces = encodeStageAnswer({ kind: 'staged', shape, plan, modules });
  const file = Buffer.concat([new Uint8Array(HASH_BYTES), ...pieces]);
  const { bytes, digest } = await hasher.hash(file, HASH_BYTES);
  bytes.set(Buffer.from(digest, 'hex'));
  await files.write(path, bytes);
  await files.sync(path);
}
