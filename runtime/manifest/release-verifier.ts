import { GatewayError } from '../base/errors.ts';
import { moveBytes } from '../base/move-bytes.ts';
import { sha256 } from '../base/sha256.ts';
import type { Hasher } from '../ports/hasher.ts';
import { authenticateEnvelope, type VerifiedRelease, type Vouchers } from './verify-envelope.ts';

/** A release that passed all layers but the policy, and the bytes in which it came. */
export interface VerifiedEnvelope extends VerifiedRelease {
  /** The very bytes that were verified. `components` are views of them. */
  readonly envelope: Uint8Array;
  /** SHA-256 of the envelope, lower-case hex. */
  readonly envelopeDigest: string;
}

/**
 * Verifies envelopes. Bytes are moved in and out, never shared: between the verdict
 * and what is done with the bytes nobody else can have changed them.
 */
export interface ReleaseVerifier extends Hasher {
  /**
   * Verifies the layers envelope, signature, manifest and payload; the policy is the caller's to
   * ask. The bytes are moved: the caller's view is empty from now on, and the result holds them.
   * Rejects with ReleaseError, SignatureError; VerifierError when there is no verdict.
   */
  verify(envelope: Uint8Array, vouchers: Vouchers): Promise<VerifiedEnvelope>;
  /** Ends it. What waits is rejected with VerifierError `VERIFIER_CLOSED`. */
  close(): Promise<void>;
}

/** Codes of VerifierError. */
export type VerifierErrorCode =
  | 'VERIFIER_BUSY'
  | 'VERIFIER_TIMEOUT'
  | 'VERIFIER_LOST'
  | 'VERIFIER_CLOSED';

/** There is no verdict: this says nothing about the bytes. */
export class VerifierError extends GatewayError<VerifierErrorCode> {}

/** Returns a verifier that works in the caller's own thread, and keeps it from everything else. */
export function inThreadVerifier(): ReleaseVerifier {
  return {
    verify: async (envelope, vouchers) => verifyMoved(moveBytes(envelope), vouchers),
    hash: async (bytes, startByte = 0) => {
      const moved = moveBytes(bytes);
      return { bytes: moved, digest: sha256(moved.subarray(startByte)) };
    },
    close: async () => {},
  };
}

/**
 * Verifies and hashes bytes that nobody else holds, in one go: the digest is of what was verified.
 * @throws ReleaseError, SignatureError
 */
export function verifyMoved(
  envelope: Uint8Array<ArrayBuffer>,
  { roots, revocations }: Vouchers,
): VerifiedEnvelope {
  const verified = authenticateEnvelope(envelope, roots, { revocations });
  return { ...verified, envelope, envelopeDigest: sha256(envelope) };
}
