/**
 * An operating error: expected, named by a code from a closed set, shown to people.
 * Each module declares one subclass with its own union of codes. The code is the contract; the
 * message says what happened and what to do next, and may change.
 */
export abstract class GatewayError<Code extends string = string> extends Error {
  readonly code: Code;

  constructor(code: Code, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.code = code;
    this.name = new.target.name;
  }
}

/** Returns the code of a GatewayError or of a Node system error, else `UNKNOWN`. */
export function errorCode(error: unknown): string {
  if (error instanceof GatewayError) return error.code;
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') {
    return error.code;
  }
  return 'UNKNOWN';
}

/** Returns the message of an error, or the text of anything else that was thrown. */
export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
