/**
 * Frames of the control socket: length (4 bytes, big-endian, of what follows), kind (1 byte),
 * payload. A `json` payload is one message in UTF-8. A `bytes` payload is the number of a request
 * (4 bytes, big-endian) and a piece of its upload.
 */
import { ControlError } from './errors.ts';

/** A whole frame, header included, is never longer. */
const FRAME_BYTES_MAX = 1_048_576;

/** Bytes of an upload in one frame. */
export const UPLOAD_PIECE_BYTES = 262_144;

const LENGTH_BYTES = 4;
const HEADER_BYTES = LENGTH_BYTES + 1;
const KIND_JSON = 0;
const KIND_BYTES = 1;

/** What a frame carries. */
export type Frame =
  | { readonly kind: 'json'; readonly value: unknown }
  | { readonly kind: 'bytes'; readonly id: number; readonly bytes: Uint8Array };

/** Returns a message as a frame. @throws ControlError `CONTROL_TOO_LARGE` */
export function encodeJson(value: unknown): Uint8Array {
  return encode(KIND_JSON, Buffer.from(JSON.stringify(value)));
}

/** Returns a piece of an upload as a frame. @throws ControlError `CONTROL_TOO_LARGE` */
export function encodeBytes(id: number, bytes: Uint8Array): Uint8Array {
  const payload = Buffer.alloc(4 + bytes.length);
  payload.writeUInt32BE(id, 0);
  payload.set(bytes, 4);
  return encode(KIND_BYTES, payload);
}

/** Cuts a stream into frames, whatever pieces it arrives in. Holds at most one frame. */
export class FrameReader {
  #pieces: Uint8Array[] = [];
  #bytes = 0;
  /** Bytes of the frame that is being collected, header included; null until known. */
  #wanted: number | null = null;

  /** Yields the frames that `chunk` completes. @throws ControlError `CONTROL_FRAME` */
  *push(chunk: Uint8Array): Generator<Frame> {
    this.#pieces.push(chunk);
    this.#bytes += chunk.length;
    for (;;) {
      this.#wanted ??= this.#frameLength();
      if (this.#wanted === null || this.#bytes < this.#wanted) return;
      // Joined once per frame: one that arrives byte by byte is not copied at every byte.
      const joined = Buffer.concat(this.#pieces);
      const frame = decode(joined.subarray(LENGTH_BYTES, this.#wanted));
      this.#pieces = [joined.subarray(this.#wanted)];
      this.#bytes -= this.#wanted;
      this.#wanted = null;
      yield frame;
    }
  }

  #frameLength(): number | null {
    if (this.#bytes < LENGTH_BYTES) return null;
    const joined = Buffer.concat(this.#pieces);
    this.#pieces = [joined];
    const length = joined.readUInt32BE(0);
    if (length < 1 || LENGTH_BYTES + length > FRAME_BYTES_MAX) {
      throw new ControlError('CONTROL_FRAME', `a frame of ${length} bytes is not allowed`);
    }
    return LENGTH_BYTES + length;
  }
}

function encode(kind: number, payload: Uint8Array): Uint8Array {
  if (HEADER_BYTES + payload.length > FRAME_BYTES_MAX) {
    throw new ControlError('CONTROL_TOO_LARGE', `a message of ${payload.length} bytes is too long`);
  }
  const frame = Buffer.alloc(HEADER_BYTES + payload.length);
  frame.writeUInt32BE(1 + payload.length, 0);
  frame.writeUInt8(kind, 4);
  frame.set(payload, HEADER_BYTES);
  return frame;
}

function decode(frame: Buffer): Frame {
  const payload = frame.subarray(1);
  if (frame[0] === KIND_JSON) return { kind: 'json', value: parseJson(payload) };
  if (frame[0] === KIND_BYTES && payload.length >= 4) {
    return { kind: 'bytes', id: payload.readUInt32BE(0), bytes: payload.subarray(4) };
  }
  throw new ControlError('CONTROL_FRAME', `unknown kind of frame ${frame[0]}`);
}

function parseJson(payload: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload));
  } catch (cause) {
    throw new ControlError('CONTROL_FRAME', 'a message is not JSON in UTF-8', { cause });
  }
}
