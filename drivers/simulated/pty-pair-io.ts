import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';

/** A pseudo-terminal: `path` is opened as a serial port, this is the device at its other end. */
export interface PtyPair {
  readonly path: string;
  /** The program that holds the pseudo-terminal. */
  readonly tool: 'socat' | 'script';
  write(bytes: Uint8Array): void;
  /** Calls `listener` with all that is written to `path`. */
  onData(listener: (bytes: Uint8Array) => void): void;
  /** Ends the program; whoever has `path` open sees a pulled cable. */
  close(): Promise<void>;
}

/** The program must have named its terminal by then. */
const START_MS_MAX = 3_000;

/** Output before the terminal's name; more is not one of these programs. */
const START_CHARACTERS_MAX = 4_096;

/** Bytes for `path` that its reader has not taken; more are thrown away, as a wire would. */
const WAITING_BYTES_MAX = 64 * 1_024;

/**
 * Opens a pseudo-terminal pair with what is on the machine: socat, else `script` (part of Debian's
 * essential bsdutils), else null. Both programs end by themselves when this process does.
 */
export async function openPtyPair(
  tools: readonly PtyPair['tool'][] = ['socat', 'script'],
): Promise<PtyPair | null> {
  for (const tool of tools) {
    const pair = await startTool(tool);
    if (pair !== null) return pair;
  }
  return null;
}

function spawnTool(tool: PtyPair['tool']): ChildProcessWithoutNullStreams {
  const env = { PATH: process.env.PATH ?? '/usr/bin:/bin', LC_ALL: 'C' };
  if (tool === 'socat') return spawn('socat', ['-d', '-d', 'pty,raw,echo=0', 'stdio'], { env });
  // The shell keeps the terminal open and never reads it. `script` lives on when its input ends,
  // so the shell looks whether this process is still there.
  const hold = `stty raw -echo && tty && while [ -d /proc/${process.pid} ]; do sleep 1; done`;
  return spawn('script', ['-q', '-c', hold, '/dev/null'], { env: { ...env, SHELL: '/bin/sh' } });
}

function startTool(tool: PtyPair['tool']): Promise<PtyPair | null> {
  return new Promise(resolve => {
    const child = spawnTool(tool);
    let text = '';
    const finish = (path: string | null) => {
      clearTimeout(timer);
      child.stdout.removeAllListeners('data');
      child.stderr.removeAllListeners('data');
      if (path === null) child.kill('SIGKILL');
      resolve(path === null ? null : pairOf(tool, child, path));
    };
    const timer = setTimeout(finish, START_MS_MAX, null);
    const read = (chunk: Buffer) => {
      text += chunk.toString('latin1');
      // The line end is part of the match: half a number would be another terminal's name.
      const path = /(\/dev\/pts\/\d+)[\r\n]/.exec(text)?.[1];
      if (path !== undefined) finish(path);
      else if (text.length > START_CHARACTERS_MAX) finish(null);
    };
    (tool === 'socat' ? child.stderr : child.stdout).on('data', read);
    child.stdin.on('error', () => {});
    child.once('error', () => finish(null));
    child.once('exit', () => finish(null));
  });
}

function pairOf(
  tool: PtyPair['tool'],
  child: ChildProcessWithoutNullStreams,
  path: string,
): PtyPair {
  const listeners: ((bytes: Uint8Array) => void)[] = [];
  child.stderr.resume();
  child.stdout.on('data', (bytes: Buffer) => {
    for (const listener of listeners) listener(new Uint8Array(bytes));
  });
  const ended = new Promise<void>(resolve => {
    if (child.exitCode !== null || child.signalCode !== null) resolve();
    else child.once('close', () => resolve());
  });
  return {
    path,
    tool,
    write: bytes => {
      if (child.stdin.writable && child.stdin.writableLength < WAITING_BYTES_MAX) {
        child.stdin.write(bytes);
      }
    },
    onData: listener => void listeners.push(listener),
    close: async () => {
      // Asked kindly, `script` takes two seconds; killed, its terminal hangs up and the shell goes.
      child.kill('SIGKILL');
      await ended;
    },
  };
}
