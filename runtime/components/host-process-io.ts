import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { Socket } from 'node:net';
import process from 'node:process';
import type { Readable } from 'node:stream';
import type { Wall } from '../ports/component-host.ts';
import type { ThreadTimes } from './call-time.ts';
import { CONTROL_FD, callFdOf, hostFdOf } from './host/descriptors.ts';
import type { ConfinedCommand } from './host-command.ts';
import type { SlotWires } from './slot-session.ts';
import { kernelWalls } from './walls.ts';

/** Lines that a host process may print in its life; further ones are counted only. */
const OUTPUT_LINES_MAX = 200;
const OUTPUT_LINE_BYTES_MAX = 2_048;

const WORKER_THREAD_NAME = '(WorkerThread)';
/** Place of utime after the name; stime follows it. */
const UTIME_FIELD = 12;
/** Linux counts in hundredths of a second towards user space, on every architecture. */
const TICK_MS = 10;

/**
 * Nothing of ours. The C library would otherwise give each worker's thread an arena of its own:
 * most of a megabyte each.
 */
const HOST_ENVIRONMENT = { MALLOC_ARENA_MAX: '1' };

/** What a host process tells its owner. */
export interface HostProcessEvents {
  onControl(chunk: Buffer): void;
  onSlot(slot: number, chunk: Buffer): void;
  /** Bytes where none may come: up a call socket. */
  onStray(slot: number): void;
  /** A line on standard output or error, cut and counted. */
  onOutput(line: string): void;
  /** The process is gone and everything it wrote has been delivered. Exactly once. */
  onExit(detail: string): void;
}

/** A started host process. */
export interface HostProcess {
  readonly pid: number | null;
  writeControl(parts: readonly Uint8Array[]): void;
  readonly wires: readonly SlotWires[];
  /** SIGKILL. */
  kill(): void;
  /** What the kernel says about the process. */
  walls(): readonly Wall[];
}

/** Starts a host process with `slots` pairs of sockets, no file and an empty environment. */
export function startHostProcess(
  { command, args, cwd }: ConfinedCommand,
  slots: number,
  events: HostProcessEvents,
): HostProcess {
  const child = spawn(command, [...args], {
    env: HOST_ENVIRONMENT,
    cwd,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe', ...Array<'pipe'>(2 * slots).fill('pipe')],
  });
  const control = socketAt(child, CONTROL_FD);
  control.on('data', (chunk: Buffer) => events.onControl(chunk));
  const wires = Array.from({ length: slots }, (_, slot) => {
    const call = socketAt(child, callFdOf(slot));
    const host = socketAt(child, hostFdOf(slot));
    call.on('data', () => events.onStray(slot));
    host.on('data', (chunk: Buffer) => events.onSlot(slot, chunk));
    return wiresOf(call, host, () => workerTimesOf(child.pid));
  });
  forwardOutput(child.stdout, events.onOutput);
  forwardOutput(child.stderr, events.onOutput);
  watchExit(child, events.onExit);
  return {
    pid: child.pid ?? null,
    wires,
    writeControl: parts => {
      control.cork();
      for (const part of parts) control.write(part);
      control.uncork();
    },
    kill: () => void child.kill('SIGKILL'),
    walls: () =>
      kernelWalls(child.pid === undefined ? '' : statusText(child.pid), process.getuid?.()),
  };
}

function wiresOf(call: Socket, host: Socket, threadTimes: () => ThreadTimes | null): SlotWires {
  return {
    writeCall: bytes => void call.write(bytes),
    writeHost: bytes => void host.write(bytes),
    // After all promise jobs of this turn: calls made by the continuations of replies join in.
    atEndOfTurn: task => process.nextTick(task),
    afterReading: task => void setImmediate(task),
    threadTimes,
  };
}

function socketAt(child: ChildProcess, fd: number): Socket {
  const stream = child.stdio[fd];
  if (!(stream instanceof Socket)) throw new Error(`descriptor ${fd} is no socket`);
  // The exit of the process tells what there is to tell.
  stream.on('error', () => {});
  return stream;
}

function watchExit(child: ChildProcess, onExit: (detail: string) => void): void {
  let told = false;
  const tell = (detail: string): void => {
    if (told) return;
    told = true;
    onExit(detail);
  };
  child.once('error', error => tell(`could not be started: ${error.message}`));
  child.once('exit', (code, signal) => {
    tell(signal === null ? `ended with code ${code}` : `ended by ${signal}`);
    for (const stream of child.stdio) stream?.destroy();
  });
}

/** Delivers lines, each cut, at most `OUTPUT_LINES_MAX` of them; then reads on and forgets. */
function forwardOutput(stream: Readable | null, onOutput: (line: string) => void): void {
  let held = '';
  let lines = 0;
  stream?.setEncoding('utf8');
  stream?.on('data', (text: string) => {
    if (lines >= OUTPUT_LINES_MAX) return;
    const parts = (held + text).split('\n');
    held = (parts.pop() ?? '').slice(0, OUTPUT_LINE_BYTES_MAX);
    for (const part of parts) {
      lines += 1;
      if (lines < OUTPUT_LINES_MAX) onOutput(part.slice(0, OUTPUT_LINE_BYTES_MAX));
      if (lines === OUTPUT_LINES_MAX) onOutput('(further output is not shown)');
    }
  });
  stream?.on('error', () => {});
}

/**
 * Reads the times of a process's worker threads, in user and kernel mode (`proc_pid_stat(5)`).
 * Node names them all the same; compilers' and collectors' threads have other names.
 */
function workerTimesOf(pid: number | undefined): ThreadTimes | null {
  if (pid === undefined) return null;
  const times = new Map<number, number>();
  try {
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      const stat = readFileSync(`/proc/${pid}/task/${thread}/stat`, 'latin1');
      if (!stat.includes(WORKER_THREAD_NAME)) continue;
      // The second field is the name, in parentheses, and may hold anything.
      const fields = stat.split(')').at(-1)?.split(' ') ?? [];
      const ticks = Number(fields[UTIME_FIELD]) + Number(fields[UTIME_FIELD + 1]);
      if (Number.isFinite(ticks)) times.set(Number(thread), ticks * TICK_MS);
    }
  } catch {
    // Not Linux, or a thread that ended while it was read about: the wall clock counts.
    return null;
  }
  return times.size === 0 ? null : times;
}

function statusText(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'latin1');
  } catch {
    return '';
  }
}
