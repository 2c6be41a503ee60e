import { type ChildProcess, spawn } from 'node:child_process';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import type { Wall } from '../ports/component-host.ts';
import type { ThreadTimes } from './call-time.ts';
import { CONTROL_FD, callFdOf, hostFdOf } from './host/descriptors.ts';
import type { HostCgroup } from './host-cgroup-io.ts';
import type { ConfinedCommand } from './host-command.ts';
import { type HostEnd, killHost, watchHostEnd } from './host-end-io.ts';
import { kernelFacts, nodeProcessOf } from './kernel-facts-io.ts';
import { workerTimesOf } from './process-time-io.ts';
import type { SlotWires } from './slot-session.ts';
import { judgedProbes, kernelWalls, type WallObstacles } from './walls.ts';

/** Lines that a host process may print in its life; further ones are counted only. */
const OUTPUT_LINES_MAX = 200;
const OUTPUT_LINE_BYTES_MAX = 2_048;

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
  onExit(end: HostEnd): void;
}

/** What is handed to the kernel and to `status` beside the command. */
export interface HostProcessOptions {
  readonly command: ConfinedCommand;
  readonly slots: number;
  readonly obstacles: WallObstacles;
  readonly cgroup: HostCgroup;
}

/** A started host process. */
export interface HostProcess {
  /** Of node itself; until that runs, of what starts it. Null where nothing could be started. */
  readonly pid: number | null;
  writeControl(parts: readonly Uint8Array[]): void;
  readonly wires: readonly SlotWires[];
  /** SIGKILL. */
  kill(): void;
  /** What the kernel says about the process, and makes of what the process says of itself. */
  walls(probed: readonly Wall[]): readonly Wall[];
}

/** Starts a host process with `slots` pairs of sockets, no file and an empty environment. */
export function startHostProcess(
  { command, slots, obstacles, cgroup }: HostProcessOptions,
  events: HostProcessEvents,
): HostProcess {
  const { sandbox } = command;
  const seccomp = sandbox?.seccomp ?? null;
  const sockets = 2 * slots + (seccomp === null ? 0 : 1);
  const child = spawn(command.command, [...command.args], {
    env: HOST_ENVIRONMENT,
    cwd: command.cwd,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe', ...Array<'pipe'>(sockets).fill('pipe')],
  });
  // First of all: what it starts afterwards is in the group too.
  if (child.pid !== undefined) cgroup.add(child.pid);
  if (seccomp !== null) socketAt(child, seccomp.fd).end(seccomp.program);
  const pid = pidFinder(child, found => cgroup.add(found));
  const control = socketAt(child, CONTROL_FD);
  control.on('data', (chunk: Buffer) => events.onControl(chunk));
  const wires = Array.from({ length: slots }, (_, slot) => {
    const call = socketAt(child, callFdOf(slot));
    const host = socketAt(child, hostFdOf(slot));
    call.on('data', () => events.onStray(slot));
    host.on('data', (chunk: Buffer) => events.onSlot(slot, chunk));
    return wiresOf(call, host, () => workerTimesOf(pid()));
  });
  forwardOutput(child.stdout, events.onOutput);
  forwardOutput(child.stderr, events.onOutput);
  const host = { child, control, isSandboxed: sandbox !== null };
  watchHostEnd(host, events.onExit);
  return {
    get pid() {
      return pid();
    },
    wires,
    writeControl: parts => {
      control.cork();
      for (const part of parts) control.write(part);
      control.uncork();
    },
    kill: () => killHost(host),
    walls: probed => {
      const node = pid() ?? 0;
      const facts = kernelFacts(node);
      const kernels = [...kernelWalls(facts, obstacles), ...cgroup.walls(node)];
      return [...judgedProbes(probed, facts), ...kernels];
    },
  };
}

/** Finds the process of node; once found, it stays. */
function pidFinder(child: ChildProcess, onFound: (pid: number) => void): () => number | null {
  let found: number | null = null;
  return () => {
    const started = child.pid ?? null;
    if (started === null || found !== null) return found;
    found = nodeProcessOf(started);
    if (found !== null) onFound(found);
    return found ?? started;
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
