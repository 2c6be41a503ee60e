import type { ChildProcess } from 'node:child_process';
import type { Socket } from 'node:net';
import { constants } from 'node:os';
import process from 'node:process';
import { childrenOf } from './kernel-facts-io.ts';

/** From here on an exit code tells of the signal that ended what a process ran. */
export const SIGNAL_CODES_FROM = 128;

/** Between looks for what a tool starts. */
const LOOK_AGAIN_MS = 5;
/** A tool that has started nothing after this long is killed alone. */
const LOOK_MS_MAX = 2_000;
/** What outlives the outermost process of a sandbox this long is not waited for. */
const LAST_SOCKET_MS_MAX = 5_000;

/** How a host process ended. */
export interface HostEnd {
  /** In words. */
  readonly detail: string;
  /** What it ended itself with; null where a signal ended it, or it was never there. */
  readonly exitCode: number | null;
  readonly signal: string | null;
}

/** A started child and what is to be known of it to end it. */
export interface ConfinedChild {
  readonly child: ChildProcess;
  /** What it reads first. */
  readonly control: { end(): unknown };
  /** Whether it is started through namespaces. */
  readonly isSandboxed: boolean;
}

/** A host process. */
export interface HostChild extends ConfinedChild {
  readonly control: Socket;
}

/**
 * SIGKILL to a host and to what stands between it and us. What starts a sandbox clones, then tells
 * its clone to go on: killed in between it leaves an orphan that waits for ever. So a sandbox on
 * its way is killed once the clone is there, which takes milliseconds. Where the kernel does not
 * tell of children, or shows none for two seconds, it is killed alone: an orphan may remain then.
 */
export function killHost({ child, control, isSandboxed }: ConfinedChild): void {
  // Should it start in spite of all, it reads that nobody is there.
  control.end();
  const look = (leftMs: number): void => {
    const { pid, exitCode, signalCode } = child;
    if (pid === undefined || exitCode !== null || signalCode !== null) return;
    const inner = isSandboxed ? childrenOf(pid) : null;
    if (inner?.length === 0 && leftMs > 0) {
      setTimeout(look, LOOK_AGAIN_MS, leftMs - LOOK_AGAIN_MS);
      return;
    }
    for (const one of inner ?? []) killQuietly(one);
    child.kill('SIGKILL');
  };
  look(LOOK_MS_MAX);
}

/** Tells once that the process is gone and everything that it wrote has been delivered. */
export function watchHostEnd(host: HostChild, onExit: (end: HostEnd) => void): void {
  const { child, control, isSandboxed } = host;
  let isTold = false;
  const tell = (end: HostEnd): void => {
    if (isTold) return;
    isTold = true;
    onExit(end);
    for (const stream of child.stdio) stream?.destroy();
  };
  child.once('error', error => {
    tell({ detail: `could not be started: ${error.message}`, exitCode: null, signal: null });
  });
  child.once('exit', (code, killedBy) => {
    const signal = killedBy ?? (isSandboxed ? signalOf(code) : null);
    const detail = signal === null ? `ended with code ${code}` : `ended by ${signal}`;
    const end = { detail, exitCode: signal === null ? code : null, signal };
    // Of a sandbox it is the outermost process that ended; node goes with it, and its sockets last.
    if (!isSandboxed || control.closed) {
      tell(end);
      return;
    }
    control.end();
    const limit = setTimeout(tell, LAST_SOCKET_MS_MAX, end);
    control.once('close', () => {
      clearTimeout(limit);
      tell(end);
    });
  });
}

/** As a shell does, bwrap ends with 128 and the number of the signal that ended its command. */
function signalOf(code: number | null): string | null {
  const number = (code ?? 0) - SIGNAL_CODES_FROM;
  return Object.entries(constants.signals).find(([, value]) => value === number)?.[0] ?? null;
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
}
