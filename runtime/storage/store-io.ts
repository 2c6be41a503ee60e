import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { errorMessage } from '../base/errors.ts';
import { KeyValueError } from '../ports/keyvalue.ts';
import { isDamage, keyValueCode, moveAside, openDatabase } from './database-io.ts';
import { KEYS_PAGE_MAX, type NamespaceQuota } from './limits.ts';
import type {
  StorageWorkerSettings,
  StoreAnswer,
  StoreDamage,
  StoreOperation,
} from './messages.ts';

interface Statements {
  readonly get: StatementSync;
  readonly size: StatementSync;
  readonly set: StatementSync;
  readonly delete: StatementSync;
  readonly list: StatementSync;
  readonly usage: StatementSync;
  readonly setUsage: StatementSync;
}

/** The answers to a batch, and the damage that was found on the way. */
export interface BatchResult {
  readonly answers: readonly StoreAnswer[];
  readonly damage: StoreDamage | null;
}

/** The store on its database: synchronous, for a thread of its own. */
export class Store {
  readonly #settings: StorageWorkerSettings;
  #database: DatabaseSync;
  #statements: Statements;
  /** What was wrong with the database found at the start, or null. */
  readonly damage: StoreDamage | null;

  /** @throws KeyValueError KV_IO, KV_DISK_FULL */
  constructor(settings: StorageWorkerSettings) {
    this.#settings = settings;
    const { database, damage } = openDatabase(settings);
    this.#database = database;
    this.#statements = prepare(database);
    this.damage = damage;
  }

  /**
   * Runs a batch in one transaction. When the transaction fails, each operation gets one of its
   * own, so that a full disk refuses what grows and nothing else.
   */
  run(operations: readonly StoreOperation[]): BatchResult {
    const together = this.#transaction(operations);
    if (together.kind === 'committed') return { answers: together.answers, damage: null };
    if (isDamage(together.error)) return this.#replace(operations, together.error);
    const answers: StoreAnswer[] = [];
    for (const operation of operations) {
      const alone = this.#transaction([operation]);
      if (alone.kind === 'committed') answers.push(...alone.answers);
      else if (isDamage(alone.error)) {
        // Those before were committed, and answered as they were.
        const rest = this.#replace(operations.slice(answers.length), alone.error);
        return { answers: [...answers, ...rest.answers], damage: rest.damage };
      } else answers.push(failed(alone.error));
    }
    return { answers, damage: null };
  }

  close(): void {
    if (this.#database.isOpen) this.#database.close();
  }

  #transaction(
    operations: readonly StoreOperation[],
  ):
    | { readonly kind: 'committed'; readonly answers: readonly StoreAnswer[] }
    | { readonly kind: 'failed'; readonly error: unknown } {
    try {
      // A batch that only reads must work on a full disk: it takes no write lock.
      const writes = operations.some(({ kind }) => kind === 'set' || kind === 'delete');
      this.#database.exec(writes ? 'BEGIN IMMEDIATE' : 'BEGIN');
      const answers = operations.map(operation => this.#answer(operation));
      this.#database.exec('COMMIT');
      return { kind: 'committed', answers };
    } catch (error) {
      this.#rollBack();
      return { kind: 'failed', error };
    }
  }

  #rollBack(): void {
    try {
      // SQLite has rolled back by itself after some errors.
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
    } catch {
      // The damage that made the rollback fail shows again in the next transaction.
    }
  }

  #answer(operation: StoreOperation): StoreAnswer {
    const { namespace } = operation;
    switch (operation.kind) {
      case 'get': {
        const row = this.#statements.get.get(namespace, operation.key);
        const value = row?.value;
        return { kind: 'value', value: value instanceof Uint8Array ? value : null };
      }
      case 'exists':
        return { kind: 'exists', exists: this.#sizeOf(namespace, operation.key) !== null };
      case 'list':
        return { kind: 'keys', page: this.#page(namespace, operation.cursor) };
      case 'delete':
        return this.#delete(namespace, operation.key);
      case 'set':
        return this.#set(namespace, operation.key, operation.value, operation.quota);
    }
  }

  #set(namespace: string, key: string, value: Uint8Array, quota: NamespaceQuota): StoreAnswer {
    const old = this.#sizeOf(namespace, key);
    const size = Buffer.byteLength(key) + value.length;
    const usage = this.#usage(namespace);
    const bytes = usage.bytes - (old ?? 0) + size;
    const keys = usage.keys + (old === null ? 1 : 0);
    // What makes a full namespace smaller is welcome, also when its quota was lowered.
    const grows = bytes > usage.bytes || keys > usage.keys;
    if (grows && (bytes > quota.bytesMax || keys > quota.keysMax)) {
      const message =
        `namespace "${namespace}" would hold ${bytes} bytes in ${keys} keys; ` +
        `at most ${quota.bytesMax} in ${quota.keysMax}`;
      return { kind: 'failed', code: 'KV_QUOTA', message };
    }
    this.#statements.set.run(namespace, key, value);
    this.#statements.setUsage.run(namespace, bytes, keys);
    return { kind: 'done' };
  }

  #delete(namespace: string, key: string): StoreAnswer {
    const old = this.#sizeOf(namespace, key);
    if (old === null) return { kind: 'done' };
    const usage = this.#usage(namespace);
    this.#statements.delete.run(namespace, key);
    this.#statements.setUsage.run(namespace, usage.bytes - old, usage.keys - 1);
    return { kind: 'done' };
  }

  #page(namespace: string, cursor: string | null): { keys: string[]; cursor: string | null } {
    const rows = this.#statements.list.all(namespace, cursor ?? '', KEYS_PAGE_MAX + 1);
    const keys = rows.map(row => String(row.key));
    const more = keys.length > KEYS_PAGE_MAX;
    const page = keys.slice(0, KEYS_PAGE_MAX);
    return { keys: page, cursor: more ? (page.at(-1) ?? null) : null };
  }

  #sizeOf(namespace: string, key: string): number | null {
    const size = this.#statements.size.get(namespace, key)?.size;
    return typeof size === 'number' ? size : null;
  }

  #usage(namespace: string): { readonly bytes: number; readonly keys: number } {
    const row = this.#statements.usage.get(namespace);
    return { bytes: Number(row?.bytes ?? 0), keys: Number(row?.keys ?? 0) };
  }

  /** Puts an empty database in the place of a damaged one; what was asked for fails, loudly. */
  #replace(operations: readonly StoreOperation[], error: unknown): BatchResult {
    const finding = errorMessage(error);
    this.close();
    const movedTo = moveAside(this.#settings.file);
    this.#database = openDatabase(this.#settings).database;
    this.#statements = prepare(this.#database);
    const message = `the database is damaged (${finding}); it was moved to ${movedTo}`;
    const answers = operations.map(() => failed(new KeyValueError('KV_DAMAGED', message)));
    return { answers, damage: { movedTo, finding } };
  }
}

function failed(error: unknown): StoreAnswer {
  return { kind: 'failed', code: keyValueCode(error), message: errorMessage(error) };
}

function prepare(database: DatabaseSync): Statements {
  return {
    get: database.prepare('SELECT value FROM entry WHERE namespace = ? AND key = ?'),
    size: database.prepare(
      'SELECT octet_length(key) + length(value) AS size FROM entry WHERE namespace = ? AND key = ?',
    ),
    set: database.prepare(
      'INSERT INTO entry (namespace, key, value) VALUES (?, ?, ?) ' +
        'ON CONFLICT (namespace, key) DO UPDATE SET value = excluded.value',
    ),
    delete: database.prepare('DELETE FROM entry WHERE namespace = ? AND key = ?'),
    list: database.prepare(
      'SELECT key FROM entry WHERE namespace = ? AND key > ? ORDER BY key LIMIT ?',
    ),
    usage: database.prepare('SELECT bytes, keys FROM usage WHERE namespace = ?'),
    setUsage: database.prepare(
      'INSERT INTO usage (namespace, bytes, keys) VALUES (?, ?, ?) ' +
        'ON CONFLICT (namespace) DO UPDATE SET bytes = excluded.bytes, keys = excluded.keys',
    ),
  };
}
