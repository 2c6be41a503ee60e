/**
 * Runs Clang, itself a WebAssembly program, over the jobs that come as JSON on standard input. A
 * process of its own, because loading it takes seconds and hundreds of megabytes.
 */
import { writeSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { commands } from '@yowasp/clang';
import { errorMessage } from '../../runtime/base/errors.ts';
import type { ClangAnswer, ClangJob } from './clang-job.ts';

// Clang reports progress on standard output, so answers have a descriptor of their own.
const ANSWERS_FD = 3;

const jobs: ClangJob[] = JSON.parse(await text(process.stdin));
for (const job of jobs) writeSync(ANSWERS_FD, `${JSON.stringify(await compile(job))}\n`);

async function compile(job: ClangJob): Promise<ClangAnswer> {
  const words: string[] = [];
  const decoder = new TextDecoder();
  const listen = (bytes: Uint8Array | null): void => {
    if (bytes !== null) words.push(decoder.decode(bytes, { stream: true }));
  };
  try {
    const files = await commands.clang(
      [...job.args],
      { ...job.files },
      {
        stdout: listen,
        stderr: listen,
        fetchProgress: () => undefined,
      },
    );
    const output = files?.[job.output];
    if (!(output instanceof Uint8Array)) throw new Error(`no ${job.output}`);
    return { name: job.name, ok: true, base64: Buffer.from(output).toString('base64') };
  } catch (error) {
    return { name: job.name, ok: false, message: `${words.join('')}${errorMessage(error)}` };
  }
}
