/** What each attempt was answered: a code, or `done` where nothing stopped it. */
export interface BareFindings {
  readonly files: string;
  readonly processes: string;
  readonly signals: string;
  readonly network: string;
}

/**
 * The program of a thread that runs without Node's permission model: what stops it is the
 * operating system. A process is started of a folder, which no kernel executes: what matters is
 * whether it gets as far as that. Nobody listens on the discard port.
 */
export const BARE_PROBE = `
const { parentPort, workerData } = require('node:worker_threads');
const codeOf = act => {
  try {
    act();
    return 'done';
  } catch (error) {
    return String(error.code);
  }
};
const forked = code => (code === 'EACCES' ? 'done' : code);
const findings = {
  files: codeOf(() => require('node:fs').readFileSync('/etc/passwd')),
  processes: forked(
    codeOf(() => {
      const { error } = require('node:child_process').spawnSync('/');
      if (error !== undefined) throw error;
    }),
  ),
  signals: codeOf(() => process.kill(workerData, 0)),
};
const say = network => parentPort.postMessage({ ...findings, network });
const reached = code => (code === 'ECONNREFUSED' ? 'done' : code);
try {
  const socket = require('node:net').connect(9, '127.0.0.1');
  socket.once('connect', () => say('done'));
  socket.once('error', error => say(reached(String(error.code))));
} catch (error) {
  say(String(error.code));
}
`;

/** Returns what the thread found, or null where it is not that. */
export function parseBareFindings(message: unknown): BareFindings | null {
  const found = (name: string): string | null => {
    if (typeof message !== 'object' || message === null) return null;
    const value: unknown = Reflect.get(message, name);
    return typeof value === 'string' ? value : null;
  };
  const [files, processes] = [found('files'), found('processes')];
  const [signals, network] = [found('signals'), found('network')];
  if (files === null || processes === null || signals === null || network === null) return null;
  return { files, processes, signals, network };
}
