import process from 'node:process';
import { errorCode, errorMessage } from '../base/errors.ts';
import { encodeStageAnswer, STAGE_GREETING, type StageAnswer } from '../components/stage-answer.ts';
import { DEFAULT_LINK_LIMITS, linkLimitsWithin } from '../linker/limits.ts';
import { stageComponent } from '../linker/stage.ts';

/**
 * Greets, stages the one component that then comes in on standard input, writes the answer to
 * standard output and ends. The only argument is the bound of the instance's memory in bytes.
 */
const memoryBytesMax = Number(process.argv[2]);
await write(Buffer.from([STAGE_GREETING]));
const component = await readAll();
for (const piece of encodeStageAnswer(stage(component, memoryBytesMax))) await write(piece);

function stage(bytes: Uint8Array, memoryBytes: number): StageAnswer {
  try {
    const { plan, modules, shape } = stageComponent(bytes, linkLimitsWithin(memoryBytes));
    // Compiled and forgotten: what the engine refuses, or takes too long for, is found out here.
    for (const module of modules) new WebAssembly.Module(Uint8Array.from(module));
    const text = Buffer.from(JSON.stringify(plan));
    return { kind: 'staged', shape: JSON.stringify(shape), plan: text, modules };
  } catch (error) {
    return { kind: 'refused', reason: `${errorCode(error)}: ${errorMessage(error)}` };
  }
}

/** Through the stream: standard input may be a socket that does not block. */
async function readAll(): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let byteCount = 0;
  for await (const chunk of process.stdin) {
    chunks.push(chunk);
    byteCount += chunk.length;
    // One byte more than the linker takes is enough for it to refuse.
    if (byteCount > DEFAULT_LINK_LIMITS.componentBytesMax) break;
  }
  return Buffer.concat(chunks);
}

function write(bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(bytes, error => (error ? reject(error) : resolve()));
  });
}
