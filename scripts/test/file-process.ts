import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseCounts, type SuiteCounts } from './counts.ts';
import { killAll, relatives } from './process-tree.ts';

const COUNTED_RUN = join(import.meta.dirname, 'counted-run.ts');
const OUTPUT_CHARS_MAX = 1_000_000;
/** Children that were told to end with the file's process get this long to do so. */
const SURVIVOR_GRACE_MS = 1_000;
const SURVIVOR_POLL_MS = 50;

/** How one test file is to be run. */
export interface FileRunOptions {
  /** Absolute path of the test file. */
  readonly path: string;
  /** Working folder. */
  readonly root: string;
  /** Folder for what the run writes; the file gets its own TMPDIR in it. */
  readonly folder: string;
  readonly limitMs: number;
  readonly searchPath: string;
  /** What runs the file, which is its last argument; this Node unless given. */
  readonly command?: readonly string[];
}

/** What one test file's process did. */
export interface FileRun {
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly timedOut: boolean;
  /** Null when the process could not say. */
  readonly counts: SuiteCounts | null;
  /** Command lines of processes that outlived the file's own; they are killed. */
  readonly survivors: readonly string[];
  /** Names of what was left in the file's TMPDIR; it is removed. */
  readonly leftFiles: readonly string[];
  readonly output: string;
  readonly durationMs: number;
}

const running = new Set<ChildProcess>();

/** Runs one test file in a session of its own and ends everything that belongs to it. */
export async function runTestFile(options: FileRunOptions): Promise<FileRun> {
  const folder = mkdtempSync(join(options.folder, 'f-'));
  const temporary = join(folder, 't');
  const countsPath = join(folder, 'counts.json');
  const mark = folder;
  mkdirSync(temporary);
  const startedAt = performance.now();
  const [program = '', ...args] = options.command ?? [process.execPath, COUNTED_RUN];
  const child = spawn(program, [...args, options.path], {
    cwd: options.root,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      PATH: options.searchPath,
      TMPDIR: temporary,
      AIRSSYS_TEST_COUNTS: countsPath,
      AIRSSYS_TEST_MARK: mark,
    },
  });
  running.add(child);
  const output = collectOutput(child);
  const ended = await endOf(child, options.limitMs);
  const durationMs = performance.now() - startedAt;
  const survivors = await endRelatives(child.pid ?? 0, mark);
  running.delete(child);
  child.stdout?.destroy();
  child.stderr?.destroy();
  const leftFiles = readdirSync(temporary);
  const counts = readCounts(countsPath);
  rmSync(folder, { recursive: true, force: true });
  return { ...ended, counts, survivors, leftFiles, output: output(), durationMs };
}

/** Kills the processes of every file that is being run. */
export function stopRunningFiles(): void {
  for (const child of running) {
    if (child.pid !== undefined) killAll(relatives(child.pid, ''));
    child.kill('SIGKILL');
  }
}

async function endOf(
  child: ChildProcess,
  limitMs: number,
): Promise<{ exitCode: number | null; signal: string | null; timedOut: boolean }> {
  let timedOut = false;
  const { promise, resolve } = Promise.withResolvers<[number | null, string | null]>();
  const timer = setTimeout(() => {
    timedOut = true;
    child.kill('SIGKILL');
  }, limitMs);
  child.once('exit', (code, signal) => resolve([code, signal]));
  child.once('error', error => resolve([null, error.message]));
  const [exitCode, signal] = await promise;
  clearTimeout(timer);
  return { exitCode, signal, timedOut };
}

async function endRelatives(session: number, mark: string): Promise<string[]> {
  const deadline = performance.now() + SURVIVOR_GRACE_MS;
  let left = relatives(session, mark);
  while (left.length > 0 && performance.now() < deadline) {
    await sleep(SURVIVOR_POLL_MS);
    left = relatives(session, mark);
  }
  const names = left.map(({ pid, command }) => `${pid} ${command}`);
  // A dying process may have started another: look again until nothing is left.
  for (let round = 0; left.length > 0 && round < 20; round += 1) {
    killAll(left);
    await sleep(SURVIVOR_POLL_MS);
    left = relatives(session, mark);
  }
  return names;
}

function collectOutput(child: ChildProcess): () => string {
  const parts: string[] = [];
  let chars = 0;
  let droppedChars = 0;
  const take = (chunk: string): void => {
    const room = OUTPUT_CHARS_MAX - chars;
    parts.push(chunk.slice(0, room));
    chars += Math.min(room, chunk.length);
    droppedChars += Math.max(0, chunk.length - room);
  };
  child.stdout?.setEncoding('utf8').on('data', take);
  child.stderr?.setEncoding('utf8').on('data', take);
  return () => parts.join('') + (droppedChars > 0 ? `\n[${droppedChars} more characters]` : '');
}

function readCounts(path: string): SuiteCounts | null {
  try {
    return parseCounts(readFileSync(path, 'utf8'));
  } catch {
    return null;
  }
}
