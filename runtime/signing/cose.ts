import { CborTag, type CborValue, decodeCbor, encodeCbor } from '../base/cbor.ts';
import { readArray, readBytes } from '../base/cbor-read.ts';
import { CborError } from '../base/cbor-scan.ts';
import { type PrivateKey, publicKeyOf, signEd25519 } from './ed25519.ts';
import { SignatureError } from './errors.ts';
import { keyId } from './key-id.ts';

/**
 * COSE_Sign1 and COSE_Sign (RFC 9052 4), read and written. Nothing is verified here: a message is
 * what its bytes claim.
 */

/** COSE algorithm numbers: Ed25519 of RFC 9864; the older polymorphic EdDSA of RFC 9053. */
export const COSE_ALGORITHM = { ed25519: -19, edDsa: -8 } as const;

/** Signers of one message, or of one release. */
export const SIGNATURES_MAX = 16;

const TAG = { sign1: 18, sign: 98 } as const;
const HEADER = { algorithm: 1, critical: 2, contentType: 3, keyId: 4, type: 16 } as const;
/** What a critical header may ask us to understand: we do, wherever it stands. */
const UNDERSTOOD: readonly unknown[] = [1, 2, 3, 4];
const CBOR_LIMITS = { tags: [TAG.sign1, TAG.sign], depthMax: 6, itemsMax: 512 };
const HEADER_LIMITS = { tags: [], depthMax: 4, itemsMax: 64 };
const HEADER_BYTES_MAX = 1_024;
const KEY_ID_BYTES_MAX = 64;
const CONTENT_TYPE_CHARACTERS_MAX = 128;
const CRITICAL_MAX = 8;
/** The longest signature of a registered algorithm that is not of the post-quantum kind. */
const SIGNATURE_BYTES_MAX = 1_024;

/** A parsed message. Byte strings are views of the input. */
export interface CoseMessage {
  readonly form: 'sign1' | 'sign';
  /** The body's protected header as it came; what every signature covers. */
  readonly bodyProtected: Uint8Array;
  /** What the body's protected header says it is, a number as `#60`; null where nothing. */
  readonly contentType: string | null;
  /** Null where the payload is detached. */
  readonly payload: Uint8Array | null;
  readonly signatures: readonly CoseSignature[];
}

/** A signature of a message. */
export interface CoseSignature {
  /** By its registered number, which need not be one that is accepted here. */
  readonly algorithm: number;
  /** Null where it does not say whose it is. */
  readonly keyId: Uint8Array | null;
  /** Its own protected header as it came; empty in a COSE_Sign1, whose header is the body's. */
  readonly ownProtected: Uint8Array;
  readonly signature: Uint8Array;
}

/** What a signature covers besides headers and payload. */
export interface CoseContext {
  /** `external_aad`: known to signer and verifier, not sent. Empty unless given. */
  readonly externalAad?: Uint8Array;
}

type Headers = ReadonlyMap<unknown, unknown>;

/**
 * Returns the parts of a tagged COSE_Sign1 or COSE_Sign of at most `bytesMax` bytes. A header that
 * is critical must be one that is understood here; others may be there and mean nothing.
 * @throws SignatureError `SIGNATURE_MALFORMED`, `SIGNATURE_CRITICAL`
 */
export function parseCose(bytes: Uint8Array, bytesMax: number): CoseMessage {
  try {
    return readMessage(readBytes(bytes, 'message', 1, bytesMax));
  } catch (cause) {
    if (!(cause instanceof CborError)) throw cause;
    throw new SignatureError('SIGNATURE_MALFORMED', `COSE: ${cause.message}`, { cause });
  }
}

/** Returns the Sig_structure of RFC 9052 4.4: the bytes that a signature of `message` covers. */
export function signedBytes(
  message: Pick<CoseMessage, 'form' | 'bodyProtected'>,
  { ownProtected }: Pick<CoseSignature, 'ownProtected'>,
  payload: Uint8Array,
  { externalAad = new Uint8Array(0) }: CoseContext = {},
): Uint8Array {
  const body = withoutEmptyMap(message.bodyProtected);
  const parts: CborValue[] =
    message.form === 'sign1'
      ? ['Signature1', body, externalAad, payload]
      : ['Signature', body, withoutEmptyMap(ownProtected), externalAad, payload];
  return encodeCbor(parts);
}

/**
 * Returns a tagged COSE_Sign1 over a detached payload, by Ed25519 (-19). Algorithm and key id are
 * protected headers.
 */
export function signDetached(
  payload: Uint8Array,
  key: PrivateKey,
  context: CoseContext = {},
): Uint8Array {
  const bodyProtected = encodeCbor(signerHeaders(key));
  const ownProtected = new Uint8Array(0);
  const covered = signedBytes({ form: 'sign1', bodyProtected }, { ownProtected }, payload, context);
  const parts = [bodyProtected, new Map(), null, signEd25519(covered, key)];
  return encodeCbor(new CborTag(parts, TAG.sign1));
}

/** Returns a message of a content type with its payload inside, which nobody has signed yet. */
export function unsignedMessage(contentType: string, payload: Uint8Array): CoseMessage {
  const bodyProtected = encodeCbor(new Map([[HEADER.contentType, contentType]]));
  return { form: 'sign', bodyProtected, contentType, payload, signatures: [] };
}

/** Returns one more signature, by Ed25519 (-19), for a COSE_Sign that carries its payload. */
export function signatureBy(
  message: CoseMessage & { readonly payload: Uint8Array },
  key: PrivateKey,
): CoseSignature {
  const headers = signerHeaders(key);
  const ownProtected = encodeCbor(headers);
  const signature = signEd25519(signedBytes(message, { ownProtected }, message.payload), key);
  const algorithm = COSE_ALGORITHM.ed25519;
  return { algorithm, keyId: keyId(publicKeyOf(key)), ownProtected, signature };
}

/**
 * Returns the tagged COSE_Sign of a message. Only for signatures with headers of our own making,
 * whose unprotected headers are empty.
 */
export function encodeCoseSign({ bodyProtected, payload, signatures }: CoseMessage): Uint8Array {
  const signers = signatures.map(one => [one.ownProtected, new Map(), one.signature]);
  return encodeCbor(new CborTag([bodyProtected, new Map(), payload, signers], TAG.sign));
}

function signerHeaders(key: PrivateKey): Map<number, number | Uint8Array> {
  return new Map<number, number | Uint8Array>([
    [HEADER.algorithm, COSE_ALGORITHM.ed25519],
    [HEADER.keyId, keyId(publicKeyOf(key))],
  ]);
}

function readMessage(bytes: Uint8Array): CoseMessage {
  const tagged = decodeCbor(bytes, CBOR_LIMITS);
  if (!(tagged instanceof CborTag)) {
    throw new CborError('CBOR_SHAPE', 'neither COSE_Sign1 (tag 18) nor COSE_Sign (tag 98)');
  }
  const parts = readArray(tagged.value, 'message', 4, 4);
  const bodyProtected = readBytes(parts[0], 'protected', 0, HEADER_BYTES_MAX);
  const shielded = readProtected(bodyProtected);
  const open = readOpen(parts[1], shielded);
  const type = shielded.get(HEADER.contentType) ?? shielded.get(HEADER.type);
  const common = {
    bodyProtected,
    contentType: type === undefined ? null : typeText(type),
    payload: parts[2] === null ? null : readBytes(parts[2], 'payload', 0, bytes.length),
  };
  if (tagged.tag === TAG.sign1) {
    const signature = readSignature(shielded, open, new Uint8Array(0), parts[3]);
    return { form: 'sign1', ...common, signatures: [signature] };
  }
  const signatures = readArray(parts[3], 'signatures', 0, SIGNATURES_MAX).map(readSigner);
  return { form: 'sign', ...common, signatures };
}

function readSigner(value: unknown): CoseSignature {
  const parts = readArray(value, 'signature', 3, 3);
  const ownProtected = readBytes(parts[0], 'protected', 0, HEADER_BYTES_MAX);
  const shielded = readProtected(ownProtected);
  return readSignature(shielded, readOpen(parts[1], shielded), ownProtected, parts[2]);
}

function readSignature(
  shielded: Headers,
  open: Headers,
  ownProtected: Uint8Array,
  value: unknown,
): CoseSignature {
  const algorithm = shielded.get(HEADER.algorithm);
  // In the open it could be exchanged after signing.
  if (typeof algorithm !== 'number') {
    throw new CborError('CBOR_SHAPE', 'the protected header names no algorithm by its number');
  }
  const kid = shielded.get(HEADER.keyId) ?? open.get(HEADER.keyId);
  return {
    algorithm,
    keyId: kid === undefined ? null : readBytes(kid, 'key id', 1, KEY_ID_BYTES_MAX),
    ownProtected,
    signature: readBytes(value, 'signature', 1, SIGNATURE_BYTES_MAX),
  };
}

function typeText(type: unknown): string {
  const text = typeof type === 'string' ? type : `#${String(type)}`;
  return text.slice(0, CONTENT_TYPE_CHARACTERS_MAX);
}

/** RFC 9052 3: an empty header is a byte string without bytes, or one that holds an empty map. */
function readProtected(bytes: Uint8Array): Headers {
  if (bytes.length === 0) return new Map();
  const headers = decodeCbor(bytes, HEADER_LIMITS);
  if (!(headers instanceof Map)) throw new CborError('CBOR_SHAPE', 'protected: not a map');
  if (headers.has(HEADER.critical)) requireUnderstood(headers);
  return headers;
}

function readOpen(value: unknown, shielded: Headers): Headers {
  if (!(value instanceof Map)) throw new CborError('CBOR_SHAPE', 'unprotected: not a map');
  for (const label of value.keys()) {
    if (shielded.has(label) || label === HEADER.critical || label === HEADER.algorithm) {
      const words = `unprotected: header ${describe(label)} may not stand there`;
      throw new CborError('CBOR_SHAPE', words);
    }
  }
  return value;
}

/** RFC 9052 3.1, "crit". */
function requireUnderstood(headers: Headers): void {
  const labels = readArray(headers.get(HEADER.critical), 'critical', 1, CRITICAL_MAX);
  for (const label of labels) {
    if (UNDERSTOOD.includes(label) && headers.has(label)) continue;
    throw new SignatureError(
      'SIGNATURE_CRITICAL',
      `header ${describe(label)} is critical, and not understood here`,
    );
  }
}

function withoutEmptyMap(bytes: Uint8Array): Uint8Array {
  return bytes.length === 1 ? new Uint8Array(0) : bytes;
}

function describe(label: unknown): string {
  return typeof label === 'string' ? JSON.stringify(label.slice(0, 40)) : String(label);
}
