import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { Worker } from 'node:worker_threads';
import { errorCode } from '../../base/errors.ts';
import type { Hello } from '../../transport/index.ts';
import { BARE_PROBE, type BareFindings, parseBareFindings } from './bare-probe.ts';

/** A thread starts in 50 ms; one that takes this long is not waited for. */
const BARE_PROBE_MS = 5_000;

/** What the permission model says no with. */
const DENIED = 'ERR_ACCESS_DENIED';

type Wall = Hello['walls'][number];

/**
 * Tries what the host process must not be able to do, and returns which walls stopped it: first as
 * the process is, then in a thread that Node's permission model is put aside for, as if somebody
 * had got around it. The attempts are harmless where no wall stands: nothing is changed, sent or
 * signalled. Before any guest's byte is here, a thread without flags endangers nothing.
 */
export async function probeWalls(gatewayPid: number): Promise<readonly Wall[]> {
  const bare = await bareFindings(gatewayPid);
  return [
    permissionModel(),
    nativeCode(),
    judged('files', bare?.files, 'reads /etc/passwd'),
    judged('processes', bare?.processes, 'starts processes'),
    judged('signals', bare?.signals, 'may signal the gateway'),
    judged('network', bare?.network, 'opens sockets'),
  ];
}

function permissionModel(): Wall {
  const codes = [() => readFileSync('/etc/passwd'), () => startProcess()].map(codeOf);
  return codes.every(code => code === DENIED)
    ? { name: 'permission-model', state: 'up', detail: `probed: ${DENIED}` }
    : { name: 'permission-model', state: 'down', detail: `probed: ${codes.join(', ')}` };
}

function startProcess(): void {
  const { error } = spawnSync('/');
  if (error !== undefined) throw error;
}

function codeOf(act: () => unknown): string {
  try {
    act();
    return 'done';
  } catch (error) {
    return errorCode(error);
  }
}

function nativeCode(): Wall {
  const present = ['sqlite', 'ffi'].filter(name => {
    return process.getBuiltinModule(`node:${name}`) !== undefined;
  });
  return present.length === 0
    ? { name: 'native-code', state: 'up', detail: 'node:sqlite and node:ffi are absent' }
    : { name: 'native-code', state: 'down', detail: `${present.join(', ')} can be loaded` };
}

/** Returns what a thread without flags was answered; null where it did not say. */
function bareFindings(gatewayPid: number): Promise<BareFindings | null> {
  return new Promise(resolve => {
    const worker = new Worker(BARE_PROBE, {
      eval: true,
      execArgv: [],
      env: {},
      workerData: gatewayPid,
    });
    const finish = (findings: BareFindings | null): void => {
      clearTimeout(timer);
      resolve(findings);
      void worker.terminate();
    };
    const timer = setTimeout(() => finish(null), BARE_PROBE_MS);
    worker.once('message', (message: unknown) => finish(parseBareFindings(message)));
    worker.once('error', () => finish(null));
    worker.once('exit', () => finish(null));
  });
}

function judged(name: string, code: string | undefined, what: string): Wall {
  if (code === undefined) return { name, state: 'unknown', detail: 'the probe did not answer' };
  return code === 'done'
    ? { name, state: 'down', detail: `the host ${what} once node is got around` }
    : { name, state: 'up', detail: `probed without node's permission model: ${code}` };
}
