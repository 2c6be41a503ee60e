import { GatewayError } from '../base/errors.ts';

/** Codes of TrustError. */
export type TrustErrorCode =
  | 'TRUST_MALFORMED'
  | 'TRUST_KIND'
  | 'TRUST_TOML'
  | 'TRUST_ROOT_INVALID'
  | 'TRUST_ROOT_VERSION'
  | 'TRUST_REVOCATIONS_INVALID'
  | 'TRUST_REVOCATIONS_VERSION'
  | 'TRUST_TOKEN_INVALID'
  | 'TRUST_TOKEN_GATEWAY'
  | 'TRUST_SIGNED_TWICE'
  | 'TRUST_SIGNATURES_FULL'
  | 'TRUST_EXPIRED'
  | 'TRUST_DAMAGED';

/** A signed document, or what one is made from, that cannot be believed. */
export class TrustError extends GatewayError<TrustErrorCode> {}
