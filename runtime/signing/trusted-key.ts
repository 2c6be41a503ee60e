import type { PublicKey } from './ed25519.ts';
import { keyIdText } from './key-id.ts';

/** A key that is trusted with something. */
export interface TrustedKey {
  /** For people. */
  readonly name: string;
  readonly key: PublicKey;
  /** Lower-case hex of its COSE Key Thumbprint. */
  readonly keyId: string;
}

/** Returns a key with its id. */
export function trustedKey(name: string, key: PublicKey): TrustedKey {
  return { name, key, keyId: keyIdText(key) };
}
