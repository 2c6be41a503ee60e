import { Worker } from 'node:worker_threads';
import { backoffMs } from '../base/backoff.ts';
import { errorMessage } from '../base/errors.ts';
import { threadEntry } from '../base/thread-entry.ts';
import type { Clock, Timer } from '../ports/clock.ts';
import { type KeyPage, KeyValueError, type KeyValuePort } from '../ports/keyvalue.ts';
import type { Log } from '../ports/log.ts';
import { FairQueue } from './fair-queue.ts';
import {
  BATCH_BYTES_MAX,
  BATCH_OPERATIONS_MAX,
  KEY_BYTES_MAX,
  NAMESPACE_QUOTA,
  type NamespaceQuota,
  requireKey,
  requireNamespace,
  requireValue,
  WAITING_BYTES_MAX,
  WAITING_NAMESPACES_MAX,
  WAITING_OPERATIONS_MAX,
} from './limits.ts';
import type {
  StorageReply,
  StorageRequest,
  StoreAnswer,
  StoreDamage,
  StoreOperation,
} from './messages.ts';

/** Waits between attempts to start the storage thread again. */
const RESTART = { minMs: 200, maxMs: 10_000 };

/** JavaScript memory of the storage thread; SQLite's own is beside it. */
const THREAD_MEMORY_MIB_MAX = 128;

/** What a store is opened with. */
export interface KeyValueStoreSettings {
  /** The database's path; its folder exists. */
  readonly file: string;
  readonly storeBytesMax: number;
  readonly clock: Clock;
  readonly log: Log;
  /** Called when a damaged database was moved aside, beside a critical log line. */
  readonly onDamage?: (damage: StoreDamage) => void;
}

/** The stored state of all controllers. */
export interface KeyValueStore extends KeyValuePort {
  /** Sets what a namespace may hold; what it holds already stays. */
  setQuota(namespace: string, quota: NamespaceQuota): void;
  /** Whether the storage thread is up. */
  ready(): boolean;
  /** Finishes what waits, then closes the database. */
  close(): Promise<void>;
}

interface Waiting {
  readonly operation: StoreOperation;
  readonly resolve: (answer: StoreAnswer) => void;
  readonly reject: (error: KeyValueError) => void;
}

/**
 * Opens the store, in its own thread. Rejects where it cannot be opened at all.
 * @throws KeyValueError KV_IO, KV_DISK_FULL
 */
export async function openKeyValueStore(settings: KeyValueStoreSettings): Promise<KeyValueStore> {
  const store = new ThreadedStore(settings);
  await store.start();
  return store;
}

class ThreadedStore implements KeyValueStore {
  readonly #settings: KeyValueStoreSettings;
  readonly #quotas = new Map<string, NamespaceQuota>();
  readonly #queue = new FairQueue<Waiting>({
    namespacesMax: WAITING_NAMESPACES_MAX,
    operationsMax: WAITING_OPERATIONS_MAX,
    bytesMax: WAITING_BYTES_MAX,
    batchOperationsMax: BATCH_OPERATIONS_MAX,
    batchBytesMax: BATCH_BYTES_MAX,
  });
  #worker: Worker | null = null;
  #inFlight: Waiting[] = [];
  #restarts = 0;
  #restartTimer: Timer | null = null;
  /** A start again that is on its way; never rejects. */
  #starting: Promise<void> | null = null;
  #lastFailure: string | null = null;
  #closing: { readonly done: () => void } | null = null;

  constructor(settings: KeyValueStoreSettings) {
    this.#settings = settings;
  }

  async get(namespace: string, key: string): Promise<Uint8Array | undefined> {
    requireKey(key);
    const answer = await this.#ask({ kind: 'get', namespace, key });
    return answer.kind === 'value' && answer.value !== null ? answer.value : undefined;
  }

  async set(namespace: string, key: string, value: Uint8Array): Promise<void> {
    requireKey(key);
    requireValue(value);
    const quota = this.#quotas.get(namespace) ?? NAMESPACE_QUOTA;
    // A copy: the caller's buffer may hold something else by the time it is written.
    await this.#ask({ kind: 'set', namespace, key, value: value.slice(), quota });
  }

  async delete(namespace: string, key: string): Promise<void> {
    requireKey(key);
    await this.#ask({ kind: 'delete', namespace, key });
  }

  async exists(namespace: string, key: string): Promise<boolean> {
    requireKey(key);
    const answer = await this.#ask({ kind: 'exists', namespace, key });
    return answer.kind === 'exists' && answer.exists;
  }

  async listKeys(namespace: string, cursor: string | undefined): Promise<KeyPage> {
    if (cursor !== undefined) requireKey(cursor);
    const answer = await this.#ask({ kind: 'list', namespace, cursor: cursor ?? null });
    return answer.kind === 'keys' ? answer.page : { keys: [], cursor: null };
  }

  setQuota(namespace: string, quota: NamespaceQuota): void {
    requireNamespace(namespace);
    this.#quotas.set(namespace, quota);
  }

  ready(): boolean {
    return this.#worker !== null;
  }

  async close(): Promise<void> {
    if (this.#closing !== null) return;
    this.#restartTimer?.cancel();
    const ended = new Promise<void>(resolve => {
      this.#closing = { done: resolve };
    });
    // One that is on its way closes as soon as it is open: its file must not outlive this call.
    await this.#starting;
    if (this.#worker === null) return;
    this.#pump();
    await ended;
  }

  /** Starts the thread; resolves when the database is open. */
  start(): Promise<void> {
    const { file, storeBytesMax } = this.#settings;
    return new Promise((resolve, reject) => {
      const worker = new Worker(threadEntry(import.meta.url, 'storage-worker'), {
        workerData: { file, storeBytesMax },
        env: {},
        execArgv: [],
        resourceLimits: { maxOldGenerationSizeMb: THREAD_MEMORY_MIB_MAX },
      });
      let failure = new KeyValueError('KV_IO', 'the storage thread ended');
      worker.on('message', (reply: StorageReply) => {
        if (reply.kind === 'failed') failure = new KeyValueError(reply.code, reply.message);
        else if (reply.kind === 'opened') {
          this.#worker = worker;
          this.#noteDamage(reply.damage);
          resolve();
          this.#pump();
        } else {
          this.#take(reply.answers, reply.damage);
        }
      });
      worker.on('error', cause => {
        failure = new KeyValueError('KV_IO', `the storage thread failed: ${errorMessage(cause)}`, {
          cause,
        });
      });
      worker.on('exit', () => {
        reject(failure);
        this.#ended(worker, failure);
      });
    });
  }

  async #ask(operation: StoreOperation): Promise<StoreAnswer> {
    requireNamespace(operation.namespace);
    if (this.#closing !== null) throw new KeyValueError('KV_IO', 'the store is closed');
    if (this.#worker === null) {
      // Refused, not kept waiting: the wait may be longer than the caller's deadline.
      throw new KeyValueError('KV_IO', 'the storage thread is being started again; try later');
    }
    const answer = await new Promise<StoreAnswer>((resolve, reject) => {
      const bytes =
        operation.kind === 'set' ? operation.value.length + KEY_BYTES_MAX : KEY_BYTES_MAX;
      if (!this.#queue.push(operation.namespace, { operation, resolve, reject }, bytes)) {
        const { namespace } = operation;
        const message = `namespace "${namespace}" has too many operations waiting; try again later`;
        reject(new KeyValueError('KV_BUSY', message));
        return;
      }
      this.#pump();
    });
    if (answer.kind === 'failed') throw new KeyValueError(answer.code, answer.message);
    return answer;
  }

  /** Sends the next batch when the last one is answered: what gathers meanwhile shares a sync. */
  #pump(): void {
    if (this.#worker === null || this.#inFlight.length > 0) return;
    this.#inFlight = this.#queue.takeBatch();
    const request: StorageRequest | null =
      this.#inFlight.length > 0
        ? { kind: 'batch', operations: this.#inFlight.map(({ operation }) => operation) }
        : this.#closing === null
          ? null
          : { kind: 'close' };
    if (request !== null) this.#worker.postMessage(request);
  }

  #take(answers: readonly StoreAnswer[], damage: StoreDamage | null): void {
    const asked = this.#inFlight;
    this.#inFlight = [];
    this.#restarts = 0;
    this.#noteDamage(damage);
    for (const [index, waiting] of asked.entries()) {
      const answer = answers[index];
      if (answer === undefined) waiting.reject(new KeyValueError('KV_IO', 'no answer'));
      else waiting.resolve(answer);
    }
    this.#pump();
  }

  #ended(worker: Worker, failure: KeyValueError): void {
    const wasOpen = this.#worker === worker;
    if (wasOpen) this.#worker = null;
    if (this.#closing !== null) {
      this.#rejectAll('the store is closed');
      this.#closing.done();
      return;
    }
    // Before its first opening the caller of `start` decides; afterwards we try for ever.
    if (!wasOpen && this.#restarts === 0) return;
    this.#rejectAll(failure.message);
    this.#restarts += 1;
    const { clock, log } = this.#settings;
    const { message, code } = failure;
    // The same failure again is the same news: it is logged once.
    if (message !== this.#lastFailure) {
      log.write('error', 'gateway', `${message}; starting it again`, { code });
    }
    this.#lastFailure = message;
    this.#restartTimer = clock.after(backoffMs(RESTART, this.#restarts, 1), () => {
      // `#ended` sees a failure too and plans the next attempt.
      this.#starting = this.start().then(
        () => this.#noteReturn(),
        () => undefined,
      );
    });
  }

  #rejectAll(message: string): void {
    const waiting = [...this.#inFlight, ...this.#queue.takeAll()];
    this.#inFlight = [];
    for (const { reject } of waiting) reject(new KeyValueError('KV_IO', message));
  }

  #noteReturn(): void {
    this.#lastFailure = null;
    this.#settings.log.write('info', 'gateway', 'the storage thread is up again');
  }

  #noteDamage(damage: StoreDamage | null): void {
    if (damage === null) return;
    const { file, log, onDamage } = this.#settings;
    log.write(
      'critical',
      'gateway',
      `stored state was damaged (${damage.finding}) and moved to ${damage.movedTo}; ` +
        `controllers start with empty state in ${file}`,
      { code: 'KV_DAMAGED' },
    );
    onDamage?.(damage);
  }
}
