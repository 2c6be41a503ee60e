import {
  FLAG_MORE,
  FRAME_HEADER_BYTES,
  FRAME_PAYLOAD_BYTES_MAX,
  MESSAGE_BYTES_MAX,
  type Message,
  WIRE_VERSION,
} from './frame.ts';
import { ProtocolError } from './protocol-error.ts';

/** What a stream may carry. */
export interface FrameReaderOptions {
  /** The slot every frame must name. */
  readonly slot: number;
  /** Types that may arrive here. */
  readonly types: ReadonlySet<number>;
}

interface Header {
  readonly payloadBytes: number;
  readonly type: number;
  readonly id: number;
  readonly more: boolean;
}

/**
 * Cuts a stream of bytes, however it is split, into messages. Holds at most one unfinished frame
 * and one unfinished message of `MESSAGE_BYTES_MAX`.
 */
export class FrameReader {
  private readonly options: FrameReaderOptions;
  /** Header bytes of a frame that began in an earlier chunk. */
  private readonly headerBytes = Buffer.alloc(FRAME_HEADER_BYTES);
  private headerHeld = 0;
  /** Payload of a frame that began in an earlier chunk. */
  private partial: { readonly header: Header; readonly payload: Buffer; held: number } | null =
    null;
  /** Parts of a message whose last frame has not come. */
  private parts: { readonly first: Header; readonly payloads: Buffer[]; bytes: number } | null =
    null;

  constructor(options: FrameReaderOptions) {
    this.options = options;
  }

  /**
   * Takes the next bytes and returns the messages they complete. Messages may point into `chunk`.
   * Throws ProtocolError `PROTOCOL_FRAME`; the stream is of no use then.
   */
  push(chunk: Buffer): readonly Message[] {
    const messages: Message[] = [];
    let at = this.partial === null && this.headerHeld === 0 ? 0 : this.resume(chunk, messages);
    while (chunk.length - at >= FRAME_HEADER_BYTES) {
      const header = this.parseHeader(chunk, at);
      at += FRAME_HEADER_BYTES;
      const end = at + header.payloadBytes;
      if (end > chunk.length) {
        this.hold(header, chunk, at);
        return messages;
      }
      this.accept(header, chunk, at, end, messages);
      at = end;
    }
    if (at < chunk.length) {
      chunk.copy(this.headerBytes, 0, at);
      this.headerHeld = chunk.length - at;
    }
    return messages;
  }

  /** Completes what earlier chunks began; returns how many bytes of `chunk` that took. */
  private resume(chunk: Buffer, messages: Message[]): number {
    let at = 0;
    if (this.partial === null) {
      at = Math.min(FRAME_HEADER_BYTES - this.headerHeld, chunk.length);
      chunk.copy(this.headerBytes, this.headerHeld, 0, at);
      this.headerHeld += at;
      if (this.headerHeld < FRAME_HEADER_BYTES) return at;
      this.headerHeld = 0;
      this.hold(this.parseHeader(this.headerBytes, 0), chunk, chunk.length);
    }
    const { partial } = this;
    if (partial === null) return at;
    const count = Math.min(partial.payload.length - partial.held, chunk.length - at);
    chunk.copy(partial.payload, partial.held, at, at + count);
    partial.held += count;
    if (partial.held === partial.payload.length) {
      this.partial = null;
      this.accept(partial.header, partial.payload, 0, partial.payload.length, messages);
    }
    return at + count;
  }

  private hold(header: Header, chunk: Buffer, at: number): void {
    const payload = Buffer.allocUnsafe(header.payloadBytes);
    this.partial = { header, payload, held: chunk.copy(payload, 0, at) };
  }

  private accept(
    header: Header,
    buffer: Buffer,
    start: number,
    end: number,
    messages: Message[],
  ): void {
    const { type, id } = header;
    if (this.parts === null && !header.more) {
      messages.push({ type, id, buffer, start, end });
      return;
    }
    this.parts ??= { first: header, payloads: [], bytes: 0 };
    const { parts } = this;
    if (parts.first.id !== id || parts.first.type !== type) {
      throw new ProtocolError('PROTOCOL_FRAME', 'a frame within another message');
    }
    parts.bytes += end - start;
    if (parts.bytes > MESSAGE_BYTES_MAX) {
      throw new ProtocolError('PROTOCOL_FRAME', `a message over ${MESSAGE_BYTES_MAX} bytes`);
    }
    // A copy: the part must not keep the whole chunk alive, which may be far larger.
    parts.payloads.push(Buffer.from(buffer.subarray(start, end)));
    if (header.more) return;
    this.parts = null;
    const whole = Buffer.concat(parts.payloads);
    messages.push({ type, id, buffer: whole, start: 0, end: whole.length });
  }

  private parseHeader(buffer: Buffer, at: number): Header {
    const payloadBytes = buffer.readUInt32LE(at);
    const type = buffer.readUInt8(at + 8);
    const flags = buffer.readUInt8(at + 9);
    const slot = buffer.readUInt8(at + 10);
    const version = buffer.readUInt8(at + 11);
    const wrong =
      version !== WIRE_VERSION
        ? `version ${version}`
        : !this.options.types.has(type)
          ? `type ${type}, which may not arrive here`
          : slot !== this.options.slot
            ? `slot ${slot} on the socket of slot ${this.options.slot}`
            : (flags & ~FLAG_MORE) !== 0
              ? `flags ${flags}`
              : payloadBytes > FRAME_PAYLOAD_BYTES_MAX
                ? `${payloadBytes} bytes`
                : (flags & FLAG_MORE) !== 0 && payloadBytes !== FRAME_PAYLOAD_BYTES_MAX
                  ? 'a part that is not full'
                  : null;
    if (wrong !== null) throw new ProtocolError('PROTOCOL_FRAME', `a frame with ${wrong}`);
    const more = (flags & FLAG_MORE) !== 0;
    return { payloadBytes, type, id: buffer.readUInt32LE(at + 4), more };
  }
}
