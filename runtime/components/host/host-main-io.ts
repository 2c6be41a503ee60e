import { Socket } from 'node:net';
import process from 'node:process';
import { Worker } from 'node:worker_threads';
import { errorMessage } from '../../base/errors.ts';
import {
  type Activate,
  CONTROL_DOWN_TYPES,
  CONTROL_MESSAGES,
  CONTROL_SLOT,
  FRAME_TYPE,
  FrameReader,
  type Message,
  type Prepare,
} from '../../transport/index.ts';
import { CONTROL_FD, callFdOf, hostFdOf } from './descriptors.ts';
import { type CompiledAssembly, PieceCollector } from './piece-collector.ts';
import { probeWalls } from './self-probe-io.ts';
import type { WorkerTask } from './worker-io.ts';

/** Heap of one worker; the guest's linear memory is not in it. */
const WORKER_HEAP_MIB_MAX = 64;
const WORKER_YOUNG_HEAP_MIB_MAX = 4;
const REASON_LENGTH_MAX = 1_024;

/** Returns the id that the gateway handed over; where it is none, nobody's. */
function gatewayPid(): number {
  const pid = Number(process.argv[2]);
  return Number.isSafeInteger(pid) && pid > 0 ? pid : process.ppid;
}

/** What the host's main thread is started with. */
export interface HostMainOptions {
  readonly contractDigest: string;
  readonly workerEntry: URL;
  /** Flags of each worker. Without `--permission` among them a worker would have none. */
  readonly workerFlags: readonly string[];
}

/** Runs the main thread of component-host until gatewayd closes the control socket. */
export async function runHostMain(options: HostMainOptions): Promise<void> {
  const host = new HostMain(options);
  await host.start();
}

/**
 * Compiles modules and hands slots to workers. It never instantiates or evaluates anything that
 * comes from a guest: this thread alone keeps the right to start workers.
 */
class HostMain {
  private readonly options: HostMainOptions;
  private readonly control = new Socket({ fd: CONTROL_FD, readable: true, writable: true });
  private readonly reader = new FrameReader({ slot: CONTROL_SLOT, types: CONTROL_DOWN_TYPES });
  private readonly collectors = new Map<number, PieceCollector>();
  private readonly assemblies = new Map<number, CompiledAssembly>();
  private readonly workers = new Map<number, Worker>();
  private spare: Worker | null;

  constructor(options: HostMainOptions) {
    this.options = options;
    this.spare = this.startWorker();
  }

  async start(): Promise<void> {
    const leave = () => {
      // Workers may be blocked or looping; nothing here needs an orderly end.
      process.kill(process.pid, 'SIGKILL');
    };
    this.control.on('end', leave).on('error', leave).on('close', leave);
    const walls = await probeWalls(gatewayPid());
    const { contractDigest } = this.options;
    this.control.write(CONTROL_MESSAGES.hello.encode(0, { contractDigest, walls }));
    this.control.on('data', (chunk: Buffer) => {
      for (const message of this.reader.push(chunk)) this.take(message);
    });
  }

  private take(message: Message): void {
    const { type, id } = message;
    if (type === FRAME_TYPE.prepare) {
      this.collect(id, CONTROL_MESSAGES.prepare.decode(message));
    } else if (type === FRAME_TYPE.chunk) {
      const collector = this.collectors.get(id);
      collector?.push(message.buffer.subarray(message.start, message.end));
      if (collector?.isComplete === true) this.compile(id, collector);
    } else if (type === FRAME_TYPE.forget) {
      this.assemblies.delete(id);
    } else if (type === FRAME_TYPE.activate) {
      this.activate(id, CONTROL_MESSAGES.activate.decode(message));
    } else if (type === FRAME_TYPE.terminate) {
      void this.workers.get(CONTROL_MESSAGES.terminate.decode(message).slot)?.terminate();
    }
  }

  private collect(id: number, announced: Prepare): void {
    try {
      const collector = new PieceCollector(announced);
      this.collectors.set(id, collector);
      if (collector.isComplete) this.compile(id, collector);
    } catch (error) {
      this.refuse(id, error);
    }
  }

  private refuse(id: number, error: unknown): void {
    const reason = errorMessage(error).slice(0, REASON_LENGTH_MAX).toWellFormed();
    this.control.write(CONTROL_MESSAGES.compileFailed.encode(id, { reason }));
  }

  private async compile(id: number, collector: PieceCollector): Promise<void> {
    this.collectors.delete(id);
    try {
      this.assemblies.set(id, await collector.compile());
      this.control.write(CONTROL_MESSAGES.compiled.encode(id, {}));
    } catch (error) {
      this.refuse(id, error);
    }
  }

  private activate(id: number, activate: Activate): void {
    const { slot } = activate;
    const assembly = this.assemblies.get(id);
    if (assembly === undefined || this.workers.has(slot)) {
      this.release(slot, 'the component is not prepared or the slot is taken');
      return;
    }
    const worker = this.spare ?? this.startWorker();
    this.spare = null;
    this.workers.set(slot, worker);
    // The next one starts when this one stands: what starts costs the processor that it needs.
    const refill = () => {
      this.spare ??= this.startWorker();
    };
    worker.once('message', refill);
    let failure = '';
    worker.on('error', error => {
      failure = errorMessage(error).slice(0, REASON_LENGTH_MAX).toWellFormed();
    });
    worker.once('exit', () => {
      refill();
      this.workers.delete(slot);
      this.release(slot, failure);
    });
    const task: WorkerTask = {
      activate,
      callFd: callFdOf(slot),
      hostFd: hostFdOf(slot),
      assembly,
    };
    worker.postMessage(task);
  }

  private release(slot: number, error: string): void {
    this.control.write(CONTROL_MESSAGES.released.encode(0, { slot, error }));
  }

  private startWorker(): Worker {
    const worker = new Worker(this.options.workerEntry, {
      execArgv: [...this.options.workerFlags],
      env: {},
      resourceLimits: {
        maxOldGenerationSizeMb: WORKER_HEAP_MIB_MAX,
        maxYoungGenerationSizeMb: WORKER_YOUNG_HEAP_MIB_MAX,
      },
    });
    worker.once('exit', () => {
      // Nobody could take the next task; gatewayd starts the whole process again.
      if (worker === this.spare) throw new Error('the spare worker ended');
    });
    return worker;
  }
}
