/** What a refusal of the gateway carries: the case's name and its value. */
interface ErrorCase {
  readonly tag: string;
  readonly val?: unknown;
}

/**
 * The gateway refused or failed a call. `code` is the WIT case: `denied`, `rate-limited` ...
 *
 * Calls throw instead of returning a result on purpose: a controller that does not expect a refusal
 * should not go on as if its relay had switched. Unhandled, it ends the instance, its outputs go to
 * their safe values, and it is started again. Where a refusal is expected, use `attempt`.
 */
export class HostError extends Error {
  override readonly name = 'HostError';
  /** The WIT case of the interface's `error`. */
  readonly code: string;
  /** With `rate-limited`: milliseconds to wait. 0 otherwise. */
  readonly retryMs: number;
  /** The case's text, or an empty string. */
  readonly detail: string;

  constructor(operation: string, error: ErrorCase) {
    const detail = typeof error.val === 'string' ? error.val : '';
    super(`${operation}: ${error.tag}${detail === '' ? '' : ` (${detail})`}`);
    this.code = error.tag;
    this.retryMs = typeof error.val === 'number' ? error.val : 0;
    this.detail = detail;
  }
}

/** What became of a call that may be refused. */
export type Outcome<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly error: HostError };

/** Runs `call` and returns a refusal as a value. Anything but a HostError is thrown on. */
export function attempt<Value>(call: () => Value): Outcome<Value> {
  try {
    return { ok: true, value: call() };
  } catch (error) {
    if (error instanceof HostError) return { ok: false, error };
    throw error;
  }
}

/** Runs one import. The engine throws an Error whose `payload` is the WIT error. */
export function hostCall<Value>(operation: string, call: () => Value): Value {
  try {
    return call();
  } catch (error) {
    const payload = error instanceof Error && 'payload' in error ? error.payload : undefined;
    if (isErrorCase(payload)) throw new HostError(operation, payload);
    throw error;
  }
}

function isErrorCase(value: unknown): value is ErrorCase {
  return (
    typeof value === 'object' && value !== null && 'tag' in value && typeof value.tag === 'string'
  );
}
