import type { PrimitiveKind } from '../../runtime/base/value-type.ts';
import { WitError, type WitErrorCode } from './errors.ts';
import { type Token, tokenize, written } from './lexer.ts';
import type {
  DefinitionSyntax,
  FileSyntax,
  FunctionSyntax,
  InterfaceSyntax,
  MemberSyntax,
  TypeSyntax,
  UseSyntax,
  WorldItemSyntax,
  WorldSyntax,
} from './syntax.ts';

const PRIMITIVES: ReadonlyMap<string, PrimitiveKind> = new Map(
  (
    [
      ...['bool', 'u8', 'u16', 'u32', 'u64', 's8', 's16', 's32', 's64', 'f32', 'f64'],
      ...['char', 'string'],
    ] as PrimitiveKind[]
  ).map(kind => [kind, kind]),
);

const TYPE_DEPTH_MAX = 32;

/**
 * Reads one WIT file (component-model `WIT.md`): one package line, interfaces and worlds. Refuses
 * what the contract never uses: async, streams, inline worlds' functions and nested packages.
 * @throws WitError `WIT_SYNTAX`, `WIT_UNSUPPORTED`
 */
export function parseWit(source: string, path: string): FileSyntax {
  const reader = new Reader(tokenize(source, path));
  reader.gates();
  reader.expect('package');
  const { name, version } = reader.packageId();
  reader.expect(';');
  const interfaces: InterfaceSyntax[] = [];
  const worlds: WorldSyntax[] = [];
  while (!reader.atEnd()) {
    const docs = reader.gates();
    const token = reader.next();
    if (token.text === 'interface') interfaces.push(parseInterface(reader, docs));
    else if (token.text === 'world') worlds.push(parseWorld(reader, docs));
    else throw reader.refusal(token, 'expected interface or world');
  }
  return { path, packageName: name, packageVersion: version, interfaces, worlds };
}

function parseInterface(reader: Reader, docs: string): InterfaceSyntax {
  const name = reader.label();
  const uses: UseSyntax[] = [];
  const definitions: DefinitionSyntax[] = [];
  const functions: FunctionSyntax[] = [];
  reader.expect('{');
  while (!reader.accept('}')) {
    const itemDocs = reader.gates();
    const keyword = reader.peek();
    if (keyword.text === 'use') uses.push(...parseUse(reader));
    else if (DEFINITIONS.has(keyword.text)) definitions.push(parseDefinition(reader, itemDocs));
    else functions.push(parseFunction(reader, itemDocs, 'free'));
  }
  return { name, docs, uses, definitions, functions };
}

function parseWorld(reader: Reader, docs: string): WorldSyntax {
  const name = reader.label();
  const items: WorldItemSyntax[] = [];
  reader.expect('{');
  while (!reader.accept('}')) {
    reader.gates();
    const token = reader.next();
    if (token.text !== 'import' && token.text !== 'export' && token.text !== 'include') {
      throw reader.refusal(token, 'expected import, export or include', 'WIT_UNSUPPORTED');
    }
    items.push({ kind: token.text, target: reader.interfacePath(), place: token.place });
    reader.expect(';');
  }
  return { name, docs, items };
}

function parseUse(reader: Reader): UseSyntax[] {
  reader.expect('use');
  const from = reader.interfacePath();
  reader.expect('.');
  reader.expect('{');
  return reader.list('}', () => {
    const place = reader.peek().place;
    const name = reader.label();
    return { from, name, local: reader.accept('as') ? reader.label() : name, place };
  });
}

const DEFINITIONS = new Set(['type', 'record', 'variant', 'enum', 'flags', 'resource']);

function parseDefinition(reader: Reader, docs: string): DefinitionSyntax {
  const keyword = reader.next();
  const name = reader.label();
  const head = { name, docs, place: keyword.place };
  switch (keyword.text) {
    case 'type': {
      reader.expect('=');
      const type = parseType(reader, 0);
      reader.expect(';');
      return { ...head, kind: 'alias', type };
    }
    case 'resource':
      return { ...head, kind: 'resource', functions: parseResource(reader) };
    case 'record':
    case 'variant':
    case 'enum':
    case 'flags': {
      reader.expect('{');
      const kind = keyword.text;
      const members = reader.list('}', () => parseMember(reader, kind), false);
      return { ...head, kind, members };
    }
    default:
      throw reader.refusal(keyword, 'expected a type definition');
  }
}

function parseMember(reader: Reader, kind: 'record' | 'variant' | 'enum' | 'flags'): MemberSyntax {
  const docs = reader.gates();
  const name = reader.label();
  if (kind === 'record') {
    reader.expect(':');
    return { name, docs, type: parseType(reader, 0) };
  }
  if (kind === 'variant' && reader.accept('(')) {
    const type = parseType(reader, 0);
    reader.expect(')');
    return { name, docs, type };
  }
  return { name, docs, type: null };
}

function parseResource(reader: Reader): FunctionSyntax[] {
  const functions: FunctionSyntax[] = [];
  if (reader.accept(';')) return functions;
  reader.expect('{');
  while (!reader.accept('}')) {
    const docs = reader.gates();
    if (reader.accept('constructor')) {
      reader.expect('(');
      functions.push({
        ...{ name: 'constructor', docs, role: 'constructor' },
        params: parseParams(reader),
        result: null,
      });
      reader.expect(';');
    } else functions.push(parseFunction(reader, docs, 'method'));
  }
  return functions;
}

function parseFunction(reader: Reader, docs: string, role: 'free' | 'method'): FunctionSyntax {
  const name = reader.label();
  reader.expect(':');
  const isStatic = role === 'method' && reader.accept('static');
  reader.expect('func');
  reader.expect('(');
  const params = parseParams(reader);
  const result = reader.accept('->') ? parseType(reader, 0) : null;
  reader.expect(';');
  return { name, docs, role: isStatic ? 'static' : role, params, result };
}

function parseParams(reader: Reader): { name: string; type: TypeSyntax }[] {
  return reader.list(
    ')',
    () => {
      const name = reader.label();
      reader.expect(':');
      return { name, type: parseType(reader, 0) };
    },
    false,
  );
}

function parseType(reader: Reader, depth: number): TypeSyntax {
  const token = reader.next();
  if (depth > TYPE_DEPTH_MAX) throw reader.refusal(token, 'type is nested too deeply');
  if (token.kind !== 'word') throw reader.refusal(token, 'expected a type');
  const primitive = PRIMITIVES.get(token.text);
  if (primitive !== undefined) return { kind: primitive };
  const inner = (): TypeSyntax => parseType(reader, depth + 1);
  switch (token.text) {
    case 'list':
    case 'option': {
      reader.expect('<');
      const of = inner();
      reader.expect('>');
      return { kind: token.text, of };
    }
    case 'tuple':
      reader.expect('<');
      return { kind: 'tuple', of: reader.list('>', inner, false) };
    case 'result':
      return parseResultType(reader, inner);
    case 'own':
    case 'borrow': {
      reader.expect('<');
      const name = reader.label();
      reader.expect('>');
      return { kind: token.text, name, place: token.place };
    }
    case 'stream':
    case 'future':
    case 'error-context':
      throw reader.refusal(token, 'the contract is synchronous', 'WIT_UNSUPPORTED');
    default:
      return { kind: 'name', name: withoutEscape(token.text), place: token.place };
  }
}

function parseResultType(reader: Reader, inner: () => TypeSyntax): TypeSyntax {
  if (!reader.accept('<')) return { kind: 'result', ok: null, err: null };
  const ok = reader.accept('_') ? null : inner();
  const err = reader.accept(',') ? inner() : null;
  reader.expect('>');
  return { kind: 'result', ok, err };
}

function withoutEscape(word: string): string {
  return word.startsWith('%') ? word.slice(1) : word;
}

/** The cursor over the tokens of one file. */
class Reader {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  peek(): Token {
    const token = this.#tokens[Math.min(this.#at, this.#tokens.length - 1)];
    if (token === undefined) throw new WitError('WIT_SYNTAX', 'no tokens');
    return token;
  }

  next(): Token {
    const token = this.peek();
    this.#at++;
    return token;
  }

  atEnd(): boolean {
    return this.peek().kind === 'end';
  }

  accept(text: string): boolean {
    if (this.atEnd() || this.peek().text !== text) return false;
    this.#at++;
    return true;
  }

  expect(text: string): void {
    const token = this.next();
    if (token.kind === 'end' || token.text !== text) {
      throw this.refusal(token, `expected "${text}"`);
    }
  }

  refusal(token: Token, what: string, code: WitErrorCode = 'WIT_SYNTAX'): WitError {
    return new WitError(code, `${written(token.place)}: ${what}, found "${token.text}"`);
  }

  /** Skips `@since(...)` and its like; returns the docs that stand before them. */
  gates(): string {
    const { docs } = this.peek();
    while (this.accept('@')) {
      const gate = this.next();
      if (!['since', 'unstable', 'deprecated'].includes(gate.text)) {
        throw this.refusal(gate, 'unknown gate');
      }
      this.expect('(');
      while (!this.accept(')'))
        if (this.next().kind === 'end') throw this.refusal(gate, 'open gate');
    }
    return docs;
  }

  label(): string {
    const token = this.next();
    if (token.kind !== 'word' || token.text === '_') throw this.refusal(token, 'expected a name');
    return withoutEscape(token.text);
  }

  packageId(): { name: string; version: string | null } {
    const namespace = this.label();
    this.expect(':');
    const name = `${namespace}:${this.label()}`;
    return { name, version: this.#version() };
  }

  /** A local name, or `namespace:package/interface@version`. */
  interfacePath(): string {
    const first = this.label();
    if (!this.accept(':')) return first;
    const packageLabel = this.label();
    this.expect('/');
    const name = `${first}:${packageLabel}/${this.label()}`;
    const version = this.#version();
    return version === null ? name : `${name}@${version}`;
  }

  /** Items up to `close`, separated by commas; the last comma is optional. */
  list<Item>(close: string, item: () => Item, semicolon = close === '}'): Item[] {
    const items: Item[] = [];
    while (!this.accept(close)) {
      items.push(item());
      if (!this.accept(',')) {
        this.expect(close);
        break;
      }
    }
    if (semicolon) this.expect(';');
    return items;
  }

  #version(): string | null {
    if (!this.accept('@')) return null;
    const token = this.next();
    if (token.kind !== 'version') throw this.refusal(token, 'expected a version');
    return token.text;
  }
}
