import type { HashedBytes } from '../ports/hasher.ts';
import type { SignatureErrorCode } from '../signing/errors.ts';
import type { ReleaseErrorCode } from './errors.ts';
import type { VerifiedEnvelope } from './release-verifier.ts';
import type { Vouchers } from './verify-envelope.ts';

/** To the thread; the buffer under `bytes` is transferred with it. */
export type VerifierRequest =
  | {
      readonly kind: 'verify';
      readonly bytes: Uint8Array<ArrayBuffer>;
      readonly vouchers: Vouchers;
    }
  | {
      readonly kind: 'hash';
      readonly bytes: Uint8Array<ArrayBuffer>;
      readonly startByte: number;
    };

/** From the thread, one for each request; bytes are transferred back. */
export type VerifierReply =
  | { readonly kind: 'verified'; readonly verified: VerifiedEnvelope }
  | { readonly kind: 'hashed'; readonly hashed: HashedBytes }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

/** An error that crosses threads, where classes do not. */
export type Refusal = (
  | { readonly by: 'release'; readonly code: ReleaseErrorCode }
  | { readonly by: 'signature'; readonly code: SignatureErrorCode }
) & { readonly message: string; readonly cause: string | null };
