import { readSync, writeSync } from 'node:fs';
import process from 'node:process';
import { serialize } from 'node:v8';
import { errorCode, errorMessage } from '../base/errors.ts';
import { encodeStageAnswer, type StageAnswer } from '../components/stage-answer.ts';
import { DEFAULT_LINK_LIMITS, PAGE_BYTES } from '../linker/limits.ts';
import { stageComponent } from '../linker/stage.ts';

/**
 * Stages the one component that comes in on standard input, writes the answer to standard output
 * and ends. The only argument is the bound of the instance's memory in bytes.
 */
const STDIN = 0;
const STDOUT = 1;
const CHUNK_BYTES = 1024 * 1024;

const memoryPagesMax = Math.floor(Number(process.argv[2]) / PAGE_BYTES);
for (const piece of encodeStageAnswer(stage(readAll(), memoryPagesMax))) writeAll(piece);

function stage(bytes: Uint8Array, pages: number): StageAnswer {
  try {
    const { plan, modules, shape } = stageComponent(bytes, {
      ...DEFAULT_LINK_LIMITS,
      memoryPagesMax: pages,
      memoryPagesPerMemoryMax: Math.min(pages, DEFAULT_LINK_LIMITS.memoryPagesPerMemoryMax),
    });
    // Compiled and forgotten: what the engine refuses, or takes too long for, is found out here.
    for (const module of modules) new WebAssembly.Module(Uint8Array.from(module));
    return { kind: 'staged', shape: JSON.stringify(shape), plan: serialize(plan), modules };
  } catch (error) {
    return { kind: 'refused', reason: `${errorCode(error)}: ${errorMessage(error)}` };
  }
}

function readAll(): Uint8Array {
  const chunks: Buffer[] = [];
  let byteCount = 0;
  // One byte more than the linker takes is enough for it to refuse.
  while (byteCount <= DEFAULT_LINK_LIMITS.componentBytesMax) {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    const count = readSync(STDIN, chunk);
    if (count === 0) break;
    chunks.push(chunk.subarray(0, count));
    byteCount += count;
  }
  return Buffer.concat(chunks);
}

function writeAll(bytes: Uint8Array): void {
  let at = 0;
  while (at < bytes.length) at += writeSync(STDOUT, bytes, at);
}
