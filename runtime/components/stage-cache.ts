import { createHash } from 'node:crypto';
import type { StagedArtifact, StagePort } from '../ports/component-host.ts';
import type { Files } from '../ports/files.ts';
import { parseShape } from './shape-parser.ts';
import { encodeStageAnswer, parseStageAnswer, STAGE_ANSWER_BYTES_MAX } from './stage-answer.ts';

const HASH_BYTES = 32;

/**
 * Returns a port that remembers what staging made of a component, in `folder`, one file a
 * component: SHA-256 of the rest, then the stage process's answer. A file that does not match its
 * hash, or was made under another `tag` or other limits, is made again. Not being able to write one
 * costs time at the next start, nothing else.
 */
export function cachedStage(
  stage: StagePort,
  files: Files,
  folder: string,
  tag: string,
): StagePort {
  return {
    stage: async (bytes, limits) => {
      const digest = sha256(bytes).toString('hex');
      const key = sha256(Buffer.from(`${tag}\n${digest}\n${limits.memoryBytesMax}`));
      const path = `${folder}/${key.toString('hex')}`;
      const known = await read(files, path, digest);
      if (known !== null) return known;
      const artifact = await stage.stage(bytes, limits);
      await write(files, path, artifact).catch(() => files.remove(path).catch(() => undefined));
      return artifact;
    },
  };
}

async function read(files: Files, path: string, digest: string): Promise<StagedArtifact | null> {
  try {
    const bytes = await files.read(path, STAGE_ANSWER_BYTES_MAX + HASH_BYTES);
    if (bytes === null) return null;
    const body = Buffer.from(bytes.subarray(HASH_BYTES));
    if (!sha256(body).equals(bytes.subarray(0, HASH_BYTES))) return null;
    const answer = parseStageAnswer(body);
    if (answer.kind === 'refused') return null;
    const { shape, plan, modules } = answer;
    return { digest, shape: parseShape(shape), plan, modules };
  } catch {
    return null;
  }
}

async function write(files: Files, path: string, artifact: StagedArtifact): Promise<void> {
  const { plan, modules } = artifact;
  const shape = JSON.stringify(artifact.shape);
  const body = Buffer.concat(encodeStageAnswer({ kind: 'staged', shape, plan, modules }));
  await files.write(path, Buffer.concat([sha256(body), body]));
  await files.sync(path);
}

function sha256(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}
