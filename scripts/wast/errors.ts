import { GatewayError } from '../../runtime/base/errors.ts';

/** Codes of WastError: the file itself, a command's form, a constant that fits no type. */
export type WastErrorCode = 'WAST_SYNTAX' | 'WAST_COMMAND' | 'WAST_CONSTANT';

/** A script cannot be read, or asks for what its component does not offer. */
export class WastError extends GatewayError<WastErrorCode> {}
