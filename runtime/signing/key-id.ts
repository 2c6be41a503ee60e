import { createHash } from 'node:crypto';
import { encodeCbor } from '../base/cbor.ts';
import type { PublicKey } from './ed25519.ts';

/** COSE_Key labels and values of an Ed25519 key (RFC 9053 7.2). */
const COSE_KEY = { kty: 1, crv: -1, x: -2, okp: 1, ed25519: 6 } as const;

/** Returns the SHA-256 COSE Key Thumbprint of a key (RFC 9679 3): what `kid` holds. */
export function keyId(key: PublicKey): Uint8Array {
  const members = new Map<number, number | Uint8Array>([
    [COSE_KEY.kty, COSE_KEY.okp],
    [COSE_KEY.crv, COSE_KEY.ed25519],
    [COSE_KEY.x, key],
  ]);
  return Uint8Array.from(createHash('sha256').update(encodeCbor(members)).digest());
}

/** Returns a key id as people see it: lower-case hex. */
export function keyIdText(key: PublicKey): string {
  return Buffer.from(keyId(key)).toString('hex');
}
