import { GatewayError } from '../../runtime/base/errors.ts';

/** Codes of GrammarError. */
export type GrammarErrorCode =
  | 'GRANT_TOO_LONG'
  | 'GRANT_SYNTAX'
  | 'GRANT_CLASS'
  | 'GRANT_RESOURCE'
  | 'GRANT_ATTRIBUTE'
  | 'GRANT_DUPLICATE'
  | 'GRANT_VALUE'
  | 'GRANT_MISSING'
  | 'GRANT_CONFLICT';

/** A grant's text that is not one, or grants that lack a mandatory limit. */
export class GrammarError extends GatewayError<GrammarErrorCode> {}
