import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import process from 'node:process';
import { errorCode } from '../../base/errors.ts';
import type { Hello } from '../../transport/index.ts';

/** Nobody listens there; an attempt is refused at once where it gets that far. */
const DISCARD_PORT = 9;

type Wall = Hello['walls'][number];

/**
 * Tries what the host process must not be able to do, and returns which walls stopped it. The
 * attempts are harmless where no wall stands: nothing is changed, sent or signalled.
 */
export async function probeWalls(): Promise<readonly Wall[]> {
  return [
    attempt('files', 'reads /etc/passwd', () => void readFileSync('/etc/passwd')),
    attempt('processes', 'starts a process', () => startProcess()),
    // Signal 0 delivers nothing; the kernel only says whether it would be allowed.
    attempt('signals', 'may signal the gateway', () => process.kill(process.ppid, 0)),
    await attemptNetwork(),
    nativeCode(),
  ];
}

function startProcess(): void {
  const { error } = spawnSync(process.execPath, ['--version'], { timeout: 1_000 });
  if (error !== undefined) throw error;
}

function attempt(name: string, what: string, act: () => void): Wall {
  try {
    act();
    return { name, state: 'down', detail: `the host ${what}` };
  } catch (error) {
    return { name, state: 'up', detail: `probed: ${errorCode(error)}` };
  }
}

function attemptNetwork(): Promise<Wall> {
  const name = 'network';
  return new Promise(resolve => {
    const socket = connect({ host: '127.0.0.1', port: DISCARD_PORT });
    const down: Wall = { name, state: 'down', detail: 'the host opens sockets' };
    socket.once('connect', () => {
      socket.destroy();
      resolve(down);
    });
    // Any other error comes from the network, so the attempt had got as far as that.
    socket.once('error', error => {
      const code = errorCode(error);
      resolve(
        code === 'ERR_ACCESS_DENIED' ? { name, state: 'up', detail: `probed: ${code}` } : down,
      );
    });
  });
}

function nativeCode(): Wall {
  const present = ['sqlite', 'ffi'].filter(name => {
    return process.getBuiltinModule(`node:${name}`) !== undefined;
  });
  return present.length === 0
    ? { name: 'native-code', state: 'up', detail: 'node:sqlite and node:ffi are absent' }
    : { name: 'native-code', state: 'down', detail: `${present.join(', ')} can be loaded` };
}
