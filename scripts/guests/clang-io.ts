import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { ClangAnswer, ClangJob } from './clang-job.ts';
import { GuestBuildError } from './errors.ts';

/**
 * Compiles C sources to core modules, all in one run of the compiler's process. A source that does
 * not compile is an answer, so that the others are not lost.
 * @throws GuestBuildError `GUEST_COMPILE_FAILED`
 */
export async function compileC(jobs: readonly ClangJob[]): Promise<readonly ClangAnswer[]> {
  if (jobs.length === 0) return [];
  // The baseline compiler alone, and only for functions that run: Clang, 75 MB, runs too short to
  // earn back more.
  const child = spawn(
    process.execPath,
    ['--liftoff-only', '--wasm-lazy-validation', join(import.meta.dirname, 'clang-process.ts')],
    { stdio: ['pipe', 'ignore', 'inherit', 'pipe'] },
  );
  // An interrupted build takes its compiler along.
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  }).finally(() => process.removeListener('exit', kill));
  const answersPipe = child.stdio[3];
  if (child.stdin === null || !(answersPipe instanceof Readable)) {
    throw new GuestBuildError('GUEST_COMPILE_FAILED', 'the C compiler has no pipes');
  }
  child.stdin.end(JSON.stringify(jobs));
  const [answers, status] = await Promise.all([text(answersPipe), ended]);
  if (status !== 0) {
    throw new GuestBuildError('GUEST_COMPILE_FAILED', `the C compiler ended with ${status}`);
  }
  return answers
    .trim()
    .split('\n')
    .map((line): ClangAnswer => JSON.parse(line));
}
