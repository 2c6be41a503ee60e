import { parse } from '@bytecodealliance/jco';
import type { ComponentSource } from './commands.ts';

/** The bytes of a component, or why the assembler cannot make them. */
export type Assembled =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  /** The text is well-formed, but a name in it means nothing, or means two things. */
  | { readonly kind: 'unresolved'; readonly message: string }
  /** The text is not of the assembler's language. */
  | { readonly kind: 'syntax'; readonly message: string };

const UNRESOLVED = /unknown |failed to find|duplicate|is not a module, type, or component|outer /;

/** Returns a component's bytes. The assembler validates nothing beyond names. */
export async function assemble(source: ComponentSource): Promise<Assembled> {
  if (source.kind === 'binary') return { kind: 'bytes', bytes: source.bytes };
  try {
    return { kind: 'bytes', bytes: new Uint8Array(await parse(source.text)) };
  } catch (error) {
    const message = messageOf(String(error));
    return { kind: UNRESOLVED.test(message) ? 'unresolved' : 'syntax', message };
  }
}

/** The assembler's errors are dumps of its own structures, with the message deep within. */
function messageOf(dump: string): string {
  const [, custom] = /kind: Custom\("((?:[^"\\]|\\.)*)"/.exec(dump) ?? [];
  const [, lexical] = /kind: Lex\((\w+)/.exec(dump) ?? [];
  return custom ?? lexical ?? dump.slice(0, 200);
}
