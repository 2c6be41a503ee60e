import { ProtocolError } from './protocol-error.ts';

/** Bytes of the number that opens each session of a slot. */
export const NONCE_BYTES = 16;
/** Bytes that a killed worker can have left behind: what fits into sockets, and plenty more. */
export const STALE_BYTES_MAX = 16 * 1024 * 1024;

/**
 * Discards a stream up to and including a session's nonce, however the stream is split. What a
 * killed worker left half-written ends there, so that its slot can be used again.
 */
export class NonceGate {
  private readonly nonce: Buffer;
  private held: Buffer = Buffer.alloc(0);
  private open = false;
  private discarded = 0;

  constructor(nonce: Uint8Array) {
    this.nonce = Buffer.from(nonce);
  }

  /**
   * Returns the bytes after the nonce; empty until it has come.
   * Throws ProtocolError `PROTOCOL_FRAME` when more was discarded than a session can leave.
   */
  pass(chunk: Buffer): Buffer {
    if (this.open) return chunk;
    const joined = this.held.length === 0 ? chunk : Buffer.concat([this.held, chunk]);
    const at = joined.indexOf(this.nonce);
    if (at >= 0) {
      this.open = true;
      this.held = Buffer.alloc(0);
      return joined.subarray(at + NONCE_BYTES);
    }
    this.discarded += chunk.length;
    if (this.discarded > STALE_BYTES_MAX) {
      throw new ProtocolError('PROTOCOL_FRAME', `${this.discarded} bytes and no session`);
    }
    // A copy of the last bytes: the nonce may have begun in them.
    this.held = Buffer.from(joined.subarray(Math.max(0, joined.length - NONCE_BYTES + 1)));
    return Buffer.alloc(0);
  }

  /** Whether the nonce has come. */
  get isOpen(): boolean {
    return this.open;
  }
}
