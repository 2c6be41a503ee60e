import { maskSource } from './mask.ts';

/** One import, re-export, or dynamic import. */
export interface Import {
  readonly specifier: string;
  /** Names taken from the other module; `*` for all of them. */
  readonly names: readonly string[];
  /** True when nothing of it is left at run time. */
  readonly typeOnly: boolean;
  readonly line: number;
}

/** One exported declaration. */
export interface Export {
  readonly name: string;
  readonly kind: 'type' | 'value';
  readonly documented: boolean;
  readonly line: number;
}

/** What the rules know about one module. */
export interface ModuleScan {
  readonly imports: readonly Import[];
  readonly exports: readonly Export[];
  /** The source with comments and the inside of strings blanked out. */
  readonly code: string;
}

const STATIC_IMPORT = /^[ \t]*(import|export)\b([^'";=()]*?)(?:\bfrom\s*)?(['"])/gm;
const DYNAMIC_IMPORT = /\bimport\s*\(\s*(['"])/g;
const DECLARATION =
  /^export (?:(?:declare|async|abstract) )*(function\*?|const|let|class|interface|type) ([\w$]+)/gm;

/** Reads a module's imports and exports. Expects source in our own format, as Biome leaves it. */
export function scanModule(text: string): ModuleScan {
  const code = maskSource(text);
  return { imports: findImports(text, code), exports: findExports(text, code), code };
}

/** Returns the line, counted from 1, of a position in a text. */
export function lineAt(text: string, position: number): number {
  let line = 1;
  for (let at = text.indexOf('\n'); at >= 0 && at < position; at = text.indexOf('\n', at + 1)) {
    line += 1;
  }
  return line;
}

function findImports(text: string, code: string): Import[] {
  const imports: Import[] = [];
  for (const match of code.matchAll(STATIC_IMPORT)) {
    const [whole, keyword = '', clause = '', quote = ''] = match;
    if (keyword === 'export' && !/[*}]\s*(as\s+[\w$]+\s*)?$/.test(clause)) continue;
    const specifier = stringAt(text, match.index + whole.length, quote);
    const line = lineAt(text, match.index + whole.indexOf(keyword));
    imports.push({ specifier, line, ...clauseNames(clause) });
  }
  for (const match of code.matchAll(DYNAMIC_IMPORT)) {
    const [whole, quote = ''] = match;
    const specifier = stringAt(text, match.index + whole.length, quote);
    const before = code.slice(Math.max(0, match.index - 40), match.index);
    const typeOnly = /[:|<&]\s*(typeof\s+)?$/.test(before);
    imports.push({ specifier, names: ['*'], typeOnly, line: lineAt(text, match.index) });
  }
  return imports;
}

function clauseNames(clause: string): { names: string[]; typeOnly: boolean } {
  const wholeType = /^\s*type\b(?!\s*,)/.test(clause);
  const body = clause.replace(/^\s*type\b/, '').trim();
  if (body === '') return { names: [], typeOnly: false };
  const braces = /\{([^}]*)\}/.exec(body);
  const items = (braces?.[1] ?? '')
    .split(',')
    .map(item => item.trim())
    .filter(item => item !== '');
  const names = items.map(item => item.replace(/^type\s+/, '').split(/\s+as\s+/)[0] ?? '');
  const outside = body
    .replace(/\{[^}]*\}/, '')
    .replace(/,/g, '')
    .trim();
  if (outside.startsWith('*')) names.push('*');
  else if (outside !== '') names.push('default');
  const itemsAllTypes = items.length > 0 && items.every(item => item.startsWith('type '));
  return { names, typeOnly: wholeType || (itemsAllTypes && outside === '') };
}

function findExports(text: string, code: string): Export[] {
  const exports: Export[] = [];
  const lines = text.split('\n');
  for (const match of code.matchAll(DECLARATION)) {
    const [, keyword = '', name = ''] = match;
    const line = lineAt(text, match.index);
    const previous = lines[line - 2]?.trim() ?? '';
    const overload = new RegExp(`^export (async )?function ${name}\\b`).test(previous);
    exports.push({
      name,
      kind: keyword === 'interface' || keyword === 'type' ? 'type' : 'value',
      documented: previous.endsWith('*/') || overload,
      line,
    });
  }
  return exports;
}

function stringAt(text: string, start: number, quote: string): string {
  return text.slice(start, text.indexOf(quote, start));
}
