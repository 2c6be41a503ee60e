import { Worker } from 'node:worker_threads';
import { errorMessage } from '../base/errors.ts';
import { moveBytes } from '../base/move-bytes.ts';
import { sha256 } from '../base/sha256.ts';
import { threadEntry } from '../base/thread-entry.ts';
import type { Clock, Timer } from '../ports/clock.ts';
import type { HashedBytes } from '../ports/hasher.ts';
import type { Log } from '../ports/log.ts';
import { SignatureError } from '../signing/errors.ts';
import { ReleaseError } from './errors.ts';
import { type ReleaseVerifier, type VerifiedEnvelope, VerifierError } from './release-verifier.ts';
import type { Refusal, VerifierReply, VerifierRequest } from './verifier-messages.ts';
import type { Vouchers } from './verify-envelope.ts';

/** Jobs that wait while one is done. */
export const JOBS_WAITING_MAX = 4;

/** For one job, the start of the thread included: the largest takes a second on a slow board. */
const JOB_MS_MAX = 60_000;

/** A thread without work is ended: it costs memory, and starts within a tenth of a second. */
const IDLE_MS = 3_000;

/** Bytes that are hashed at once, in a millisecond or two: sending them away costs as much. */
const HASHED_AT_ONCE_BYTES_MAX = 256 * 1_024;

/** JavaScript memory of the thread. The bytes themselves lie outside of it. */
const THREAD_MEMORY = { maxOldGenerationSizeMb: 96, maxYoungGenerationSizeMb: 16 };

/** What a verifier with a thread of its own needs. */
export interface ThreadedVerifierOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** The thread's entry file; this program's own when not given. */
  readonly entry?: URL;
}

interface Job {
  readonly request: VerifierRequest;
  readonly resolve: (reply: VerifierReply) => void;
  readonly reject: (error: VerifierError) => void;
}

/**
 * Returns a verifier that works in a thread of its own, which is started by the first job and ended
 * after some idle seconds. One job at a time; when its thread ends or takes too long the job is
 * rejected, and the next one gets another thread.
 */
export function threadedVerifier(options: ThreadedVerifierOptions): ReleaseVerifier {
  return new ThreadedVerifier(options);
}

class ThreadedVerifier implements ReleaseVerifier {
  readonly #options: ThreadedVerifierOptions;
  #thread: Worker | null = null;
  #current: Job | null = null;
  #waiting: Job[] = [];
  /** Of the current job, or of the idle thread. */
  #timer: Timer | null = null;
  #closed = false;

  constructor(options: ThreadedVerifierOptions) {
    this.#options = options;
  }

  async verify(envelope: Uint8Array, vouchers: Vouchers): Promise<VerifiedEnvelope> {
    const reply = await this.#ask({ kind: 'verify', bytes: moveBytes(envelope), vouchers });
    if (reply.kind === 'refused') throw refusalError(reply.refusal);
    if (reply.kind !== 'verified') throw mixedUp(reply);
    return reply.verified;
  }

  async hash(bytes: Uint8Array, startByte = 0): Promise<HashedBytes> {
    const moved = moveBytes(bytes);
    if (moved.length <= HASHED_AT_ONCE_BYTES_MAX) {
      return { bytes: moved, digest: sha256(moved.subarray(startByte)) };
    }
    const reply = await this.#ask({ kind: 'hash', bytes: moved, startByte });
    if (reply.kind !== 'hashed') throw mixedUp(reply);
    return reply.hashed;
  }

  async close(): Promise<void> {
    this.#closed = true;
    const jobs = this.#current === null ? this.#waiting : [this.#current, ...this.#waiting];
    this.#waiting = [];
    const ended = this.#drop();
    for (const { reject } of jobs) reject(closedError());
    await ended;
  }

  async #ask(request: VerifierRequest): Promise<VerifierReply> {
    if (this.#closed) throw closedError();
    if (this.#waiting.length >= JOBS_WAITING_MAX) {
      const message = `${JOBS_WAITING_MAX} verifications wait already; try again later`;
      throw new VerifierError('VERIFIER_BUSY', message);
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ request, resolve, reject });
      this.#next();
    });
  }

  /** Begins the next job, or lets the thread idle. */
  #next(): void {
    if (this.#current !== null) return;
    const job = this.#waiting.shift();
    this.#timer?.cancel();
    this.#timer = null;
    if (job === undefined) {
      if (this.#thread === null) return;
      this.#timer = this.#options.clock.after(IDLE_MS, () => void this.#drop());
      return;
    }
    this.#current = job;
    this.#timer = this.#options.clock.after(JOB_MS_MAX, () => {
      this.#fail('VERIFIER_TIMEOUT', `the verification took longer than ${JOB_MS_MAX} ms`);
    });
    this.#thread ??= this.#start();
    this.#thread.postMessage(job.request, [job.request.bytes.buffer]);
  }

  #start(): Worker {
    const { log } = this.#options;
    const entry = this.#options.entry ?? threadEntry(import.meta.url, 'verifier-worker');
    const thread = new Worker(entry, {
      env: {},
      execArgv: [],
      resourceLimits: THREAD_MEMORY,
    });
    log.write('debug', 'gateway', 'the verifier thread starts');
    let cause: unknown;
    thread.on('error', error => {
      cause = error;
    });
    thread.on('message', (reply: VerifierReply) => {
      if (thread === this.#thread) this.#take(reply);
    });
    thread.on('exit', code => {
      log.write('debug', 'gateway', 'the verifier thread ended');
      if (thread !== this.#thread) return;
      const why = cause === undefined ? `it ended with ${code}` : errorMessage(cause);
      this.#fail('VERIFIER_LOST', `the verifier thread failed: ${why}`, cause);
    });
    return thread;
  }

  #take(reply: VerifierReply): void {
    const job = this.#current;
    this.#current = null;
    job?.resolve(reply);
    this.#next();
  }

  /** Gives up the thread and the job it has, if any. */
  #fail(code: 'VERIFIER_TIMEOUT' | 'VERIFIER_LOST', message: string, cause?: unknown): void {
    const job = this.#current;
    this.#options.log.write('error', 'gateway', message, { code });
    void this.#drop();
    job?.reject(new VerifierError(code, `${message}; install again`, { cause }));
    this.#next();
  }

  /** Forgets the thread, its job and the timer; resolves when the thread has ended. */
  async #drop(): Promise<void> {
    const thread = this.#thread;
    this.#thread = null;
    this.#current = null;
    this.#timer?.cancel();
    this.#timer = null;
    await thread?.terminate();
  }
}

function refusalError(refusal: Refusal): ReleaseError | SignatureError {
  const options = refusal.cause === null ? {} : { cause: new Error(refusal.cause) };
  return refusal.by === 'release'
    ? new ReleaseError(refusal.code, refusal.message, options)
    : new SignatureError(refusal.code, refusal.message, options);
}

function closedError(): VerifierError {
  return new VerifierError('VERIFIER_CLOSED', 'the gateway is closing');
}

/** A programmer error: requests are answered in their order, each in its kind. */
function mixedUp({ kind }: VerifierReply): TypeError {
  return new TypeError(`the verifier thread answered "${kind}" to another request`);
}
