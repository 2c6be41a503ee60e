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
  payloadBytes: number;
  type: number;
  id: number;
  more: boolean;
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

const NO_BYTES = Buffer.alloc(0);

/**
 * Cuts a stream of bytes, however it is split, into messages. Holds at most one unfinished frame
 * and one unfinished message of `MESSAGE_BYTES_MAX`.
 */
export class FrameReader {
  private readonly options: FrameReaderOptions;
  /** The header and the message at hand: written over by the next, so that neither is garbage. */
  private readonly header: Header = { payloadBytes: 0, type: 0, id: 0, more: false };
  private readonly message: Mutable<Message> = {
    type: 0,
    id: 0,
    buffer: NO_BYTES,
    start: 0,
    end: 0,
  };
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
    this.each(chunk, message => messages.push({ ...message }));
    return messages;
  }

  /**
   * Takes the next bytes and shows the messages they complete, one after the other. The message is
   * one object, which is another message as soon as `take` has returned. Throws as `push` does.
   */
  each(chunk: Buffer, take: (message: Message) => void): void {
    let at = this.partial === null && this.headerHeld === 0 ? 0 : this.resume(chunk, take);
    while (chunk.length - at >= FRAME_HEADER_BYTES) {
      const header = this.parseHeader(chunk, at);
      at += FRAME_HEADER_BYTES;
      const end = at + header.payloadBytes;
      if (end > chunk.length) {
        // A copy: the header read next takes the place of this one.
        this.hold({ ...header }, chunk, at);
        return;
      }
      this.accept(header, chunk, at, end, take);
      at = end;
    }
    if (at < chunk.length) {
      chunk.copy(this.headerBytes, 0, at);
      this.headerHeld = chunk.length - at;
    }
  }

  /** Completes what earlier chunks began; returns how many bytes of `chunk` that took. */
  private resume(chunk: Buffer, take: (message: Message) => void): number {
    let at = 0;
    if (this.partial === null) {
      at = Math.min(FRAME_HEADER_BYTES - this.headerHeld, chunk.length);
      chunk.copy(this.headerBytes, this.headerHeld, 0, at);
      this.headerHeld += at;
      if (this.headerHeld < FRAME_HEADER_BYTES) return at;
      this.headerHeld = 0;
      this.hold({ ...this.parseHeader(this.headerBytes, 0) }, chunk, chunk.length);
    }
    const { partial } = this;
    if (partial === null) return at;
    const count = Math.min(partial.payload.length - partial.held, chunk.length - at);
    chunk.copy(partial.payload, partial.held, at, at + count);
    partial.held += count;
    if (partial.held === partial.payload.length) {
      this.partial = null;
      this.accept(partial.header, partial.payload, 0, partial.payload.length, take);
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
    take: (message: Message) => void,
  ): void {
    const { type, id } = header;
    if (this.parts === null && !header.more) {
      this.show(type, id, buffer, start, end, take);
      return;
    }
    this.parts ??= { first: { ...header }, payloads: [], bytes: 0 };
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
    this.show(type, id, whole, 0, whole.length, take);
  }

  private show(
    type: number,
    id: number,
    buffer: Buffer,
    start: number,
    end: number,
    take: (message: Message) => void,
  ): void {
    const { message } = this;
    message.type = type;
    message.id = id;
    message.buffer = buffer;
    message.start = start;
    message.end = end;
    take(message);
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
    const { header } = this;
    header.payloadBytes = payloadBytes;
    header.type = type;
    header.id = buffer.readUInt32LE(at + 4);
    header.more = (flags & FLAG_MORE) !== 0;
    return header;
  }
}
