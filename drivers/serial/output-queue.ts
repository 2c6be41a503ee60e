/** Bytes that wait for a port. */
const OUTPUT_BYTES_MAX = 16 * 1_024;

/** Bytes handed to the system at a time: about half a second at 9,600 baud. */
const CHUNK_BYTES_MAX = 512;

/** Bytes on their way out, in order, handed out one chunk at a time. */
export class OutputQueue {
  #waiting: Uint8Array[] = [];
  #bytes = 0;
  #inFlightBytes = 0;

  /** Bytes accepted and not yet taken by the system. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Takes all of `bytes` (a copy), or none of them and returns false. */
  push(bytes: Uint8Array): boolean {
    if (this.#bytes + bytes.length > OUTPUT_BYTES_MAX) return false;
    if (bytes.length > 0) this.#waiting.push(bytes.slice());
    this.#bytes += bytes.length;
    return true;
  }

  /** Returns the next chunk, or null while one is on its way or nothing waits. */
  next(): Uint8Array | null {
    const first = this.#waiting[0];
    if (first === undefined || this.#inFlightBytes > 0) return null;
    const chunk = first.subarray(0, CHUNK_BYTES_MAX);
    if (chunk.length === first.length) this.#waiting.shift();
    else this.#waiting[0] = first.subarray(chunk.length);
    this.#inFlightBytes = chunk.length;
    return chunk;
  }

  /** Notes that the system took the chunk handed out last. */
  written(): void {
    this.#bytes -= this.#inFlightBytes;
    this.#inFlightBytes = 0;
  }

  /** Forgets everything; returns how many bytes that were. */
  clear(): number {
    const dropped = this.#bytes;
    this.#waiting = [];
    this.#bytes = 0;
    this.#inFlightBytes = 0;
    return dropped;
  }
}
