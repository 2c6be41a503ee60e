import type { KeyPage, KeyValueErrorCode } from '../ports/keyvalue.ts';
import type { NamespaceQuota } from './limits.ts';

/** What the storage worker is started with. */
export interface StorageWorkerSettings {
  /** The database's path. */
  readonly file: string;
  /** Largest size of the database. */
  readonly storeBytesMax: number;
}

/** One operation on the store. */
export type StoreOperation =
  | { readonly kind: 'get'; readonly namespace: string; readonly key: string }
  | {
      readonly kind: 'set';
      readonly namespace: string;
      readonly key: string;
      readonly value: Uint8Array;
      readonly quota: NamespaceQuota;
    }
  | { readonly kind: 'delete'; readonly namespace: string; readonly key: string }
  | { readonly kind: 'exists'; readonly namespace: string; readonly key: string }
  | { readonly kind: 'list'; readonly namespace: string; readonly cursor: string | null };

/** The answer to one operation. */
export type StoreAnswer =
  | { readonly kind: 'value'; readonly value: Uint8Array | null }
  | { readonly kind: 'exists'; readonly exists: boolean }
  | { readonly kind: 'keys'; readonly page: KeyPage }
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly code: KeyValueErrorCode; readonly message: string };

/** To the worker: a batch for one transaction, or the end. */
export type StorageRequest =
  | { readonly kind: 'batch'; readonly operations: readonly StoreOperation[] }
  | { readonly kind: 'close' };

/** From the worker. Answers are in the order of the batch's operations. */
export type StorageReply =
  | { readonly kind: 'opened'; readonly damage: StoreDamage | null }
  | { readonly kind: 'failed'; readonly code: KeyValueErrorCode; readonly message: string }
  | {
      readonly kind: 'answers';
      readonly answers: readonly StoreAnswer[];
      readonly damage: StoreDamage | null;
    };

/** A damaged database that was moved aside; a new, empty one is in its place. */
export interface StoreDamage {
  readonly movedTo: string;
  /** What was found, in SQLite's words. */
  readonly finding: string;
}
