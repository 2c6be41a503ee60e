import { GatewayError } from '../base/errors.ts';

/** Codes of ControlError. */
export type ControlErrorCode =
  | 'CONTROL_UNREACHABLE'
  | 'CONTROL_DENIED'
  | 'CONTROL_VERSION'
  | 'CONTROL_FRAME'
  | 'CONTROL_REQUEST'
  | 'CONTROL_TOO_LARGE'
  | 'CONTROL_BUSY'
  | 'CONTROL_TIMED_OUT'
  | 'CONTROL_CANCELLED'
  | 'CONTROL_LOST'
  | 'CONTROL_NOT_FOUND'
  | 'CONTROL_NOT_SIMULATED'
  | 'CONTROL_SOCKET_IN_USE'
  | 'CONTROL_SOCKET_PATH'
  | 'CONTROL_FAILED';

/** The control socket, or what was asked for through it, failed. */
export class ControlError extends GatewayError<ControlErrorCode> {}

/** An error of the daemon as the client sees it; `code` is whatever the daemon's error had. */
export class DaemonError extends GatewayError {}
