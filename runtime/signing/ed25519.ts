import { createHash, createPublicKey, verify as nodeVerify } from 'node:crypto';
import { getPublicKey, hashes, verify as nobleVerify, Point, sign } from '@noble/ed25519';
import { KeyError, SignatureError } from './errors.ts';

declare const publicKeyBrand: unique symbol;
declare const privateKeyBrand: unique symbol;

/** 32 bytes (RFC 8032 5.1.5): canonical, on the curve, in the prime-order subgroup. */
export type PublicKey = Uint8Array & { readonly [publicKeyBrand]: true };

/** The 32-byte seed of RFC 8032 5.1.5. */
export type PrivateKey = Uint8Array & { readonly [privateKeyBrand]: true };

/** Bytes of a public key, and of a seed. */
export const KEY_BYTES = 32;
/** Bytes of a signature. */
const SIGNATURE_BYTES = 64;

// The library's own way to make its synchronous functions work; set once, never changed.
hashes.sha512 = message => Uint8Array.from(createHash('sha512').update(message).digest());

/**
 * Returns `bytes` as a public key.
 * @throws KeyError `KEY_MALFORMED` for a wrong length or encoding, `KEY_WEAK` for a point of small
 *   or mixed order: under such a key signatures can be made without the private key, or verifiers
 *   disagree.
 */
export function parsePublicKey(bytes: Uint8Array): PublicKey {
  const point = decodePoint(bytes);
  if (point.isSmallOrder()) throw new KeyError('KEY_WEAK', 'the public key is of small order');
  if (!point.isTorsionFree()) throw new KeyError('KEY_WEAK', 'the public key is of mixed order');
  return Uint8Array.from(bytes) as PublicKey;
}

/**
 * Returns `bytes` as a private key.
 * @throws KeyError `KEY_MALFORMED` unless they are 32.
 */
export function parsePrivateKey(bytes: Uint8Array): PrivateKey {
  if (bytes.length !== KEY_BYTES) throw new KeyError('KEY_MALFORMED', 'a seed has 32 bytes');
  return Uint8Array.from(bytes) as PrivateKey;
}

/** Returns the public key of a private key. */
export function publicKeyOf(key: PrivateKey): PublicKey {
  // A multiple of the base point: canonical and of prime order by construction.
  return Uint8Array.from(getPublicKey(key)) as PublicKey;
}

/** Returns the 64-byte signature of a message, checked by both verifiers before it leaves. */
export function signEd25519(message: Uint8Array, key: PrivateKey): Uint8Array {
  const signature = Uint8Array.from(sign(message, key));
  requireEd25519(message, signature, publicKeyOf(key));
  return signature;
}

/**
 * Returns only if `signature` is by `key` over exactly `message`, in the opinion of two
 * independent implementations with RFC 8032's strict decoding.
 * @throws SignatureError `SIGNATURE_INVALID`, or `SIGNATURE_DISPUTED` where only the first accepts
 */
export function requireEd25519(message: Uint8Array, signature: Uint8Array, key: PublicKey): void {
  // The faster one first: what it refuses, which anybody can send, does not cost the other's time.
  if (signature.length !== SIGNATURE_BYTES || !nodeAccepts(message, signature, key)) {
    throw new SignatureError('SIGNATURE_INVALID', 'the signature does not fit the signed bytes');
  }
  if (nobleAccepts(message, signature, key)) return;
  throw new SignatureError('SIGNATURE_DISPUTED', 'two verifiers disagree about the signature');
}

function nobleAccepts(message: Uint8Array, signature: Uint8Array, key: PublicKey): boolean {
  // ZIP-215, the default, accepts forgeries under weak keys.
  return nobleVerify(signature, message, key, { zip215: false });
}

function nodeAccepts(message: Uint8Array, signature: Uint8Array, key: PublicKey): boolean {
  const x = Buffer.from(key).toString('base64url');
  const handle = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
  return nodeVerify(null, message, handle, signature);
}

function decodePoint(bytes: Uint8Array): Point {
  if (bytes.length !== KEY_BYTES) {
    throw new KeyError('KEY_MALFORMED', `a public key has 32 bytes, not ${bytes.length}`);
  }
  try {
    return Point.fromBytes(Uint8Array.from(bytes), false);
  } catch (cause) {
    throw new KeyError('KEY_MALFORMED', 'the public key is not a canonical curve point', { cause });
  }
}
