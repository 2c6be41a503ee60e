import { sha256 } from '../base/sha256.ts';
import { PLAN_VERSION } from '../linker/plan.ts';
import type { StagedArtifact, StagePort } from '../ports/component-host.ts';
import type { Files } from '../ports/files.ts';
import type { Hasher } from '../ports/hasher.ts';
import { parseShape } from './shape-parser.ts';
import { encodeStageAnswer, parseStageAnswer, STAGE_ANSWER_BYTES_MAX } from './stage-answer.ts';

const HASH_BYTES = 32;

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
export function cachedStage(stage: StagePort, parts: StageCacheParts): StagePort {
  const { files, folder, tag } = parts;
  return {
    stage: async (bytes, limits, digest = sha256(bytes)) => {
      const key = sha256(
        Buffer.from([PLAN_VERSION, tag, digest, limits.memoryBytesMax].join('\n')),
      );
      const path = `${folder}/${key}`;
      const known = await read(parts, path, digest);
      if (known !== null) return known;
      const artifact = await stage.stage(bytes, limits, digest);
      await write(parts, path, artifact).catch(() => files.remove(path).catch(() => undefined));
      return artifact;
    },
  };
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
