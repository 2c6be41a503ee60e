/** Bytes of a line that are kept; what is longer is cut into several lines. */
export const LINE_BYTES_MAX = 8_192;

const NEWLINE = 0x0a;

/** Cuts what a guest writes into lines of bounded length. */
export class LineSink {
  readonly #onLine: (line: string) => void;
  readonly #decoder = new TextDecoder();
  readonly #pending = new Uint8Array(LINE_BYTES_MAX);
  #length = 0;

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  write(bytes: Uint8Array): void {
    for (const byte of bytes) {
      if (byte === NEWLINE) {
        this.flush();
        continue;
      }
      if (this.#length === LINE_BYTES_MAX) this.flush();
      this.#pending[this.#length] = byte;
      this.#length += 1;
    }
  }

  /** Hands over what is waiting as a line. */
  flush(): void {
    this.#onLine(this.#decoder.decode(this.#pending.subarray(0, this.#length)));
    this.#length = 0;
  }
}
