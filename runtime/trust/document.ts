import { CborError } from '../base/cbor-scan.ts';
import {
  type CoseMessage,
  encodeCoseSign,
  parseCose,
  SIGNATURES_MAX,
  signatureBy,
  unsignedMessage,
} from '../signing/cose.ts';
import { type PrivateKey, publicKeyOf } from '../signing/ed25519.ts';
import { keyIdText } from '../signing/key-id.ts';
import { TrustError } from './errors.ts';

/**
 * Signed documents: a COSE_Sign with its payload inside, whose content type says what it is. Every
 * signature covers the content type, so none passes for a document of another kind.
 */

const KINDS = ['root', 'revocations', 'recovery'] as const;

/** What a signed document can be. */
export type DocumentKind = (typeof KINDS)[number];

/** A document whose signatures nobody has looked at yet. */
export interface SignedDocument {
  readonly kind: DocumentKind;
  readonly message: CoseMessage & { readonly payload: Uint8Array };
}

/** Bytes of a document with its signatures. */
export const DOCUMENT_BYTES_MAX = 128 * 1_024;

/** Returns a document that nobody has signed yet. */
export function newDocument(kind: DocumentKind, payload: Uint8Array): SignedDocument {
  return { kind, message: { ...unsignedMessage(contentTypeOf(kind), payload), payload } };
}

/**
 * Returns the document that bytes hold, when it is of this kind.
 * @throws TrustError `TRUST_MALFORMED`, `TRUST_KIND`; SignatureError `SIGNATURE_MALFORMED`,
 *   `SIGNATURE_CRITICAL`
 */
export function parseDocument(bytes: Uint8Array, kind: DocumentKind): SignedDocument {
  const message = parseCose(bytes, DOCUMENT_BYTES_MAX);
  const { payload, contentType, form } = message;
  const wanted = contentTypeOf(kind);
  if (contentType !== wanted) {
    const found = contentType ?? 'nothing that it names';
    throw new TrustError('TRUST_KIND', `a signed document of type ${wanted}, and this is ${found}`);
  }
  if (payload === null || form !== 'sign') {
    throw new TrustError('TRUST_MALFORMED', `${kind}: a COSE_Sign with its payload is expected`);
  }
  return { kind, message: { ...message, payload } };
}

/**
 * Returns what kind of document bytes hold; nothing of it is verified.
 * @throws TrustError `TRUST_KIND`; SignatureError `SIGNATURE_MALFORMED`, `SIGNATURE_CRITICAL`
 */
export function kindOfDocument(bytes: Uint8Array): DocumentKind {
  const { contentType } = parseCose(bytes, DOCUMENT_BYTES_MAX);
  const kind = KINDS.find(candidate => contentTypeOf(candidate) === contentType);
  if (kind !== undefined) return kind;
  const found = contentType ?? 'no type';
  throw new TrustError('TRUST_KIND', `no document that is known here: ${found}`);
}

/** Returns the bytes of a document. Deterministic. */
export function encodeDocument({ message }: SignedDocument): Uint8Array {
  return encodeCoseSign(message);
}

/**
 * Returns a document with one more signature; signatures stand in the order of their keys, so that
 * it is the same in whichever order they were made.
 * A signature under the key's id that is not the key's gives way to the true one.
 * @throws TrustError `TRUST_SIGNED_TWICE` where the key has signed already,
 *   `TRUST_SIGNATURES_FULL` where as many have as are read
 */
export function signDocument(document: SignedDocument, key: PrivateKey): SignedDocument {
  const { message } = document;
  const added = signatureBy(message, key);
  const id = keyIdText(publicKeyOf(key));
  const others = message.signatures.filter(({ keyId }) => hex(keyId) !== id);
  if (
    message.signatures.some(({ signature }) => Buffer.compare(signature, added.signature) === 0)
  ) {
    throw new TrustError('TRUST_SIGNED_TWICE', `key ${id.slice(0, 12)} has signed it already`);
  }
  if (others.length >= SIGNATURES_MAX) {
    const words = `${SIGNATURES_MAX} keys have signed it, and more are not read`;
    throw new TrustError('TRUST_SIGNATURES_FULL', words);
  }
  const signatures = [...others, added].sort((a, b) => (hex(a.keyId) < hex(b.keyId) ? -1 : 1));
  return { ...document, message: { ...message, signatures } };
}

/**
 * Runs what reads a payload; what is wrong with its CBOR becomes a TrustError.
 * @throws TrustError `TRUST_MALFORMED`, and whatever `read` throws beside CborError
 */
export function readPayload<Value>(kind: DocumentKind, read: () => Value): Value {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof CborError)) throw cause;
    throw new TrustError('TRUST_MALFORMED', `${kind}: ${cause.message}`, { cause });
  }
}

function contentTypeOf(kind: DocumentKind): string {
  return `application/vnd.airssys-wasm.${kind}+cbor`;
}

function hex(bytes: Uint8Array | null): string {
  return bytes === null ? '' : Buffer.from(bytes).toString('hex');
}
