import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import process from 'node:process';
import { parentPort, Worker } from 'node:worker_threads';
import { BlockingStream } from '../../../runtime/components/host/blocking-stream-io.ts';
import type { WorkerTask } from '../../../runtime/components/host/worker-io.ts';
import { WorkerSession } from '../../../runtime/components/host/worker-session.ts';
import { ANSWER_TYPES, CALL_TYPES, compileContract } from '../../../runtime/transport/index.ts';
import { testContract } from './test-contract.ts';

// A worker whose guest broke out into JavaScript: it tries what it must not be able to do, and
// reports as the reason of its death.
parentPort?.once('message', async (task: WorkerTask) => {
  const { activate } = task;
  const calls = new BlockingStream(task.callFd, activate.nonce, activate.slot, CALL_TYPES);
  const host = new BlockingStream(task.hostFd, activate.nonce, activate.slot, ANSWER_TYPES);
  host.open();
  calls.open();
  host.write(Buffer.from(activate.nonce));
  const found = {
    files: attempt(() => readFileSync('/etc/passwd')),
    ownMemory: attempt(() => readFileSync('/proc/self/mem')),
    sqlite: attempt(() => require_('node:sqlite')),
    ffi: attempt(() => require_('node:ffi')),
    spawn: attempt(() => process.getBuiltinModule('node:child_process').spawnSync('/bin/true')),
    addon: attempt(() => process.dlopen({ exports: {} }, '/lib/x86_64-linux-gnu/libc.so.6')),
    worker: attempt(() => new Worker('0', { eval: true })),
    workerWithoutFlags: attempt(() => new Worker('0', { eval: true, execArgv: [] })),
    workerFromData: attempt(() => new Worker(new URL('data:text/javascript,0'), { execArgv: [] })),
    socket: await attemptSocket(),
    environment: Object.keys(process.env).join(' ') || 'empty',
  };
  const session = new WorkerSession(activate, compileContract(testContract), {
    readAnswer: take => host.read(take),
    write: bytes => host.write(bytes),
  });
  session.fault(new Error(JSON.stringify(found)));
});

function attempt(act: () => unknown): string {
  try {
    const result = act();
    if (typeof result === 'object' && result !== null && 'error' in result && result.error) {
      throw result.error;
    }
    return 'done';
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error);
  }
}

function require_(name: string): unknown {
  const found = process.getBuiltinModule(name);
  if (found === undefined) throw Object.assign(new Error(name), { code: 'ABSENT' });
  return found;
}

function attemptSocket(): Promise<string> {
  return new Promise(resolve => {
    const socket = connect(9, '127.0.0.1');
    socket.once('connect', () => resolve('done'));
    socket.once('error', error => resolve('code' in error ? String(error.code) : error.message));
  });
}
