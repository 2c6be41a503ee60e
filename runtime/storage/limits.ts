import { KeyValueError } from '../ports/keyvalue.ts';

/** Bytes of a key in UTF-8. */
export const KEY_BYTES_MAX = 256;

/** Bytes of a value. */
const VALUE_BYTES_MAX = 64 * 1_024;

/** Bytes of a namespace's name in UTF-8. */
const NAMESPACE_BYTES_MAX = 128;

/** Keys of one page of `listKeys`. */
export const KEYS_PAGE_MAX = 100;

/** Operations of one namespace that wait. */
export const WAITING_OPERATIONS_MAX = 256;

/** Value bytes of one namespace's operations that wait. */
export const WAITING_BYTES_MAX = 4 * 1_024 * 1_024;

/** Namespaces with operations that wait. */
export const WAITING_NAMESPACES_MAX = 256;

/** Operations of one transaction: what shares the cost of one sync to the disk. */
export const BATCH_OPERATIONS_MAX = 64;

/** Value bytes of one transaction. */
export const BATCH_BYTES_MAX = 1_024 * 1_024;

/** What one namespace may hold. */
export interface NamespaceQuota {
  /** Key and value bytes. */
  readonly bytesMax: number;
  readonly keysMax: number;
}

/** For a namespace that nobody gave a quota. */
export const NAMESPACE_QUOTA: NamespaceQuota = { bytesMax: 256 * 1_024, keysMax: 500 };

/** Refuses a key that is empty, too long or no text. @throws KeyValueError KV_KEY */
export function requireKey(key: string): void {
  if (isName(key, KEY_BYTES_MAX)) return;
  throw new KeyValueError('KV_KEY', `a key is 1 to ${KEY_BYTES_MAX} bytes of text without NUL`);
}

/** Refuses what cannot be a namespace. @throws KeyValueError KV_NO_SUCH_STORE */
export function requireNamespace(namespace: string): void {
  if (isName(namespace, NAMESPACE_BYTES_MAX)) return;
  throw new KeyValueError(
    'KV_NO_SUCH_STORE',
    `a namespace is 1 to ${NAMESPACE_BYTES_MAX} bytes of text without NUL`,
  );
}

/** Refuses a value that is too long. @throws KeyValueError KV_QUOTA */
export function requireValue(value: Uint8Array): void {
  if (value.length <= VALUE_BYTES_MAX) return;
  throw new KeyValueError(
    'KV_QUOTA',
    `a value of ${value.length} bytes; at most ${VALUE_BYTES_MAX} are stored`,
  );
}

function isName(text: string, bytesMax: number): boolean {
  return (
    text !== '' &&
    // Lone surrogates would be stored as another key than the one that was asked for.
    text.isWellFormed() &&
    !text.includes('\0') &&
    Buffer.byteLength(text) <= bytesMax
  );
}
