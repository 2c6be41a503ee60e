import { type ChildProcessByStdio, spawn } from 'node:child_process';
import process from 'node:process';
import type { Readable, Writable } from 'node:stream';
import { errorMessage } from '../base/errors.ts';
import { sha256 } from '../base/sha256.ts';
import type { Clock, Timer } from '../ports/clock.ts';
import { ComponentError, type StagedArtifact, type StagePort } from '../ports/component-host.ts';
import { WALL_DEADLINES_MAX } from './call-time.ts';
import { chooseUid, findConfiningTools } from './confining-tools-io.ts';
import { CONFINED_FLAGS, type ConfinedCommand, confinedCommand } from './host-command.ts';
import { processTimeOf } from './process-time-io.ts';
import { parseShape } from './shape-parser.ts';
import { type SiblingEntry, siblingEntry } from './sibling-entry.ts';
import { parseStageAnswer, STAGE_ANSWER_BYTES_MAX } from './stage-answer.ts';

const DEADLINE_MS_DEFAULT = 10_000;
const LOOK_MS_MIN = 50;
const HEAP_MIB_MAX = 256;
const DESCRIPTORS_MAX = 64;
/** What is kept of a failed process's standard error, for its message. */
const STDERR_LENGTH_MAX = 2_000;

/** How components are staged. */
export interface StageOptions {
  readonly clock: Clock;
  /** Of processor time, the start of the process included; 10 s when not given. */
  readonly deadlineMs?: number;
  /** The user that the process becomes; needs root. Null keeps the gateway's own. */
  readonly uid?: number | null;
  /** The process's entry file; this program's own when not given. */
  readonly entry?: SiblingEntry;
}

/** Returns a port that stages each component in a process of its own, one at a time. */
export function spawnStage(options: StageOptions): StagePort {
  let last: Promise<unknown> = Promise.resolve();
  return {
    stage: (bytes, { memoryBytesMax }, digest = sha256(bytes)) => {
      const turn = last.then(() => stageOnce(options, bytes, memoryBytesMax, digest));
      last = turn.catch(() => {});
      return turn;
    },
  };
}

async function stageOnce(
  options: StageOptions,
  bytes: Uint8Array,
  memoryBytesMax: number,
  digest: string,
): Promise<StagedArtifact> {
  const output = await runStage(options, commandOf(options, memoryBytesMax), bytes);
  try {
    const answer = parseStageAnswer(output);
    if (answer.kind === 'staged') {
      const { plan, modules } = answer;
      return { digest, shape: parseShape(answer.shape), plan, modules };
    }
    throw new ComponentError('COMPONENT_REFUSED', `the component was refused: ${answer.reason}`);
  } catch (cause) {
    if (cause instanceof ComponentError) throw cause;
    const message = `the stage process answered wrongly: ${errorMessage(cause)}`;
    throw new ComponentError('COMPONENT_STAGE_FAILED', message, { cause });
  }
}

/** Returns all the process wrote. Rejects with ComponentError when it failed or took too long. */
function runStage(
  { clock, deadlineMs = DEADLINE_MS_DEFAULT }: StageOptions,
  { command, args, cwd }: ConfinedCommand,
  bytes: Uint8Array,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, [...args], { env: {}, cwd, stdio: ['pipe', 'pipe', 'pipe'] });
    let failure: ComponentError | null = null;
    const fail = (error: ComponentError): void => {
      failure ??= error;
      child.kill('SIGKILL');
    };
    const timer = watchTime(clock, deadlineMs, child.pid, () => {
      const message = `the component was not staged within ${deadlineMs} ms`;
      fail(new ComponentError('COMPONENT_STAGE_TIMEOUT', message));
    });
    const collected = collect(child, fail);
    child.once('error', error => fail(failedWith(error.message)));
    child.once('close', code => {
      timer.cancel();
      if (failure !== null) reject(failure);
      else if (code !== 0) reject(failedWith(`it ended with ${code}: ${collected.stderr()}`));
      else resolve(Buffer.concat(collected.chunks));
    });
    // A process that dies early closes its input; its end tells more.
    child.stdin.on('error', () => {});
    child.stdin.end(bytes);
  });
}

/**
 * Calls `onEnd` when the process has been given `deadlineMs` of processor time, or when so many
 * deadlines have passed on the wall: a starved machine refuses no release (decision 0007).
 */
function watchTime(
  clock: Clock,
  deadlineMs: number,
  pid: number | undefined,
  onEnd: () => void,
): { cancel(): void } {
  const startedMs = clock.monotonicMs();
  let timer: Timer;
  const look = (): void => {
    const passedMs = clock.monotonicMs() - startedMs;
    const givenMs = processTimeOf(pid) ?? passedMs;
    if (givenMs >= deadlineMs || passedMs >= deadlineMs * WALL_DEADLINES_MAX) onEnd();
    else timer = clock.after(Math.max(LOOK_MS_MIN, deadlineMs - givenMs), look);
  };
  timer = clock.after(deadlineMs, look);
  return { cancel: () => timer.cancel() };
}

function collect(
  child: ChildProcessByStdio<Writable, Readable, Readable>,
  fail: (error: ComponentError) => void,
) {
  const chunks: Buffer[] = [];
  let byteCount = 0;
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => {
    byteCount += chunk.length;
    if (byteCount > STAGE_ANSWER_BYTES_MAX) fail(failedWith('it answers too much'));
    else chunks.push(chunk);
  });
  child.stderr.setEncoding('utf8');
  child.stderr.on('data', (text: string) => {
    stderr = (stderr + text).slice(0, STDERR_LENGTH_MAX);
  });
  return { chunks, stderr: () => stderr };
}

function failedWith(message: string): ComponentError {
  return new ComponentError('COMPONENT_STAGE_FAILED', `the stage process failed: ${message}`);
}

function commandOf(options: StageOptions, memoryBytesMax: number): ConfinedCommand {
  const entry = options.entry ?? siblingEntry(import.meta.url, 'stage');
  return confinedCommand({
    nodePath: process.execPath,
    entry,
    flags: [...CONFINED_FLAGS, `--max-old-space-size=${HEAP_MIB_MAX}`],
    args: [String(memoryBytesMax)],
    tools: findConfiningTools(),
    uid: chooseUid(options.uid ?? null, entry).uid,
    descriptorsMax: DESCRIPTORS_MAX,
    sandbox: null,
  });
}
