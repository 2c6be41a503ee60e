import { WastError } from './errors.ts';

/** Where a form stands: offsets into the text, and the line it starts on. */
interface Place {
  readonly at: number;
  readonly end: number;
  readonly line: number;
}

/** A parenthesised form. */
export interface ListForm extends Place {
  readonly kind: 'list';
  readonly items: readonly Form[];
}

/** A keyword, an identifier or a number. */
export interface WordForm extends Place {
  readonly kind: 'word';
  readonly text: string;
}

/** A string with its escapes resolved; it need not be UTF-8. */
export interface TextForm extends Place {
  readonly kind: 'text';
  readonly bytes: Uint8Array;
}

/** A piece of a script. */
export type Form = ListForm | WordForm | TextForm;

const TEXT_UNITS_MAX = 16 * 1024 * 1024;
const NESTING_MAX = 1_000;
const FORMS_MAX = 4_000_000;

const SPACE = /[ \t\r\n]+/y;
const LINE_COMMENT = /;;[^\n]*/y;
const WORD = /[^\s"();]+/y;
const STRING = /"(?:[^"\\\n]|\\(?:[tnr"'\\]|u\{[0-9a-fA-F_]{1,12}\}|[0-9a-fA-F]{2}))*"/y;
const PIECE = /\\u\{([^}]+)\}|\\([0-9a-fA-F]{2})|\\([tnr"'\\])|([^\\]+)/g;
const NAMED_ESCAPES: ReadonlyMap<string, number> = new Map([
  ['t', 9],
  ['n', 10],
  ['r', 13],
  ['"', 34],
  ["'", 39],
  ['\\', 92],
]);

/**
 * Splits a script into its forms (core specification, 6.3 "Lexical Format").
 * @throws WastError `WAST_SYNTAX`
 */
export function readForms(text: string): readonly Form[] {
  if (text.length > TEXT_UNITS_MAX) {
    throw new WastError('WAST_SYNTAX', `a script of over ${TEXT_UNITS_MAX} characters`);
  }
  return new FormReader(text).all();
}

/** Returns a text's string. @throws WastError when it is not UTF-8 */
export function textOf({ bytes, line }: TextForm): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new WastError('WAST_SYNTAX', `line ${line}: a string is not UTF-8`, { cause });
  }
}

interface OpenList {
  readonly at: number;
  readonly line: number;
  readonly items: Form[];
}

class FormReader {
  readonly #text: string;
  #at = 0;
  #line = 1;
  #forms = 0;

  constructor(text: string) {
    this.#text = text;
  }

  all(): readonly Form[] {
    const top: Form[] = [];
    const open: OpenList[] = [];
    for (;;) {
      this.#skipSpace();
      if (this.#at >= this.#text.length) break;
      const into = open.at(-1)?.items ?? top;
      const form = this.#step(open);
      if (form !== null) (form.kind === 'list' ? (open.at(-1)?.items ?? top) : into).push(form);
    }
    const unclosed = open.at(-1);
    if (unclosed !== undefined) throw this.#wrong(`the list of line ${unclosed.line} stays open`);
    return top;
  }

  /** Reads one token. Returns the form that it completes; null after an opening parenthesis. */
  #step(open: OpenList[]): Form | null {
    this.#forms += 1;
    if (this.#forms > FORMS_MAX) throw this.#wrong(`over ${FORMS_MAX} forms`);
    const at = this.#at;
    const line = this.#line;
    switch (this.#text[at]) {
      case '(':
        if (open.length >= NESTING_MAX) throw this.#wrong(`nested over ${NESTING_MAX} deep`);
        open.push({ at, line, items: [] });
        this.#at += 1;
        return null;
      case ')': {
        const list = open.pop();
        if (list === undefined) throw this.#wrong('a list that was never opened ends');
        this.#at += 1;
        return { kind: 'list', ...list, end: this.#at };
      }
      case '"': {
        const literal = this.#match(STRING);
        if (literal === null) throw this.#wrong('a string that never ends, or a wrong escape');
        return { kind: 'text', bytes: unescaped(literal.slice(1, -1)), at, end: this.#at, line };
      }
      default: {
        const text = this.#match(WORD);
        if (text === null) throw this.#wrong('a character that begins no form');
        return { kind: 'word', text, at, end: this.#at, line };
      }
    }
  }

  #skipSpace(): void {
    for (;;) {
      if (this.#match(SPACE) !== null || this.#match(LINE_COMMENT) !== null) continue;
      if (!this.#text.startsWith('(;', this.#at)) return;
      this.#skipBlockComment();
    }
  }

  /** Block comments nest. */
  #skipBlockComment(): void {
    const start = this.#line;
    let depth = 0;
    do {
      const next = this.#text.startsWith('(;', this.#at) ? 1 : 0;
      const last = this.#text.startsWith(';)', this.#at) ? 1 : 0;
      if (this.#at >= this.#text.length) throw this.#wrong(`the comment of line ${start} is open`);
      if (this.#text[this.#at] === '\n') this.#line += 1;
      depth += next - last;
      this.#at += next + last > 0 ? 2 : 1;
    } while (depth > 0);
  }

  #match(pattern: RegExp): string | null {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found === undefined) return null;
    this.#at += found.length;
    for (const unit of found) if (unit === '\n') this.#line += 1;
    return found;
  }

  #wrong(message: string): WastError {
    return new WastError('WAST_SYNTAX', `line ${this.#line}: ${message}`);
  }
}

function unescaped(literal: string): Uint8Array {
  const parts: Buffer[] = [];
  for (const [, point, byte, named, plain] of literal.matchAll(PIECE)) {
    if (plain !== undefined) parts.push(Buffer.from(plain));
    else if (byte !== undefined) parts.push(Buffer.of(Number.parseInt(byte, 16)));
    else if (named !== undefined) parts.push(Buffer.of(NAMED_ESCAPES.get(named) ?? 0));
    else parts.push(codePoint(Number.parseInt((point ?? '').replaceAll('_', ''), 16)));
  }
  return Buffer.concat(parts);
}

function codePoint(code: number): Buffer {
  if (!(code <= 0x10_ffff) || (code >= 0xd800 && code <= 0xdfff)) {
    throw new WastError('WAST_SYNTAX', `\\u{${code.toString(16)}} is no character`);
  }
  return Buffer.from(String.fromCodePoint(code));
}
