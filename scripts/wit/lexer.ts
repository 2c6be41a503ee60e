import { WitError } from './errors.ts';

/** Where a token starts, for messages. Line and column count from 1. */
export interface Place {
  readonly path: string;
  readonly line: number;
  readonly column: number;
}

/** One token with the doc comment that stands before it. */
export interface Token {
  readonly kind: 'word' | 'version' | 'mark' | 'end';
  readonly text: string;
  /** Text of the `///` and `/** *\/` comments just before, lines joined by newlines. */
  readonly docs: string;
  readonly place: Place;
}

const SOURCE_CHARACTERS_MAX = 1_000_000;

// Sticky patterns, tried in this order. A version ends before `.{`, as in `use a:b/c@0.2.0.{d}`.
const SPACE = /[ \t\r\n]+/y;
const DOC_LINE = /\/\/\/([^\n]*)/y;
const DOC_BLOCK = /\/\*\*([\s\S]*?)\*\//y;
const COMMENT = /\/\/[^\n]*|\/\*[\s\S]*?\*\//y;
const VERSION = /\d+\.\d+\.\d+(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?/y;
const WORD = /%?[A-Za-z][A-Za-z0-9]*(?:-[A-Za-z0-9]+)*|_/y;
const MARK = /->|[@:;,.(){}<>=/*]/y;

/**
 * Returns the tokens of a WIT source; the last one is of kind `end`.
 * @throws WitError `WIT_SYNTAX`
 */
export function tokenize(source: string, path: string): Token[] {
  if (source.length > SOURCE_CHARACTERS_MAX) {
    throw new WitError(
      'WIT_SYNTAX',
      `${path}:1:1: longer than ${SOURCE_CHARACTERS_MAX} characters`,
    );
  }
  const tokens: Token[] = [];
  const places = new PlaceCounter(source, path);
  let docs: string[] = [];
  let at = 0;
  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const found = pattern.exec(source);
    if (found !== null) at = pattern.lastIndex;
    return found;
  };
  while (at < source.length) {
    const start = at;
    if (match(SPACE) !== null) continue;
    const docLine = match(DOC_LINE);
    if (docLine !== null) {
      docs.push(withoutIndent(docLine[1] ?? ''));
      continue;
    }
    const docBlock = match(DOC_BLOCK);
    if (docBlock !== null) {
      docs.push(...blockLines(docBlock[1] ?? ''));
      continue;
    }
    if (match(COMMENT) !== null) continue;
    const kind = match(VERSION) ? 'version' : match(WORD) ? 'word' : match(MARK) ? 'mark' : null;
    const place = places.at(start);
    if (kind === null) {
      throw new WitError('WIT_SYNTAX', `${written(place)}: unexpected "${source[start] ?? ''}"`);
    }
    tokens.push({ kind, text: source.slice(start, at), docs: docs.join('\n').trim(), place });
    docs = [];
  }
  tokens.push({ kind: 'end', text: 'end of file', docs: '', place: places.at(source.length) });
  return tokens;
}

/** Returns `file:line:column`. */
export function written(place: Place): string {
  return `${place.path}:${place.line}:${place.column}`;
}

function withoutIndent(line: string): string {
  return (line.startsWith(' ') ? line.slice(1) : line).trimEnd();
}

function blockLines(text: string): string[] {
  return text.split('\n').map(line => withoutIndent(line.replace(/^\s*\*?/, '')));
}

/** Counts lines forward only: tokens come in order. */
class PlaceCounter {
  readonly #source: string;
  readonly #path: string;
  #line = 1;
  #lineStart = 0;
  #seen = 0;

  constructor(source: string, path: string) {
    this.#source = source;
    this.#path = path;
  }

  at(offset: number): Place {
    for (; this.#seen < offset; this.#seen++) {
      if (this.#source[this.#seen] === '\n') {
        this.#line++;
        this.#lineStart = this.#seen + 1;
      }
    }
    return { path: this.#path, line: this.#line, column: offset - this.#lineStart + 1 };
  }
}
