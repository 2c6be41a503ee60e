import { GatewayError } from '../../runtime/base/errors.ts';

/** Codes of WitError. */
export type WitErrorCode =
  | 'WIT_SYNTAX'
  | 'WIT_UNKNOWN_NAME'
  | 'WIT_DUPLICATE_NAME'
  | 'WIT_UNSUPPORTED'
  | 'WIT_CYCLE';

/** A WIT source that cannot be read. The message starts with `file:line:column`. */
export class WitError extends GatewayError<WitErrorCode> {}
