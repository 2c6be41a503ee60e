import { GatewayError } from '../base/errors.ts';
import type { Subscription } from './gpio.ts';

/** A frame as the port's framing cut it. */
export interface SerialFrame {
  readonly label: string;
  readonly bytes: Uint8Array;
  /** Monotonic nanoseconds of the last byte. */
  readonly timestampNs: bigint;
  /** Frames dropped just before this one. */
  readonly lost: number;
}

/** Serial ports by board label. Every method throws SerialError. */
export interface SerialPort {
  /** Queues all bytes or none. Returns before they are on the wire. */
  write(label: string, bytes: Uint8Array): void;
  /** Calls `onFrame` for each frame, in order. The port is opened, and re-opened, behind it. */
  listen(label: string, onFrame: (frame: SerialFrame) => void): Subscription;
}

/** Codes of SerialError. */
export type SerialErrorCode =
  | 'SERIAL_DENIED'
  | 'SERIAL_QUOTA'
  | 'SERIAL_RATE'
  | 'SERIAL_NOT_READY'
  | 'SERIAL_UNDEFINED_LABEL'
  | 'SERIAL_HARDWARE';

/** A refused or failed operation on a serial port. */
export class SerialError extends GatewayError<SerialErrorCode> {
  /** With `SERIAL_RATE`: after how many milliseconds a retry can succeed. */
  readonly retryMs: number;

  constructor(
    code: SerialErrorCode,
    message: string,
    options?: { readonly cause?: unknown; readonly retryMs?: number },
  ) {
    super(code, message, options);
    this.retryMs = options?.retryMs ?? 0;
  }
}
