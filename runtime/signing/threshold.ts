import { parseSign1, type Sign1, signedBytes } from './cose-sign1.ts';
import { requireEd25519 } from './ed25519.ts';
import { SignatureError } from './errors.ts';
import type { Role, Trust, TrustedKey } from './trust.ts';

/** Blocks that are looked at; more are refused. */
export const SIGNATURE_BLOCKS_MAX = 16;

/** How signatures are judged. */
export interface SignatureOptions {
  /** Also accept algorithm -8 (EdDSA), which older tools write for Ed25519. Off unless said. */
  readonly acceptEdDsa?: boolean;
}

/**
 * Returns the distinct keys of `role` that signed `payload` (detached), in order of their blocks,
 * if they reach the role's threshold. Blocks by keys that are not in `trust` do not count; a block
 * by a known key that is false, repeated or of another role is refused.
 * @throws SignatureError
 */
export function requireThreshold(
  payload: Uint8Array,
  blocks: readonly Uint8Array[],
  trust: Trust,
  role: Role,
  options: SignatureOptions = {},
): readonly TrustedKey[] {
  if (blocks.length === 0) {
    throw new SignatureError('SIGNATURE_MISSING', 'nobody signed; use airssys-wasm sign');
  }
  if (blocks.length > SIGNATURE_BLOCKS_MAX) {
    throw new SignatureError('SIGNATURE_MALFORMED', `more than ${SIGNATURE_BLOCKS_MAX} blocks`);
  }
  const signers: TrustedKey[] = [];
  const unknown: string[] = [];
  for (const bytes of blocks) {
    const block = parseSign1(bytes, { acceptEdDsa: options.acceptEdDsa ?? false });
    const id = Buffer.from(block.keyId).toString('hex');
    const key = trust.keys.find(candidate => candidate.keyId === id);
    if (key === undefined) unknown.push(id);
    else signers.push(requireSigner(block, key, payload, signers, trust, role));
  }
  const { threshold } = trust.roles[role];
  if (signers.length >= threshold) return signers;
  if (signers.length === 0) {
    throw new SignatureError(
      'SIGNATURE_UNKNOWN_KEY',
      `signed by key ${unknown.join(', ')}, which is not trusted here`,
    );
  }
  throw new SignatureError(
    'SIGNATURE_THRESHOLD',
    `${signers.length} of the ${threshold} keys that role ${role} needs have signed`,
  );
}

function requireSigner(
  block: Sign1,
  key: TrustedKey,
  payload: Uint8Array,
  signers: readonly TrustedKey[],
  trust: Trust,
  role: Role,
): TrustedKey {
  if (block.payload !== null) {
    throw new SignatureError('SIGNATURE_MALFORMED', 'the payload must be detached');
  }
  if (signers.includes(key)) {
    throw new SignatureError('SIGNATURE_DUPLICATE', `key "${key.name}" signed twice`);
  }
  if (!trust.roles[role].keys.includes(key)) {
    throw new SignatureError('SIGNATURE_WRONG_ROLE', `key "${key.name}" may not sign a ${role}`);
  }
  requireEd25519(signedBytes(block.protectedBytes, payload), block.signature, key.key);
  return key;
}
