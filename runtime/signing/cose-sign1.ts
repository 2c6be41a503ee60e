import { CborTag, decodeCbor, encodeCbor } from '../base/cbor.ts';
import { readArray, readBytes, readInteger, readMap } from '../base/cbor-read.ts';
import { CborError } from '../base/cbor-scan.ts';
import { type PrivateKey, publicKeyOf, SIGNATURE_BYTES, signEd25519 } from './ed25519.ts';
import { SignatureError } from './errors.ts';
import { keyId } from './key-id.ts';

/** COSE algorithm numbers: Ed25519 of RFC 9864; the older polymorphic EdDSA of RFC 9053. */
export const COSE_ALGORITHM = { ed25519: -19, edDsa: -8 } as const;

const HEADER = { algorithm: 1, contentType: 3, keyId: 4 } as const;
const SIGN1_TAG = 18;
const CBOR_LIMITS = { tags: [SIGN1_TAG], depthMax: 4, itemsMax: 32 };
const HEADER_LIMITS = { tags: [], depthMax: 2, itemsMax: 8 };
const BLOCK_BYTES_MAX = 1_024;
const KEY_ID_BYTES_MAX = 64;
const HEADER_INT_MAX = 65_535;

/** A parsed COSE_Sign1 block. Nothing in it is verified. */
export interface Sign1 {
  readonly algorithm: number;
  readonly keyId: Uint8Array;
  /** The protected headers exactly as they came: these bytes are signed. */
  readonly protectedBytes: Uint8Array;
  /** Null where the payload is detached. */
  readonly payload: Uint8Array | null;
  readonly signature: Uint8Array;
}

/**
 * Returns a tagged COSE_Sign1 (RFC 9052 4.2) over a detached payload, by Ed25519 (-19). Algorithm
 * and key id are protected headers.
 */
export function signDetached(payload: Uint8Array, key: PrivateKey): Uint8Array {
  const headers = new Map<number, number | Uint8Array>([
    [HEADER.algorithm, COSE_ALGORITHM.ed25519],
    [HEADER.keyId, keyId(publicKeyOf(key))],
  ]);
  const protectedBytes = encodeCbor(headers);
  const signature = signEd25519(signedBytes(protectedBytes, payload), key);
  return encodeCbor(new CborTag([protectedBytes, new Map(), null, signature], SIGN1_TAG));
}

/** Returns the Sig_structure of RFC 9052 4.4: the bytes that a COSE_Sign1 signature covers. */
export function signedBytes(protectedBytes: Uint8Array, payload: Uint8Array): Uint8Array {
  return encodeCbor(['Signature1', protectedBytes, new Uint8Array(0), payload]);
}

/**
 * Returns the parts of a tagged COSE_Sign1 of at most 1 KiB, with Ed25519 and a key id; both may
 * stand in either header, in one of them only.
 * @throws SignatureError `SIGNATURE_MALFORMED`, `SIGNATURE_ALGORITHM`
 */
export function parseSign1(bytes: Uint8Array, options: { readonly acceptEdDsa: boolean }): Sign1 {
  let block: Sign1;
  try {
    block = parseBlock(bytes);
  } catch (cause) {
    if (!(cause instanceof CborError)) throw cause;
    throw new SignatureError('SIGNATURE_MALFORMED', `COSE_Sign1: ${cause.message}`, { cause });
  }
  const { ed25519, edDsa } = COSE_ALGORITHM;
  if (block.algorithm === ed25519) return block;
  if (block.algorithm === edDsa && options.acceptEdDsa) return block;
  throw new SignatureError(
    'SIGNATURE_ALGORITHM',
    `algorithm ${block.algorithm} is not accepted; sign with Ed25519 (${ed25519})`,
  );
}

function parseBlock(bytes: Uint8Array): Sign1 {
  readBytes(bytes, 'block', 1, BLOCK_BYTES_MAX);
  const tagged = decodeCbor(bytes, CBOR_LIMITS);
  const parts = readArray(tagged instanceof CborTag ? tagged.value : null, 'block', 4, 4);
  const protectedBytes = readBytes(parts[0], 'protected', 1, BLOCK_BYTES_MAX);
  const known = [HEADER.algorithm, HEADER.contentType, HEADER.keyId];
  const shielded = readMap(decodeCbor(protectedBytes, HEADER_LIMITS), 'protected', [1], known);
  const open = readMap(parts[1], 'unprotected', [], [HEADER.keyId]);
  if (shielded.has(HEADER.keyId) === open.has(HEADER.keyId)) {
    throw new CborError('CBOR_SHAPE', 'the key id must stand in exactly one header');
  }
  if (shielded.has(HEADER.contentType)) {
    readInteger(shielded.get(HEADER.contentType), 'content type', 0, HEADER_INT_MAX);
  }
  const kid = shielded.get(HEADER.keyId) ?? open.get(HEADER.keyId);
  return {
    algorithm: readInteger(shielded.get(HEADER.algorithm), 'algorithm', -65_536, HEADER_INT_MAX),
    keyId: readBytes(kid, 'key id', 1, KEY_ID_BYTES_MAX),
    protectedBytes,
    payload: parts[2] === null ? null : readBytes(parts[2], 'payload', 0, BLOCK_BYTES_MAX),
    signature: readBytes(parts[3], 'signature', SIGNATURE_BYTES, SIGNATURE_BYTES),
  };
}
