import { errorMessage } from '../base/errors.ts';
import type { Clock } from '../ports/clock.ts';
import { type KeyPage, KeyValueError, type KeyValuePort } from '../ports/keyvalue.ts';
import type { Log } from '../ports/log.ts';
import type { KeyValueStore } from './key-value-store-io.ts';

/** After a failed opening the next one is not tried sooner. */
const REOPEN_MS = 1_000;

/** What a store on demand is made of. */
export interface StoreOnDemandParts {
  readonly open: () => Promise<KeyValueStore>;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * A store that is opened when somebody first uses it: its thread takes 8 MB that a gateway without
 * stored state never needs, and one that cannot be opened must not keep a gateway from starting.
 */
export class StoreOnDemand implements KeyValuePort {
  readonly #parts: StoreOnDemandParts;
  #store: Promise<KeyValueStore> | null = null;
  #isOpen = false;
  #failure: { readonly message: string; readonly atMs: number } | null = null;
  #closed = false;

  constructor(parts: StoreOnDemandParts) {
    this.#parts = parts;
  }

  async get(namespace: string, key: string): Promise<Uint8Array | undefined> {
    return (await this.#opened()).get(namespace, key);
  }

  async set(namespace: string, key: string, value: Uint8Array): Promise<void> {
    // A copy: the caller's buffer may hold something else when the store is open.
    const kept = this.#isOpen ? value : value.slice();
    return (await this.#opened()).set(namespace, key, kept);
  }

  async delete(namespace: string, key: string): Promise<void> {
    return (await this.#opened()).delete(namespace, key);
  }

  async exists(namespace: string, key: string): Promise<boolean> {
    return (await this.#opened()).exists(namespace, key);
  }

  async listKeys(namespace: string, cursor: string | undefined): Promise<KeyPage> {
    return (await this.#opened()).listKeys(namespace, cursor);
  }

  /** Finishes what waits, then closes the database if it was ever opened. */
  async close(): Promise<void> {
    this.#closed = true;
    const store = await this.#store?.catch(() => null);
    await store?.close();
  }

  #opened(): Promise<KeyValueStore> {
    if (this.#closed) throw new KeyValueError('KV_IO', 'the store is closed');
    if (this.#store !== null) return this.#store;
    const { open, clock } = this.#parts;
    const failed = this.#failure;
    if (failed !== null && clock.monotonicMs() - failed.atMs < REOPEN_MS) {
      throw new KeyValueError('KV_IO', failed.message);
    }
    const opening = open();
    this.#store = opening;
    opening.then(
      () => {
        this.#isOpen = true;
        this.#failure = null;
      },
      (error: unknown) => this.#note(errorMessage(error)),
    );
    return opening;
  }

  #note(message: string): void {
    const { clock, log } = this.#parts;
    // The same failure again is the same news: it is logged once.
    if (message !== this.#failure?.message) {
      log.write('error', 'gateway', `stored state cannot be opened: ${message}`, { code: 'KV_IO' });
    }
    this.#failure = { message, atMs: clock.monotonicMs() };
    this.#store = null;
  }
}
