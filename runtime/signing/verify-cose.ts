import {
  COSE_ALGORITHM,
  type CoseContext,
  type CoseMessage,
  type CoseSignature,
  parseCose,
  SIGNATURES_MAX,
  signedBytes,
} from './cose.ts';
import { requireEd25519 } from './ed25519.ts';
import { SignatureError } from './errors.ts';
import type { TrustedKey } from './trusted-key.ts';

/** How signatures are judged. */
export interface SignatureOptions {
  /** Also accept algorithm -8 (EdDSA), which older tools write for Ed25519. Off unless said. */
  readonly acceptEdDsa?: boolean;
}

/** What a message is verified against. */
export interface VerifyCoseOptions extends SignatureOptions, CoseContext {
  readonly keys: readonly TrustedKey[];
  /** The payload, where the message does not carry it. */
  readonly detachedPayload?: Uint8Array;
}

/** A message of which at least one signature is by a given key. */
export interface VerifiedCose {
  readonly payload: Uint8Array;
  readonly contentType: string | null;
  /** Distinct keys that truly signed, in the order of their signatures. */
  readonly signers: readonly TrustedKey[];
}

/** Bytes of a message that is verified alone. */
const COSE_BYTES_MAX = 32 * 1_024 * 1_024;

/**
 * Verifies a COSE_Sign1 or COSE_Sign by anybody (RFC 9052). Signatures by other keys do not count;
 * a false one by a given key is refused, as is a second one. A signature without a key id is tried
 * with every key.
 * @throws SignatureError
 */
export function verifyCose(bytes: Uint8Array, options: VerifyCoseOptions): VerifiedCose {
  const message = parseCose(bytes, COSE_BYTES_MAX);
  const { contentType } = message;
  const payload = message.payload ?? options.detachedPayload;
  if (payload === undefined) {
    throw new SignatureError('SIGNATURE_MALFORMED', 'the payload is detached, and was not given');
  }
  if (message.payload !== null && options.detachedPayload !== undefined) {
    throw new SignatureError('SIGNATURE_MALFORMED', 'the payload must be detached');
  }
  const signers = requireSigners([message], payload, options.keys, { ...options, asksAll: true });
  return { payload, contentType, signers };
}

/**
 * Returns the distinct keys of `keys` that truly signed `payload`, at least one, in the order of
 * their signatures. Signatures by other keys do not count, whatever their algorithm; nor, unless
 * `asksAll`, those that do not name their key: with many keys they cost much, and anybody can add
 * them.
 * @throws SignatureError `SIGNATURE_MISSING`, `SIGNATURE_UNKNOWN_KEY` or `SIGNATURE_ALGORITHM`
 *   where none counts; `SIGNATURE_INVALID`, `_DISPUTED`, `_ALGORITHM` for one by a key of `keys`,
 *   `SIGNATURE_DUPLICATE` for its second; `SIGNATURE_MALFORMED` for more than 16
 */
export function requireSigners(
  messages: readonly CoseMessage[],
  payload: Uint8Array,
  keys: readonly TrustedKey[],
  options: SignatureOptions & CoseContext & { readonly asksAll?: boolean } = {},
): readonly TrustedKey[] {
  const claims = messages.flatMap(message =>
    message.signatures.map(signature => ({ message, signature })),
  );
  if (claims.length === 0) {
    throw new SignatureError('SIGNATURE_MISSING', 'nobody signed; use airssys-wasm sign');
  }
  if (claims.length > SIGNATURES_MAX) {
    const words = `${claims.length} signatures, where ${SIGNATURES_MAX} are allowed`;
    throw new SignatureError('SIGNATURE_MALFORMED', words);
  }
  const signers: TrustedKey[] = [];
  for (const { message, signature } of claims) {
    const covered = signedBytes(message, signature, payload, options);
    const signer = signerOf(signature, covered, keys, options);
    if (signer === null) continue;
    if (signers.includes(signer)) {
      throw new SignatureError('SIGNATURE_DUPLICATE', `key "${signer.name}" signed twice`);
    }
    signers.push(signer);
  }
  if (signers.length === 0) throw nobodyKnown(claims.map(({ signature }) => signature));
  return signers;
}

/** Returns the key that signed, or null for one that is not among `keys`. */
function signerOf(
  signature: CoseSignature,
  covered: Uint8Array,
  keys: readonly TrustedKey[],
  options: SignatureOptions & { readonly asksAll?: boolean },
): TrustedKey | null {
  if (signature.keyId === null) {
    if (options.asksAll !== true || !isAccepted(signature.algorithm, options)) return null;
    return keys.find(one => fits(covered, signature, one)) ?? null;
  }
  const id = Buffer.from(signature.keyId).toString('hex');
  const key = keys.find(candidate => candidate.keyId === id);
  if (key === undefined) return null;
  if (!isAccepted(signature.algorithm, options)) throw notAccepted(signature.algorithm);
  requireEd25519(covered, signature.signature, key.key);
  return key;
}

function fits(covered: Uint8Array, { signature }: CoseSignature, { key }: TrustedKey): boolean {
  try {
    requireEd25519(covered, signature, key);
    return true;
  } catch (error) {
    if (error instanceof SignatureError && error.code === 'SIGNATURE_INVALID') return false;
    throw error;
  }
}

function isAccepted(algorithm: number, { acceptEdDsa = false }: SignatureOptions): boolean {
  return (
    algorithm === COSE_ALGORITHM.ed25519 || (acceptEdDsa && algorithm === COSE_ALGORITHM.edDsa)
  );
}

function nobodyKnown(signatures: readonly CoseSignature[]): SignatureError {
  const foreign = signatures.find(({ algorithm }) => algorithm !== COSE_ALGORITHM.ed25519);
  if (foreign !== undefined && signatures.length === 1) return notAccepted(foreign.algorithm);
  const ids = signatures.map(({ keyId }) =>
    keyId === null ? '(unnamed)' : Buffer.from(keyId).toString('hex'),
  );
  const words = `signed by key ${ids.join(', ')}, which is not trusted here`;
  return new SignatureError('SIGNATURE_UNKNOWN_KEY', words);
}

function notAccepted(algorithm: number): SignatureError {
  const { ed25519, edDsa } = COSE_ALGORITHM;
  const fix =
    algorithm === edDsa
      ? `sign with Ed25519 (${ed25519}), or allow -8 where it is verified`
      : `sign with Ed25519 (${ed25519})`;
  return new SignatureError(
    'SIGNATURE_ALGORITHM',
    `algorithm ${algorithm} is not accepted here; ${fix}`,
  );
}
