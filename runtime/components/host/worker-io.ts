import process from 'node:process';
import { parentPort } from 'node:worker_threads';
// Not the linker's index: a worker loads activation only, and each file more costs it time.
import type { FramedImports, Handle } from '../../linker/activate.ts';
import { activateComposition, type Part } from '../../linker/composition.ts';
import type { FrameFunction } from '../../linker/frame.ts';
import { DEFAULT_ACTIVATION_LIMITS } from '../../linker/limits.ts';
import { semverTrack } from '../../linker/names.ts';
import type { Plan } from '../../linker/plan.ts';
import {
  type Activate,
  ANSWER_TYPES,
  appendMessage,
  ByteSource,
  CALL_TYPES,
  type Contract,
  type ContractCodecs,
  compileContract,
  FRAME_TYPE,
  FrameReader,
  type Message,
  messageSink,
  NONCE_BYTES,
} from '../../transport/index.ts';
import { BlockingStream, SessionOver } from './blocking-stream-io.ts';
import { importsOf, partImportsOf, type WorkerFacilities } from './imports.ts';
import type { CompiledAssembly, CompiledComponent } from './piece-collector.ts';
import { WorkerSession } from './worker-session.ts';

/** What the host's main thread posts to a worker, once. */
export interface WorkerTask {
  readonly activate: Activate;
  readonly callFd: number;
  readonly hostFd: number;
  readonly assembly: CompiledAssembly;
}

/** An instance that stands. */
interface Standing {
  readonly handle: Handle;
  /** Of all its components. */
  memoryBytes(): number;
  readonly exportIndexes: ReadonlyMap<number, number>;
}

/** A component of the project's own that goes through what real ones will: plan, base64. */
export interface Rehearsal {
  readonly plan: string;
  readonly modules: readonly string[];
}

/** Longer than what is copied in a loop. */
const REHEARSED_BYTES = 64;

/**
 * Runs a worker: rehearses, waits for its one task, becomes that instance, and serves it until
 * gatewayd says so, closes the socket or terminates the thread. `contract` must be the one gatewayd
 * has.
 */
export function runWorker(contract: Contract, rehearsal: Rehearsal): void {
  const codecs = compileContract(contract);
  const port = parentPort;
  if (port === null) throw new Error('the worker entry was started as a process');
  port.once('message', (task: WorkerTask) => {
    try {
      serve(task, contract, codecs, () => port.postMessage('standing'));
    } finally {
      port.close();
    }
  });
  rehearse(rehearsal, contract, codecs);
  // What was needed once, to get here, is a fifth of what a waiting worker would hold on to.
  globalThis.gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}

function serve(
  task: WorkerTask,
  contract: Contract,
  codecs: ContractCodecs,
  onStanding: () => void,
): void {
  const { activate } = task;
  const calls = new BlockingStream(task.callFd, activate.nonce, activate.slot, CALL_TYPES);
  const host = new BlockingStream(task.hostFd, activate.nonce, activate.slot, ANSWER_TYPES);
  // 1. Both streams are cleared of what an earlier session left; then gatewayd clears its own.
  host.open();
  const first = calls.open();
  host.write(Buffer.from(activate.nonce));
  const session = new WorkerSession(activate, codecs, {
    readAnswer: take => host.read(take),
    write: bytes => host.write(bytes),
  });
  try {
    // 2. The instance stands before any call is read.
    const { handle, memoryBytes, exportIndexes } = stand(activate, task.assembly, contract, {
      log: (level, context, text) => session.log(level, context, text),
      hostCall: (id, args) => session.hostCall(id, args),
      frameFunction: id => session.frameFunction(id),
    });
    session.activated(memoryBytes, new Set(exportIndexes.keys()));
    onStanding();
    // 3. Calls, one after the other, until the session is over.
    let isOver = false;
    const take = (message: Message): void => {
      isOver ||= message.type === FRAME_TYPE.wake;
      if (!isOver) session.answerCall(message, handle, exportIndexes);
    };
    for (const message of first) take(message);
    while (!isOver) {
      session.flush();
      calls.read(take);
    }
  } catch (error) {
    if (!(error instanceof SessionOver)) session.fault(error);
  }
}

/** Instantiates an assembly; the handle is of the controller's own component. */
function stand(
  activate: Activate,
  { own, parts, links }: CompiledAssembly,
  contract: Contract,
  upward: Pick<WorkerFacilities, 'log' | 'hostCall' | 'frameFunction'>,
): Standing {
  const facilities = {
    monotonicNs: () => process.hrtime.bigint(),
    wallMs: () => Date.now(),
    random: randomBytes,
    ...upward,
  };
  const bindable = ({ name, plan, modules }: CompiledComponent, host: FramedImports): Part => {
    return { name, plan: planOf(plan), modules, host, limits: DEFAULT_ACTIVATION_LIMITS };
  };
  const handles = activateComposition(
    [
      ...parts.map(part => bindable(part, partImportsOf(part.name, facilities))),
      bindable(own, importsOf(contract.imports, activate, facilities)),
    ],
    links,
  );
  const handle = handles.get(own.name);
  if (handle === undefined || handles.size !== parts.length + 1) {
    throw new Error('two components of one name');
  }
  const all = [...handles.values()];
  const memoryBytes = () => {
    let sum = 0;
    for (const one of all) sum += one.memoryBytes();
    return sum;
  };
  requireMemory(memoryBytes(), activate.memoryBytesMax);
  return { handle, memoryBytes, exportIndexes: exportIndexesOf(contract, handle) };
}

/**
 * Goes through an activation and a call with a component of our own, without sockets. JavaScript is
 * compiled when it first runs: the first component would wait for that several milliseconds.
 */
function rehearse(rehearsal: Rehearsal, contract: Contract, codecs: ContractCodecs): void {
  const identity = { name: 'rehearsal', version: '0.0.0', slot: 'a', instance: 0n } as const;
  const activate: Activate = {
    slot: 0,
    nonce: new Uint8Array(NONCE_BYTES),
    memoryBytesMax: 65_536n,
    identity,
    granted: [],
    config: [],
  };
  const session = new WorkerSession(activate, codecs, { readAnswer: () => {}, write: () => {} });
  const modules = rehearsal.modules.map(base64 => {
    return new WebAssembly.Module(new Uint8Array(Buffer.from(base64, 'base64')));
  });
  const plan = Buffer.from(rehearsal.plan);
  const assembly = { own: { name: 'rehearsal', plan, modules }, parts: [], links: [] };
  const { handle, memoryBytes, exportIndexes } = stand(activate, assembly, contract, {
    log: (level, context, text) => session.log(level, context, text),
    hostCall: () => ({ tag: 'ok' }),
    frameFunction: () => rehearsedAnswer(),
  });
  session.activated(memoryBytes, new Set(exportIndexes.keys()));
  for (const message of rehearsedCalls(codecs, exportIndexes)) {
    session.answerCall(message, handle, exportIndexes);
  }
  session.flush();
  handle.close();
}

/** Answers every question with the first case and nothing in it: `ok`. */
function rehearsedAnswer(): FrameFunction {
  const sink = messageSink();
  const answer = new ByteSource(Buffer.from([0]));
  return {
    ask: () => {
      sink.at = 0;
      return sink;
    },
    answer: () => {
      answer.at = 0;
      return answer;
    },
  };
}

/** Returns a call of each export, which takes a message of the broker, as gatewayd frames it. */
function rehearsedCalls(
  codecs: ContractCodecs,
  exportIndexes: ReadonlyMap<number, number>,
): readonly Message[] {
  const out = messageSink();
  for (const functionId of exportIndexes.keys()) {
    appendMessage(out, { type: FRAME_TYPE.call, id: 1, slot: 0 }, sink => {
      sink.u16(functionId);
      sink.u32(1);
      const payload = new Uint8Array(REHEARSED_BYTES);
      const message = { connection: 'main', topic: 'rehearsal', payload, retained: false };
      codecs.exports[functionId]?.encodeParams([message], sink);
    });
  }
  return new FrameReader({ slot: 0, types: CALL_TYPES }).push(Buffer.from(out.written()));
}

/** The linker checks the plan's version; what a worker reads can hurt this worker only. */
function planOf(bytes: Uint8Array): Plan {
  return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString());
}

/** Loaded when a guest first asks: the module costs each worker most of a megabyte. */
function randomBytes(count: number): Uint8Array {
  return process.getBuiltinModule('node:crypto').randomFillSync(new Uint8Array(count));
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
function requireMemory(memoryBytes: number, memoryBytesMax: bigint): void {
  if (BigInt(memoryBytes) > memoryBytesMax) {
    throw new Error(`the component starts with more than ${memoryBytesMax} bytes of memory`);
  }
}
