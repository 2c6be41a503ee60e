import { GatewayError } from '../base/errors.ts';

/** One page of keys. `cursor` is null after the last page. */
export interface KeyPage {
  readonly keys: readonly string[];
  readonly cursor: string | null;
}

/**
 * Durable key-value state by namespace. A resolved `set` or `delete` survives a power cut.
 * Every method rejects with KeyValueError.
 */
export interface KeyValuePort {
  get(namespace: string, key: string): Promise<Uint8Array | undefined>;
  set(namespace: string, key: string, value: Uint8Array): Promise<void>;
  delete(namespace: string, key: string): Promise<void>;
  exists(namespace: string, key: string): Promise<boolean>;
  /** Keys in order, at most 100 a page. */
  listKeys(namespace: string, cursor: string | undefined): Promise<KeyPage>;
}

/** Codes of KeyValueError. */
export type KeyValueErrorCode =
  | 'KV_DENIED'
  | 'KV_NO_SUCH_STORE'
  | 'KV_QUOTA'
  | 'KV_KEY'
  | 'KV_DISK_FULL'
  | 'KV_DAMAGED'
  | 'KV_BUSY'
  | 'KV_UNRECORDED'
  | 'KV_IO';

/** A refused or failed operation on stored state. */
export class KeyValueError extends GatewayError<KeyValueErrorCode> {}
