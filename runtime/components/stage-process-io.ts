import { type ChildProcess, spawn } from 'node:child_process';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import type { Clock, Timer } from '../ports/clock.ts';
import { ComponentError } from '../ports/component-host.ts';
import { WALL_DEADLINES_MAX } from './call-time.ts';
import type { ConfinedCommand } from './host-command.ts';
import { killHost, SIGNAL_CODES_FROM } from './host-end-io.ts';
import { nodeProcessOf } from './kernel-facts-io.ts';
import { processTimeOf } from './process-time-io.ts';
import { STAGE_ANSWER_BYTES_MAX, STAGE_GREETING } from './stage-answer.ts';

const LOOK_MS_MIN = 50;
/** What outlives the outermost process of a sandbox this long is not waited for. */
const LAST_OUTPUT_MS_MAX = 5_000;
/** What is kept of a failed process's standard error, for its message. */
const STDERR_LENGTH_MAX = 2_000;

/** What one stage process is started with. */
export interface StageRun {
  readonly command: ConfinedCommand;
  /** Given away only when node runs behind the walls of `command`. */
  readonly component: Uint8Array;
  readonly clock: Clock;
  /** Of processor time. */
  readonly deadlineMs: number;
  /** Node runs, as this process, and has seen nothing of the component yet. */
  readonly onGreeting: (pid: number) => void;
}

/** What became of a stage process. */
export type StageEnd =
  | { readonly kind: 'answered'; readonly answer: Buffer }
  /** Its sandbox could not be put up: it ended by itself before it was given anything. */
  | { readonly kind: 'no-sandbox'; readonly why: string };

/**
 * Runs a stage process to its end. Rejects with ComponentError `COMPONENT_STAGE_FAILED` or
 * `COMPONENT_STAGE_TIMEOUT`.
 */
export function runStage(run: StageRun): Promise<StageEnd> {
  const { command, clock, deadlineMs } = run;
  return new Promise((resolve, reject) => {
    const child = startChild(command);
    const pid = pidFinder(child);
    let failure: ComponentError | null = null;
    const fail = (error: ComponentError): void => {
      failure ??= error;
      endChild(child, command);
    };
    const timer = watchTime(clock, deadlineMs, pid, () => {
      const message = `the component was not staged within ${deadlineMs} ms`;
      fail(new ComponentError('COMPONENT_STAGE_TIMEOUT', message));
    });
    const collected = collect(child, fail, () => {
      run.onGreeting(pid());
      child.stdin?.end(run.component);
    });
    child.once('error', error => fail(failedWith(error.message)));
    child.once('exit', () => forgetLate(child, clock));
    child.once('close', code => {
      timer.cancel();
      const wasRefused = !collected.hasGreeted() && command.sandbox !== null && isOwnEnd(code);
      const why = collected.stderr();
      if (failure !== null) reject(failure);
      else if (wasRefused) resolve({ kind: 'no-sandbox', why });
      else if (code !== 0) reject(failedWith(`it ended with ${code}: ${why}`));
      else resolve({ kind: 'answered', answer: Buffer.concat(collected.chunks) });
    });
  });
}

function startChild({ command, args, cwd, sandbox }: ConfinedCommand): ChildProcess {
  const seccomp = sandbox?.seccomp ?? null;
  const further: 'pipe'[] = seccomp === null ? [] : ['pipe'];
  const child = spawn(command, [...args], {
    env: {},
    cwd,
    stdio: ['pipe', 'pipe', 'pipe', ...further],
  });
  // A process that dies early closes its input; its end tells more.
  child.stdin?.on('error', () => {});
  if (seccomp === null) return child;
  const socket = child.stdio[seccomp.fd];
  if (!(socket instanceof Socket)) throw new Error(`descriptor ${seccomp.fd} is no socket`);
  socket.on('error', () => {});
  socket.end(seccomp.program);
  return child;
}

function endChild(child: ChildProcess, { sandbox }: ConfinedCommand): void {
  const control = { end: () => child.stdin?.end() };
  killHost({ child, control, isSandboxed: sandbox !== null });
}

/** Of a sandbox the outermost process ended; what may be left holds its output open. */
function forgetLate(child: ChildProcess, clock: Clock): void {
  const timer = clock.after(LAST_OUTPUT_MS_MAX, () => {
    for (const stream of child.stdio) stream?.destroy();
  });
  child.once('close', () => timer.cancel());
}

/** With a code of its own: neither well nor by a signal. */
function isOwnEnd(code: number | null): boolean {
  return code !== null && code !== 0 && code < SIGNAL_CODES_FROM;
}

/** Finds the process of node; until that runs, it is the one that was started. */
function pidFinder(child: ChildProcess): () => number {
  let found: number | null = null;
  return () => {
    found ??= child.pid === undefined ? null : nodeProcessOf(child.pid);
    return found ?? child.pid ?? 0;
  };
}

/**
 * Calls `onEnd` when the process has been given `deadlineMs` of processor time, or when so many
 * deadlines have passed on the wall: a starved machine refuses no release (decision 0007).
 */
function watchTime(
  clock: Clock,
  deadlineMs: number,
  pid: () => number,
  onEnd: () => void,
): { cancel(): void } {
  const startedMs = clock.monotonicMs();
  let timer: Timer;
  const look = (): void => {
    const passedMs = clock.monotonicMs() - startedMs;
    const givenMs = processTimeOf(pid()) ?? passedMs;
    if (givenMs >= deadlineMs || passedMs >= deadlineMs * WALL_DEADLINES_MAX) onEnd();
    else timer = clock.after(Math.max(LOOK_MS_MIN, deadlineMs - givenMs), look);
  };
  timer = clock.after(deadlineMs, look);
  return { cancel: () => timer.cancel() };
}

/** Collects what comes after the greeting. */
function collect(
  child: ChildProcess,
  fail: (error: ComponentError) => void,
  onGreeting: () => void,
) {
  const chunks: Buffer[] = [];
  let byteCount = 0;
  let hasGreeted = false;
  child.stdout?.on('data', (chunk: Buffer) => {
    const rest = hasGreeted ? chunk : chunk.subarray(1);
    if (!hasGreeted) {
      if (chunk[0] !== STAGE_GREETING) {
        fail(failedWith('it does not greet'));
        return;
      }
      hasGreeted = true;
      onGreeting();
    }
    byteCount += rest.length;
    if (byteCount > STAGE_ANSWER_BYTES_MAX) fail(failedWith('it answers too much'));
    else chunks.push(rest);
  });
  const stderr = textOf(child.stderr);
  return { chunks, stderr, hasGreeted: () => hasGreeted };
}

function textOf(stream: Readable | null): () => string {
  let text = '';
  stream?.setEncoding('utf8');
  stream?.on('data', (more: string) => {
    text = (text + more).slice(0, STDERR_LENGTH_MAX);
  });
  return () => text.trim();
}

function failedWith(message: string): ComponentError {
  return new ComponentError('COMPONENT_STAGE_FAILED', `the stage process failed: ${message}`);
}
