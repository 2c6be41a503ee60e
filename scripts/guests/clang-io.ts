import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { ClangAnswer, ClangJob } from './clang-job.ts';
import { GuestBuildError } from './errors.ts';

/**
 * Compiles C sources to core modules, all in one run of the compiler's process.
 * @throws GuestBuildError `GUEST_COMPILE_FAILED`
 */
export async function compileC(
  jobs: readonly ClangJob[],
): Promise<ReadonlyMap<string, Uint8Array<ArrayBuffer>>> {
  if (jobs.length === 0) return new Map();
  // The baseline compiler alone: Clang runs too short to earn back optimised code.
  const child = spawn(
    process.execPath,
    ['--liftoff-only', join(import.meta.dirname, 'clang-process.ts')],
    { stdio: ['pipe', 'ignore', 'inherit', 'pipe'] },
  );
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const answersPipe = child.stdio[3];
  if (child.stdin === null || !(answersPipe instanceof Readable)) {
    throw new GuestBuildError('GUEST_COMPILE_FAILED', 'the C compiler has no pipes');
  }
  child.stdin.end(JSON.stringify(jobs));
  const [answers, status] = await Promise.all([text(answersPipe), ended]);
  if (status !== 0) {
    throw new GuestBuildError('GUEST_COMPILE_FAILED', `the C compiler ended with ${status}`);
  }
  const modules = new Map<string, Uint8Array<ArrayBuffer>>();
  for (const line of answers.trim().split('\n')) {
    const answer: ClangAnswer = JSON.parse(line);
    if (!answer.ok) {
      throw new GuestBuildError('GUEST_COMPILE_FAILED', `${answer.name}: ${answer.message}`);
    }
    modules.set(answer.name, new Uint8Array(Buffer.from(answer.base64, 'base64')));
  }
  return modules;
}
