import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import type { Wall } from '../../../runtime/ports/component-host.ts';

/** What a process in the gateway's place saw. */
export interface StandIn {
  readonly process: ChildProcess;
  /** `activated`, or the code of the error. */
  readonly activated: string;
  readonly pid: number;
  readonly walls: readonly Wall[];
  readonly output: readonly string[];
  /** Ends it in order, or does nothing more than to remove what it left. */
  close(): Promise<void>;
}

const PROGRAM = fileURLToPath(new URL('./gateway-stand-in.ts', import.meta.url));

/** Starts gateway-stand-in.ts behind the words of `before`; resolves when its guest was tried. */
export async function startStandIn(
  before: readonly string[],
  demanded: readonly string[] = [],
): Promise<StandIn> {
  const [command = '', ...args] = [...before, process.execPath, PROGRAM, ...demanded];
  const folder = mkdtempSync(join(tmpdir(), 'airssys-stand-in-'));
  // Its host, which has another uid, is started from there.
  chmodSync(folder, 0o755);
  const env = { ...process.env, TMPDIR: folder };
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], env });
  child.stdin.on('error', () => undefined);
  const ended = new Promise<void>(resolve => child.once('exit', () => resolve()));
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', text => {
    errors += text;
  });
  let text = '';
  for await (const chunk of child.stdout.setEncoding('utf8')) {
    text += chunk;
    if (text.endsWith('\n')) break;
  }
  if (text === '') throw new Error(`the stand-in said nothing: ${errors}`);
  return {
    ...JSON.parse(text),
    process: child,
    close: async () => {
      child.stdin.end();
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Resolves when a process is gone, or is only waited for. */
export async function processGone(pid: number, waitMs: number): Promise<boolean> {
  const untilMs = performance.now() + waitMs;
  while (performance.now() < untilMs) {
    if (isGone(pid)) return true;
    await new Promise(resolve => setTimeout(resolve, 5));
  }
  return false;
}

function isGone(pid: number): boolean {
  try {
    return /^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'latin1'));
  } catch {
    return true;
  }
}
