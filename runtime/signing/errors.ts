import { GatewayError } from '../base/errors.ts';

/** Codes of SignatureError. */
export type SignatureErrorCode =
  | 'SIGNATURE_MISSING'
  | 'SIGNATURE_MALFORMED'
  | 'SIGNATURE_ALGORITHM'
  | 'SIGNATURE_CRITICAL'
  | 'SIGNATURE_UNKNOWN_KEY'
  | 'SIGNATURE_WRONG_ROLE'
  | 'SIGNATURE_DUPLICATE'
  | 'SIGNATURE_INVALID'
  | 'SIGNATURE_DISPUTED'
  | 'SIGNATURE_THRESHOLD'
  | 'SIGNATURE_REVOKED';

/** A signature is missing, malformed, false, or by somebody who may not sign this. */
export class SignatureError extends GatewayError<SignatureErrorCode> {}

/** Codes of KeyError. */
export type KeyErrorCode = 'KEY_MALFORMED' | 'KEY_WEAK';

/** A key, or a file of keys, that cannot be used. */
export class KeyError extends GatewayError<KeyErrorCode> {}
