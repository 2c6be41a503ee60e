import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createSystemClock } from '../../drivers/clock/system-clock.ts';
import { errorCode } from '../../runtime/base/errors.ts';
import { ControlClient } from '../../runtime/control/client-io.ts';

/** A gatewayd of its own process. */
export interface Daemon {
  readonly process: ChildProcess;
  /** What it wrote to standard error so far, at most the last 256 KiB. */
  output(): string;
  connect(): Promise<ControlClient>;
  /** Asks for an orderly end and waits for it; kills after 10 s. Returns the exit code. */
  stop(): Promise<number | null>;
}

/** How a daemon is started. */
export interface DaemonOptions {
  /** Folder of the bundled programs. */
  readonly programs: string;
  readonly configFile: string;
  readonly socket: string;
  readonly logLevel?: string;
  /** Called with each line of its log as it comes. */
  readonly onLine?: (line: string) => void;
}

/** A gatewayd that may still be starting. */
export interface SpawnedDaemon extends Daemon {
  /** Resolves when it answers; rejects with its output when it ends before. */
  answering(): Promise<void>;
  /** Resolves to its exit code, or null after a signal. */
  readonly ended: Promise<number | null>;
}

const START_MS = 20_000;
const STOP_MS = 10_000;
const OUTPUT_CHARS_MAX = 256 * 1_024;
const POLL_MS = 25;

/** Starts gatewayd and resolves when it answers; rejects with its output when it ends before. */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const daemon = spawnDaemon(options);
  await daemon.answering();
  return daemon;
}

/** Starts gatewayd and does not wait. It ends by itself when this process is gone. */
export function spawnDaemon(options: DaemonOptions): SpawnedDaemon {
  const child = spawn(
    process.execPath,
    [
      join(options.programs, 'launcher.cjs'),
      'gatewayd',
      '--config',
      options.configFile,
      '--log',
      'human',
      '--log-level',
      options.logLevel ?? 'info',
      '--with-parent',
    ],
    // A group of its own: Ctrl-C in the terminal reaches whoever started it, who then asks it.
    { stdio: ['pipe', 'ignore', 'pipe'], detached: true },
  );
  // Nothing is ever written there: that it is open says that this process lives.
  child.stdin.on('error', () => undefined);
  let output = '';
  let rest = '';
  child.stderr.setEncoding('utf8');
  child.stderr.on('data', (text: string) => {
    output = (output + text).slice(-OUTPUT_CHARS_MAX);
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) options.onLine?.(line);
  });
  const ended = new Promise<number | null>(resolve => child.once('exit', resolve));
  const daemon: SpawnedDaemon = {
    process: child,
    output: () => output,
    connect: () => connect(options.socket),
    answering: () => answering(daemon, options.socket),
    ended,
    stop: async () => {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGTERM');
        const kill = setTimeout(() => killGroup(child), STOP_MS);
        await ended;
        clearTimeout(kill);
      }
      return child.exitCode;
    },
  };
  return daemon;
}

/** With its own children, which it cannot end any more. */
function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // Ended meanwhile.
  }
}

function connect(socket: string): Promise<ControlClient> {
  const clock = createSystemClock();
  return ControlClient.connect({ path: socket, clientName: 'start', clock, timeoutMs: 5_000 });
}

async function answering(daemon: Daemon, socket: string): Promise<void> {
  const untilMs = performance.now() + START_MS;
  while (performance.now() < untilMs) {
    if (daemon.process.exitCode !== null || daemon.process.signalCode !== null) break;
    try {
      (await connect(socket)).close();
      return;
    } catch (error) {
      // Lost: it accepted while it was still busy starting, and gave up. Both pass.
      if (!['CONTROL_UNREACHABLE', 'CONTROL_LOST'].includes(errorCode(error))) throw error;
    }
    await new Promise(resolve => setTimeout(resolve, POLL_MS));
  }
  await daemon.stop();
  throw new Error(`gatewayd did not start:\n${daemon.output()}`);
}
