/** Bytes of a line that are kept together; what is longer is cut into several lines. */
export const LINE_BYTES_MAX = 2_048;

const NEWLINE = 0x0a;

/** Cuts what a guest writes into lines of bounded length. */
export class LineSink {
  readonly #onLine: (line: string) => void;
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  readonly #pending = new Uint8Array(LINE_BYTES_MAX);
  #length = 0;

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  write(bytes: Uint8Array): void {
    for (const byte of bytes) {
      if (byte === NEWLINE) {
        this.#emit(this.#length);
        continue;
      }
      if (this.#length === LINE_BYTES_MAX) this.#emit(wholeCharacters(this.#pending));
      this.#pending[this.#length] = byte;
      this.#length += 1;
    }
  }

  /** Hands over what is waiting as a line, if anything is. */
  flush(): void {
    if (this.#length > 0) this.#emit(this.#length);
  }

  #emit(count: number): void {
    this.#onLine(this.#decoder.decode(this.#pending.subarray(0, count)));
    this.#pending.copyWithin(0, count, this.#length);
    this.#length -= count;
  }
}

/** Returns how many of the bytes to take so that no UTF-8 character is cut, where it is UTF-8. */
function wholeCharacters(bytes: Uint8Array): number {
  for (let back = 1; back <= 4; back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    if ((byte & 0xc0) === 0x80) continue;
    const needs = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return needs > back ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}
