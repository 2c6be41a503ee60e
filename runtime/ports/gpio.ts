import { GatewayError } from '../base/errors.ts';

/** The logical state of a line; which voltage is `active` is the board's business. */
export type LineState = 'active' | 'inactive';

/** A change of an input line. */
export interface EdgeEvent {
  readonly label: string;
  readonly edge: 'rising' | 'falling';
  /** Monotonic nanoseconds. */
  readonly timestampNs: bigint;
  /** Counts changes of this line since it was opened; a gap means loss. */
  readonly sequence: bigint;
  /** Changes lost just before this one. */
  readonly lost: number;
}

/** What stops a flow of events. Stopping twice does nothing. */
export interface Subscription {
  stop(): void;
}

/**
 * Digital lines by board label. Synchronous: a line operation is one short system call.
 * Every method throws GpioError.
 */
export interface GpioPort {
  /** Returns an input's state, or the state last written to an output. */
  read(label: string): LineState;
  /** Drives an output. */
  write(label: string, state: LineState): void;
  /** Calls `onEdge` for each change of an input, in order, never from within `watch`. */
  watch(label: string, onEdge: (event: EdgeEvent) => void): Subscription;
}

/** Codes of GpioError. */
export type GpioErrorCode =
  | 'GPIO_DENIED'
  | 'GPIO_QUOTA'
  | 'GPIO_RATE'
  | 'GPIO_NOT_READY'
  | 'GPIO_UNDEFINED_LABEL'
  | 'GPIO_MODE'
  | 'GPIO_IN_USE'
  | 'GPIO_HARDWARE';

/** A refused or failed line operation. */
export class GpioError extends GatewayError<GpioErrorCode> {
  /** With `GPIO_RATE`: after how many milliseconds a retry can succeed. */
  readonly retryMs: number;

  constructor(
    code: GpioErrorCode,
    message: string,
    options?: { readonly cause?: unknown; readonly retryMs?: number },
  ) {
    super(code, message, options);
    this.retryMs = options?.retryMs ?? 0;
  }
}
