import { LinkError } from './errors.ts';
import type { Reader } from './reader.ts';

/** A size of a table (entries) or memory (pages); `max` is null where none is declared. */
export interface CoreSize {
  readonly min: number;
  readonly max: number | null;
}

/**
 * What a core module imports or exports. A `signature` is as `signatureOf` writes it, a global's
 * `type` the letter of its value type, with `!` where it is mutable.
 */
export type CoreExtern =
  | { readonly kind: 'func'; readonly signature: string }
  | { readonly kind: 'table'; readonly element: number; readonly size: CoreSize }
  | { readonly kind: 'memory'; readonly size: CoreSize }
  | { readonly kind: 'global'; readonly type: string };

/** Whether `have` may be imported as `want` (core specification, 3.4 "Matching"). */
export function coreMatches(want: CoreExtern, have: CoreExtern): boolean {
  switch (want.kind) {
    case 'func':
      return have.kind === 'func' && have.signature === want.signature;
    case 'global':
      return have.kind === 'global' && have.type === want.type;
    case 'memory':
      return have.kind === 'memory' && sizeMatches(want.size, have.size);
    case 'table':
      return (
        have.kind === 'table' && have.element === want.element && sizeMatches(want.size, have.size)
      );
  }
}

function sizeMatches(want: CoreSize, have: CoreSize): boolean {
  if (have.min < want.min) return false;
  return want.max === null || (have.max !== null && have.max <= want.max);
}

const END = 0x0b;
/** Bytes behind an instruction of a fixed length. */
const FIXED: ReadonlyMap<number, number> = new Map([
  [0x43, 4],
  [0x44, 8],
  ...[0x6a, 0x6b, 0x6c, 0x7c, 0x7d, 0x7e].map(code => [code, 0] as const),
]);
/** Instructions with one number behind them: constants, globals, references. */
const NUMBERED: ReadonlySet<number> = new Set([0x41, 0x42, 0x23, 0xd0, 0xd2]);
const VECTOR = 0xfd;
const VECTOR_CONST = 0x0c;
const LEB_BYTES_MAX = 10;

/**
 * Steps over a constant expression (core specification, 5.4.9); the engine validates it.
 * @throws LinkError for instructions that none may hold
 */
export function skipConstant(reader: Reader): void {
  for (;;) {
    const at = reader.at;
    const code = reader.byte();
    if (code === END) return;
    const length = FIXED.get(code);
    if (length !== undefined) reader.take(length);
    else if (NUMBERED.has(code)) skipLeb(reader);
    else if (code === VECTOR && reader.u32() === VECTOR_CONST) reader.take(16);
    else throw new LinkError('LINK_UNSUPPORTED', 'a constant of this form is not accepted', at);
  }
}

function skipLeb(reader: Reader): void {
  for (let left = LEB_BYTES_MAX; left > 0; left -= 1) if (reader.byte() < 0x80) return;
  throw reader.malformed('integer too long');
}
