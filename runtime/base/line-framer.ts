/** A line without its end, and how many lines were dropped just before it. */
export interface FramedLine {
  readonly bytes: Uint8Array;
  readonly lost: number;
}

/** How a stream of bytes is cut. `auto` takes CR, LF and CRLF as one line end. */
export interface LineFramerSettings {
  /** A longer line is dropped. */
  readonly maxBytes: number;
  readonly ending: 'lf' | 'crlf' | 'cr' | 'auto';
}

const LF = 0x0a;
const CR = 0x0d;

/**
 * Cuts a stream of bytes into lines and holds at most one line. Dropped, and counted in the next
 * line's `lost`: a line that is too long, and one with 0x00 or 0xff in it, which is what a break
 * or a floating wire gives and text never holds. After either, the next line end is the next
 * start. Empty lines are left out and not counted.
 */
export class LineFramer {
  readonly #settings: LineFramerSettings;
  readonly #line: Uint8Array;
  #length = 0;
  #lost = 0;
  #skipping = false;
  #previous = 0;

  constructor(settings: LineFramerSettings) {
    this.#settings = settings;
    // One more than a line: with `crlf` the CR is held until its LF decides what it is.
    this.#line = new Uint8Array(settings.maxBytes + 1);
  }

  /** Returns the lines that `chunk` completes, in order. */
  push(chunk: Uint8Array): FramedLine[] {
    const lines: FramedLine[] = [];
    for (const byte of chunk) {
      if (this.#ends(byte)) {
        const line = this.#finish();
        if (line !== null) lines.push(line);
      } else if (!this.#skipping) {
        this.#take(byte);
      }
    }
    return lines;
  }

  /** Forgets a line begun, as when the wire was cut; it counts as lost. */
  reset(): void {
    if (this.#length > 0 && !this.#skipping) this.#lost += 1;
    this.#length = 0;
    this.#skipping = false;
    this.#previous = 0;
  }

  /** Drops everything up to the next line end, and counts it as one lost line. */
  skipLine(): void {
    if (this.#skipping) return;
    this.#skipping = true;
    this.#length = 0;
    this.#lost += 1;
  }

  #ends(byte: number): boolean {
    const previous = this.#previous;
    this.#previous = byte;
    switch (this.#settings.ending) {
      case 'lf':
        return byte === LF;
      case 'cr':
        return byte === CR;
      case 'crlf':
        return byte === LF && previous === CR;
      case 'auto':
        return byte === LF || byte === CR;
    }
  }

  #take(byte: number): void {
    const heldCr = this.#settings.ending === 'crlf' && byte === CR ? 1 : 0;
    const noise = byte === 0x00 || byte === 0xff;
    if (noise || this.#length >= this.#settings.maxBytes + heldCr) {
      this.skipLine();
      return;
    }
    this.#line[this.#length] = byte;
    this.#length += 1;
  }

  #finish(): FramedLine | null {
    const heldCr = this.#settings.ending === 'crlf' && this.#length > 0 ? 1 : 0;
    const length = this.#length - heldCr;
    this.#length = 0;
    if (this.#skipping) {
      this.#skipping = false;
      return null;
    }
    if (length === 0) return null;
    const lost = this.#lost;
    this.#lost = 0;
    return { bytes: this.#line.slice(0, length), lost };
  }
}
