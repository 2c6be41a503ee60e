/**
 * Values in frames: packed and little-endian, one encoding each, as the table of
 * `transport/value-decoder.ts` says. Here they go between a frame's bytes and a guest's memory
 * directly, without becoming JavaScript values on the way.
 */

/** Bytes of a frame to read from. Each method throws when they end too soon or hold too much. */
export interface FrameSource {
  readonly buffer: Buffer;
  /** Moves on by `count` bytes and returns where they start. */
  take(count: number): number;
  /** Counts values that are about to be made against the message's bound. */
  charge(values: number): void;
  /** Requires that nothing is left. */
  finish(): void;
}

/** Bytes of a frame to write to. `buffer` may be another after each `take`. */
export interface FrameSink {
  readonly buffer: Buffer;
  /** Makes room for `count` bytes, moves on by them and returns where they start. */
  take(count: number): number;
  /** Counts values that are about to be written against the message's bound. */
  charge(values: number): void;
}

/** A call whose arguments lie in a frame, and whose result goes into another. */
export interface FrameCall {
  /** At the first argument. */
  readonly source: FrameSource;
  /** Asked for once, when the guest has returned. */
  openResult(): FrameSink;
}

/** A function of the host whose arguments and result are frames. */
export interface FrameFunction {
  /** Begins a question. Returns where its arguments go. */
  ask(): FrameSink;
  /** Sends the question and waits. Returns a source at the result. */
  answer(): FrameSource;
}
