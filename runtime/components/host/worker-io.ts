import { randomFillSync } from 'node:crypto';
import process from 'node:process';
import { deserialize } from 'node:v8';
import { parentPort } from 'node:worker_threads';
// Not the linker's index: a worker loads activation only, and each file more costs it time.
import { activateComponent, type Handle } from '../../linker/activate.ts';
import { DEFAULT_ACTIVATION_LIMITS } from '../../linker/limits.ts';
import { semverTrack } from '../../linker/names.ts';
import type { Plan } from '../../linker/plan.ts';
import {
  type Activate,
  ANSWER_TYPES,
  CALL_TYPES,
  type Contract,
  type ContractCodecs,
  compileContract,
  FRAME_TYPE,
} from '../../transport/index.ts';
import { BlockingStream, SessionOver } from './blocking-stream-io.ts';
import { importsOf } from './imports.ts';
import { WorkerSession } from './worker-session.ts';

/** What the host's main thread posts to a worker, once. */
export interface WorkerTask {
  readonly activate: Activate;
  readonly callFd: number;
  readonly hostFd: number;
  readonly plan: Uint8Array;
  readonly modules: readonly WebAssembly.Module[];
}

/**
 * Runs a worker: waits for its one task, becomes that instance, and serves it until gatewayd says
 * so, closes the socket or terminates the thread. `contract` must be the one gatewayd has.
 */
export function runWorker(contract: Contract): void {
  const codecs = compileContract(contract);
  const port = parentPort;
  if (port === null) throw new Error('the worker entry was started as a process');
  port.once('message', (task: WorkerTask) => {
    try {
      serve(task, contract, codecs);
    } finally {
      port.close();
    }
  });
}

function serve(task: WorkerTask, contract: Contract, codecs: ContractCodecs): void {
  const { activate } = task;
  const calls = new BlockingStream(task.callFd, activate.nonce, activate.slot, CALL_TYPES);
  const host = new BlockingStream(task.hostFd, activate.nonce, activate.slot, ANSWER_TYPES);
  // 1. Both streams are cleared of what an earlier session left; then gatewayd clears its own.
  host.open();
  let messages = calls.open();
  host.write(Buffer.from(activate.nonce));
  const session = new WorkerSession(activate, codecs, {
    readAnswer: () => host.read(),
    write: bytes => host.write(bytes),
  });
  try {
    // 2. The instance stands before any call is read.
    const handle = activateComponent(
      planOf(task.plan),
      task.modules,
      importsOf(contract.imports, activate, {
        monotonicNs: () => process.hrtime.bigint(),
        wallMs: () => Date.now(),
        random: count => randomFillSync(new Uint8Array(count)),
        log: (level, context, text) => session.log(level, context, text),
        hostCall: (id, args) => session.hostCall(id, args),
      }),
      DEFAULT_ACTIVATION_LIMITS,
    );
    const exportIndexes = exportIndexesOf(contract, handle);
    requireMemory(handle, activate.memoryBytesMax);
    session.activated(handle, new Set(exportIndexes.keys()));
    // 3. Calls, one after the other, until the session is over.
    for (;;) {
      for (const message of messages) {
        if (message.type === FRAME_TYPE.wake) return;
        session.answerCall(message, handle, exportIndexes);
      }
      session.flush();
      messages = calls.read();
    }
  } catch (error) {
    if (!(error instanceof SessionOver)) session.fault(error);
  }
}

/** The linker checks the plan's version; what a worker reads can hurt this worker only. */
function planOf(bytes: Uint8Array): Plan {
  return deserialize(bytes) as Plan;
}

/** Returns the linker's index of each export of the contract that the component has. */
function exportIndexesOf(contract: Contract, handle: Handle): ReadonlyMap<number, number> {
  const key = (name: string, fn: string) => `${semverTrack(name)}#${fn}`;
  const indexes = new Map(
    handle.exports.map((found, index) => [key(found.interface, found.function.name), index]),
  );
  const pairs = new Map<number, number>();
  for (const [id, { interface: owner, function: shape }] of contract.exports.entries()) {
    const index = indexes.get(key(owner, shape.name));
    if (index !== undefined) pairs.set(id, index);
  }
  return pairs;
}

/** The modules were capped when they were staged; this catches a limit lowered since. */
function requireMemory(handle: Handle, memoryBytesMax: bigint): void {
  if (BigInt(handle.memoryBytes()) > memoryBytesMax) {
    throw new Error(`the component starts with more than ${memoryBytesMax} bytes of memory`);
  }
}
