/**
 * Returns the source with everything that is not code blanked out: comments, the inside of strings,
 * of regular expressions and of templates (but not of their `${}`). Positions and lines stay, so
 * what is found in the masked text can be read in the original.
 */
export function maskSource(text: string): string {
  return new Masker(text).run();
}

/** After these words a slash begins a regular expression, not a division. */
const WORDS_BEFORE_REGEX =
  /(?:^|[^\w$.])(?:return|typeof|case|in|of|do|else|void|delete|throw|new|await|yield)$/;

class Masker {
  readonly #text: string;
  readonly #out: string[];
  #at = 0;

  constructor(text: string) {
    this.#text = text;
    this.#out = text.split('');
  }

  run(): string {
    this.#code(null);
    return this.#out.join('');
  }

  /** Walks code up to the brace that closes a template's `${`, or to the end. */
  #code(closing: '}' | null): void {
    let depth = 0;
    while (this.#at < this.#text.length) {
      const char = this.#text[this.#at];
      if (char === '{') depth += 1;
      if (char === '}') {
        if (depth === 0 && closing !== null) return;
        depth -= 1;
      }
      this.#token(char ?? '');
    }
  }

  #token(char: string): void {
    const next = this.#text[this.#at + 1];
    if (char === '/' && next === '/') this.#blankUntil('\n', 0);
    else if (char === '/' && next === '*') this.#blankUntil('*/', 2);
    else if (char === '/' && this.#regexMayStand()) this.#regex();
    else if (char === "'" || char === '"') this.#string(char);
    else if (char === '`') this.#template();
    else this.#at += 1;
  }

  #string(quote: string): void {
    this.#at += 1;
    while (this.#at < this.#text.length && this.#text[this.#at] !== quote) {
      if (this.#text[this.#at] === '\n') return;
      this.#blank(this.#text[this.#at] === '\\' ? 2 : 1);
    }
    this.#at += 1;
  }

  #template(): void {
    this.#at += 1;
    while (this.#at < this.#text.length && this.#text[this.#at] !== '`') {
      if (this.#text.startsWith('${', this.#at)) {
        this.#at += 2;
        this.#code('}');
        this.#at += 1;
      } else {
        this.#blank(this.#text[this.#at] === '\\' ? 2 : 1);
      }
    }
    this.#at += 1;
  }

  #regex(): void {
    let inClass = false;
    this.#at += 1;
    while (this.#at < this.#text.length) {
      const char = this.#text[this.#at];
      if (char === '\n' || (char === '/' && !inClass)) break;
      if (char === '[') inClass = true;
      if (char === ']') inClass = false;
      this.#blank(char === '\\' ? 2 : 1);
    }
    this.#at += 1;
  }

  #regexMayStand(): boolean {
    const before = this.#out
      .slice(Math.max(0, this.#at - 200), this.#at)
      .join('')
      .trimEnd();
    if (before === '') return true;
    return /[([{}=,;:?!&|+\-*%<>~^]$/.test(before) || WORDS_BEFORE_REGEX.test(before);
  }

  #blankUntil(end: string, endChars: number): void {
    const found = this.#text.indexOf(end, this.#at + endChars);
    this.#blank((found < 0 ? this.#text.length : found + endChars) - this.#at);
  }

  #blank(chars: number): void {
    const end = Math.min(this.#text.length, this.#at + chars);
    for (; this.#at < end; this.#at += 1) {
      if (this.#out[this.#at] !== '\n') this.#out[this.#at] = ' ';
    }
  }
}
