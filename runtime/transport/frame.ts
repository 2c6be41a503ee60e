import type { ByteSink } from './byte-sink.ts';
import { writeU32 } from './byte-sink.ts';
import { ProtocolError } from './protocol-error.ts';

/**
 * Frames between gatewayd and component-host. Little-endian:
 *
 * | bytes | what |
 * |---|---|
 * | 0-3 | payload length, without this header |
 * | 4-7 | id: of a call, of a component |
 * | 8 | type |
 * | 9 | flags: bit 0 = another frame of the same message follows |
 * | 10 | slot, `CONTROL_SLOT` on the control socket |
 * | 11 | version |
 *
 * A message is one frame or several in unbroken sequence that agree in id and type.
 */
export const FRAME_HEADER_BYTES = 12;
/** One frame with its header. */
export const FRAME_BYTES_MAX = 65_536;
/** Payload of one frame. */
export const FRAME_PAYLOAD_BYTES_MAX = FRAME_BYTES_MAX - FRAME_HEADER_BYTES;
/** Payload of one message, over all its frames. */
export const MESSAGE_BYTES_MAX = 1024 * 1024;
/** Rises with each change of a frame's or message's meaning. */
export const WIRE_VERSION = 1;
/** More frames of this message follow. */
export const FLAG_MORE = 1;
/** Stands in the header's slot on the control socket. */
export const CONTROL_SLOT = 255;

/** Types of frames. Which may travel where: slot-messages.ts and control-messages.ts. */
export const FRAME_TYPE = {
  call: 1,
  wake: 2,
  answer: 3,
  reply: 4,
  hostCall: 5,
  log: 6,
  fault: 7,
  activated: 8,
  hello: 16,
  prepare: 17,
  chunk: 18,
  compiled: 19,
  compileFailed: 20,
  forget: 21,
  activate: 22,
  terminate: 23,
  released: 24,
} as const;

/** What a message's frames carry in their headers. */
export interface FrameAddress {
  readonly type: number;
  readonly id: number;
  readonly slot: number;
}

/** A whole message as received: a place in a buffer that stays valid. */
export interface Message {
  readonly type: number;
  readonly id: number;
  readonly buffer: Buffer;
  readonly start: number;
  readonly end: number;
}

/** Leaves room for a header and returns where it is; write the payload next. */
export function beginMessage(sink: ByteSink): number {
  sink.beginValues();
  return sink.take(FRAME_HEADER_BYTES);
}

/**
 * Completes the message begun at `start`: writes its header and, where the payload needs several
 * frames, moves its parts apart to make room for theirs. Returns the bytes of all frames.
 * Throws ProtocolError `PROTOCOL_VALUE` for a message that is too long; take `sink` back then.
 */
export function endMessage(sink: ByteSink, start: number, address: FrameAddress): number {
  const payloadStart = start + FRAME_HEADER_BYTES;
  const payloadBytes = sink.at - payloadStart;
  if (payloadBytes <= FRAME_PAYLOAD_BYTES_MAX) {
    writeHeader(sink.buffer, start, payloadBytes, address, false);
    return FRAME_HEADER_BYTES + payloadBytes;
  }
  if (payloadBytes > MESSAGE_BYTES_MAX) {
    throw new ProtocolError('PROTOCOL_VALUE', `a message over ${MESSAGE_BYTES_MAX} bytes`);
  }
  const frames = Math.ceil(payloadBytes / FRAME_PAYLOAD_BYTES_MAX);
  sink.take((frames - 1) * FRAME_HEADER_BYTES);
  const { buffer } = sink;
  // From the last part on, so that no part is overwritten before it has moved.
  for (let index = frames - 1; index >= 0; index--) {
    const from = payloadStart + index * FRAME_PAYLOAD_BYTES_MAX;
    const length = Math.min(
      FRAME_PAYLOAD_BYTES_MAX,
      payloadBytes - index * FRAME_PAYLOAD_BYTES_MAX,
    );
    const headerAt = start + index * FRAME_BYTES_MAX;
    if (index > 0) buffer.copy(buffer, headerAt + FRAME_HEADER_BYTES, from, from + length);
    writeHeader(buffer, headerAt, length, address, index < frames - 1);
  }
  return sink.at - start;
}

/** Returns the header of a frame whose payload travels in a buffer of its own. */
export function frameHeader(payloadBytes: number, address: FrameAddress): Buffer {
  const header = Buffer.allocUnsafe(FRAME_HEADER_BYTES);
  writeHeader(header, 0, payloadBytes, address, false);
  return header;
}

function writeHeader(
  buffer: Buffer,
  at: number,
  payloadBytes: number,
  address: FrameAddress,
  more: boolean,
): void {
  writeU32(buffer, at, payloadBytes);
  writeU32(buffer, at + 4, address.id);
  buffer[at + 8] = address.type;
  buffer[at + 9] = more ? FLAG_MORE : 0;
  buffer[at + 10] = address.slot;
  buffer[at + 11] = WIRE_VERSION;
}
