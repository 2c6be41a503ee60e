import { GatewayError } from '../base/errors.ts';

/**
 * Codes of ProtocolError: a frame's header or order is wrong, a value's bytes do not follow its
 * type, a value does not fit its type or a bound.
 */
export type ProtocolErrorCode = 'PROTOCOL_FRAME' | 'PROTOCOL_BYTES' | 'PROTOCOL_VALUE';

/** Bytes or values that the wire refuses. The sender of such bytes is not to be trusted again. */
export class ProtocolError extends GatewayError<ProtocolErrorCode> {}
