import { MESSAGE_BYTES_MAX } from './frame.ts';

/** Bytes of calls that a worker has not answered. At least one message always fits. */
const CALL_BYTES_IN_FLIGHT_MAX = 2 * MESSAGE_BYTES_MAX;
/** Log lines that a worker may send beyond those gatewayd has taken. */
export const LOG_LINES_AHEAD_MAX = 64;
/** Log lines more for each call in flight. */
export const LOG_LINES_PER_CALL = 16;

/** Counts what was sent down and is not yet answered: in calls, and in bytes. */
export class CallCredit {
  private readonly callsMax: number;
  private bytesInFlight = 0;
  private readonly sizes: number[] = [];
  private oldest = 0;

  constructor(callsMax: number) {
    this.callsMax = callsMax;
  }

  /** Whether a call may be sent at all now. */
  get hasRoom(): boolean {
    return this.inFlight < this.callsMax && this.bytesInFlight < CALL_BYTES_IN_FLIGHT_MAX;
  }

  /** Whether a call of this size fits now. */
  fits(bytes: number): boolean {
    return this.hasRoom && this.bytesInFlight + bytes <= CALL_BYTES_IN_FLIGHT_MAX;
  }

  /** Calls in flight. */
  get inFlight(): number {
    return this.sizes.length - this.oldest;
  }

  /** Counts a call that was sent. */
  spend(bytes: number): void {
    this.sizes.push(bytes);
    this.bytesInFlight += bytes;
  }

  /** Gives back what the oldest call took. */
  giveBack(): void {
    this.bytesInFlight -= this.sizes[this.oldest] ?? 0;
    this.oldest += 1;
    if (this.oldest === this.sizes.length) {
      this.sizes.length = 0;
      this.oldest = 0;
    } else if (this.oldest >= 1_024) {
      this.sizes.splice(0, this.oldest);
      this.oldest = 0;
    }
  }
}

/**
 * The worker's side of log credit: `allow` carries the number of lines allowed since the session
 * began, so that a lost or repeated grant cannot add up.
 */
export class LogAllowance {
  private allowed = LOG_LINES_AHEAD_MAX;
  private sent = 0;
  private droppedLines = 0;

  /** Takes a grant from a call's frame. */
  allow(linesSinceStart: number): void {
    this.allowed = linesSinceStart;
  }

  /** Whether one line may be sent; counts it as sent, or as dropped. */
  trySend(): boolean {
    // Both numbers travel as u32 and wrap; their distance does not.
    if (((this.allowed - this.sent) | 0) <= 0) {
      this.droppedLines += 1;
      return false;
    }
    this.sent = (this.sent + 1) >>> 0;
    return true;
  }

  /** Lines dropped since the session began. */
  get dropped(): number {
    return this.droppedLines;
  }
}
