import { GatewayError } from '../base/errors.ts';

/** Codes of GatewayStartError. */
export type GatewayStartErrorCode =
  | 'GATEWAY_NO_LINE_DRIVER'
  | 'GATEWAY_FILE'
  | 'GATEWAY_ROOT'
  | 'GATEWAY_STATE_DIRECTORY'
  | 'GATEWAY_STATE_IN_USE'
  | 'GATEWAY_POLICY';

/** The gateway cannot start as it is set up. */
export class GatewayStartError extends GatewayError<GatewayStartErrorCode> {}
