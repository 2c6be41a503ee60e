import type { CoreModule } from './core-scan.ts';
import { scanCoreModule } from './core-scan.ts';
import type {
  AliasTarget,
  Canon,
  CanonOptions,
  ComponentDefinition,
  Definition,
  ExternDescription,
  NamedItem,
  ParsedComponent,
  Sort,
  SortIndex,
} from './definitions.ts';
import { LinkError } from './errors.ts';
import { CORE_NAME_BYTES_MAX, type LinkLimits } from './limits.ts';
import { externKeys, isExternName } from './names.ts';
import { TypeParser } from './parse-types.ts';
import type { StringEncoding } from './plan.ts';
import { Reader } from './reader.ts';

const PREAMBLE = [0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00];
const SORTS: readonly (Sort | null)[] = [null, 'func', null, 'type', 'component', 'instance'];
const CORE_SORTS: ReadonlyMap<number, Sort> = new Map([
  [0x00, 'core func'],
  [0x01, 'core table'],
  [0x02, 'core memory'],
  [0x03, 'core global'],
  [0x11, 'core module'],
  [0x12, 'core instance'],
]);
const ENCODINGS: readonly StringEncoding[] = ['utf8', 'utf16', 'latin1+utf16'];

/**
 * Reads a component's definitions and scans its core modules. Indices and types are checked later.
 * @throws LinkError for malformed, unsupported and oversized components.
 */
export function parseComponent(bytes: Uint8Array, limits: LinkLimits): ParsedComponent {
  if (bytes.length > limits.componentBytesMax) {
    throw new LinkError('LINK_LIMIT', `a component of over ${limits.componentBytesMax} bytes`);
  }
  const parser = new ComponentParser(limits);
  const root = parser.component(new Reader(bytes), 1);
  return { root, modules: parser.modules };
}

class ComponentParser {
  readonly modules: CoreModule[] = [];
  readonly #limits: LinkLimits;
  readonly #types: TypeParser;
  #definitions = 0;
  #functions = 0;
  #nesting = 0;

  constructor(limits: LinkLimits) {
    this.#limits = limits;
    this.#types = new TypeParser(limits, (reader, ofComponent) =>
      this.#declarations(reader, ofComponent),
    );
  }

  component(reader: Reader, nesting: number): ComponentDefinition {
    for (const expected of PREAMBLE) {
      if (reader.byte() !== expected) throw reader.malformed('no component');
    }
    this.#enter(nesting, reader);
    const definitions: Definition[] = [];
    while (!reader.done) {
      const offset = reader.at;
      const id = reader.byte();
      const body = reader.section(reader.u32());
      this.#section(id, body, offset, definitions);
    }
    this.#leave();
    requireUniqueNames(definitions);
    return { definitions };
  }

  #enter(by: number, reader: Reader): void {
    this.#nesting += by;
    if (this.#nesting > this.#limits.nestingMax) {
      throw new LinkError('LINK_LIMIT', `nested over ${this.#limits.nestingMax} deep`, reader.at);
    }
  }

  #leave(): void {
    this.#nesting -= 1;
  }

  #section(id: number, body: Reader, offset: number, into: Definition[]): void {
    switch (id) {
      case 0:
        body.name(this.#limits.componentBytesMax);
        return;
      case 1:
        into.push(this.#coreModule(body, offset));
        return;
      case 2:
        this.#vector(body, into, at => this.#coreInstance(body, at));
        return;
      case 3:
        throw new LinkError('LINK_UNSUPPORTED', 'core types are not accepted', offset);
      case 4:
        this.#count(offset);
        into.push({ kind: 'component', component: this.component(body, 1), offset });
        return;
      case 5:
        this.#vector(body, into, at => this.#instance(body, at));
        return;
      case 6:
        this.#vector(body, into, at => this.#alias(body, at));
        return;
      case 7:
        this.#vector(body, into, at => this.#type(body, at));
        return;
      case 8:
        this.#vector(body, into, at => this.#canon(body, at));
        return;
      case 9:
        throw new LinkError('LINK_UNSUPPORTED', 'a start function is not accepted', offset);
      case 10:
        this.#vector(body, into, at => this.#import(body, at));
        return;
      case 11:
        this.#vector(body, into, at => this.#export(body, at));
        return;
      default:
        throw new LinkError('LINK_MALFORMED', `unknown section ${id}`, offset);
    }
  }

  #vector(body: Reader, into: Definition[], read: (offset: number) => Definition): void {
    const count = body.count(this.#limits.definitionsMax, 'definitions');
    for (let left = count; left > 0; left -= 1) into.push(this.#counted(body, read));
    body.finish('a section');
  }

  #counted(body: Reader, read: (offset: number) => Definition): Definition {
    this.#count(body.at);
    return read(body.at);
  }

  #count(offset: number): void {
    this.#definitions += 1;
    if (this.#definitions > this.#limits.definitionsMax) {
      const message = `over ${this.#limits.definitionsMax} definitions`;
      throw new LinkError('LINK_LIMIT', message, offset);
    }
  }

  #coreModule(body: Reader, offset: number): Definition {
    this.#count(offset);
    if (this.modules.length >= this.#limits.coreModulesMax) {
      const message = `over ${this.#limits.coreModulesMax} core modules`;
      throw new LinkError('LINK_LIMIT', message, offset);
    }
    const base = body.at;
    const module = scanCoreModule(body.take(body.end - body.at), base, this.#limits);
    this.#functions += module.functionCount;
    if (this.#functions > this.#limits.functionsMax) {
      throw new LinkError('LINK_LIMIT', `over ${this.#limits.functionsMax} functions`, offset);
    }
    this.modules.push(module);
    return { kind: 'core-module', module: this.modules.length - 1, offset };
  }

  #coreInstance(body: Reader, offset: number): Definition {
    const form = body.byte();
    if (form === 0) {
      const module = body.u32();
      const args: { name: string; instance: number }[] = [];
      for (let left = this.#items(body); left > 0; left -= 1) {
        const name = body.name(CORE_NAME_BYTES_MAX);
        if (body.byte() !== 0x12) throw body.malformed('an argument is no core instance');
        args.push({ name, instance: body.u32() });
      }
      return { kind: 'core-instantiate', module, arguments: args, offset };
    }
    if (form !== 1) throw body.malformed('unknown form of core instance');
    const items: NamedItem[] = [];
    for (let left = this.#items(body); left > 0; left -= 1) {
      const name = body.name(CORE_NAME_BYTES_MAX);
      items.push({ name, sort: coreSort(body), index: body.u32() });
    }
    return { kind: 'core-inline', items, offset };
  }

  #items(body: Reader): number {
    return body.count(this.#limits.definitionsMax, 'items');
  }

  #instance(body: Reader, offset: number): Definition {
    const form = body.byte();
    if (form > 1) throw body.malformed('unknown form of instance');
    const component = form === 0 ? body.u32() : 0;
    const items: NamedItem[] = [];
    for (let left = this.#items(body); left > 0; left -= 1) {
      const name = form === 0 ? body.name(this.#limits.nameBytesMax) : this.#externName(body);
      items.push({ name, ...sortIndex(body) });
    }
    return form === 0
      ? { kind: 'instantiate', component, arguments: items, offset }
      : { kind: 'inline', items, offset };
  }

  #alias(body: Reader, offset: number): Definition {
    const sort = anySort(body);
    return { kind: 'alias', sort, target: this.#aliasTarget(body), offset };
  }

  #aliasTarget(body: Reader): AliasTarget {
    switch (body.byte()) {
      case 0x00:
        return { kind: 'export', instance: body.u32(), name: body.name(this.#limits.nameBytesMax) };
      case 0x01:
        return { kind: 'core-export', instance: body.u32(), name: body.name(CORE_NAME_BYTES_MAX) };
      case 0x02:
        return { kind: 'outer', count: body.u32(), index: body.u32() };
      default:
        throw body.malformed('unknown form of alias');
    }
  }

  #type(body: Reader, offset: number): Definition {
    return { kind: 'type', type: this.#types.definition(body), offset };
  }

  #declarations(reader: Reader, ofComponent: boolean): readonly Definition[] {
    this.#enter(1, reader);
    const into: Definition[] = [];
    for (let left = this.#items(reader); left > 0; left -= 1) {
      into.push(this.#counted(reader, at => this.#declaration(reader, at, ofComponent)));
    }
    this.#leave();
    requireUniqueNames(into);
    return into;
  }

  #declaration(reader: Reader, offset: number, ofComponent: boolean): Definition {
    switch (reader.byte()) {
      case 0x00:
        throw new LinkError('LINK_UNSUPPORTED', 'core types are not accepted', offset);
      case 0x01:
        return this.#type(reader, offset);
      case 0x02:
        return this.#alias(reader, offset);
      case 0x03:
        if (!ofComponent) throw reader.malformed('an instance type imports');
        return this.#import(reader, offset);
      case 0x04: {
        const name = this.#externName(reader);
        const description = this.#types.externDescription(reader);
        return { kind: 'export', name, item: null, description, offset };
      }
      default:
        throw reader.malformed('unknown declaration');
    }
  }

  #canon(body: Reader, offset: number): Definition {
    return { kind: 'canon', canon: this.#canonOf(body, offset), offset };
  }

  #canonOf(body: Reader, offset: number): Canon {
    switch (body.byte()) {
      case 0x00: {
        if (body.byte() !== 0) throw body.malformed('unknown form of lift');
        const core = body.u32();
        return { canon: 'lift', core, options: canonOptions(body), type: body.u32() };
      }
      case 0x01:
        if (body.byte() !== 0) throw body.malformed('unknown form of lower');
        return { canon: 'lower', function: body.u32(), options: canonOptions(body) };
      case 0x02:
        return { canon: 'resource-new', type: body.u32() };
      case 0x03:
        return { canon: 'resource-drop', type: body.u32() };
      case 0x04:
        return { canon: 'resource-rep', type: body.u32() };
      default:
        throw new LinkError('LINK_UNSUPPORTED', 'an asynchronous built-in is not accepted', offset);
    }
  }

  #import(body: Reader, offset: number): Definition {
    const name = this.#externName(body);
    return { kind: 'import', name, description: this.#types.externDescription(body), offset };
  }

  #export(body: Reader, offset: number): Definition {
    const name = this.#externName(body);
    const item = sortIndex(body);
    let description: ExternDescription | null = null;
    const flag = body.byte();
    if (flag === 1) description = this.#types.externDescription(body);
    else if (flag !== 0) throw body.malformed('an optional is neither there nor absent');
    return { kind: 'export', name, item, description, offset };
  }

  #externName(body: Reader): string {
    const at = body.at;
    const form = body.byte();
    if (form > 1) throw new LinkError('LINK_UNSUPPORTED', `name form ${form} is not accepted`, at);
    const name = body.name(this.#limits.nameBytesMax);
    if (!isExternName(name)) {
      throw new LinkError(
        'LINK_INVALID',
        `${JSON.stringify(name)} is no import or export name`,
        at,
      );
    }
    return name;
  }
}

function requireUniqueNames(definitions: readonly Definition[]): void {
  const imports = new Set<string>();
  const exports = new Set<string>();
  for (const definition of definitions) {
    if (definition.kind !== 'import' && definition.kind !== 'export') continue;
    const seen = definition.kind === 'import' ? imports : exports;
    for (const key of externKeys(definition.name)) {
      if (seen.has(key)) {
        const message = `${definition.kind} "${definition.name}" collides with another`;
        throw new LinkError('LINK_INVALID', message, definition.offset);
      }
      seen.add(key);
    }
  }
}

function coreSort(body: Reader): Sort {
  const sort = CORE_SORTS.get(body.byte());
  if (sort === undefined) throw body.malformed('unknown core sort');
  return sort;
}

function anySort(body: Reader): Sort {
  const code = body.byte();
  if (code === 0) return coreSort(body);
  const sort = SORTS[code];
  if (sort === undefined) throw body.malformed('unknown sort');
  if (sort === null) throw new LinkError('LINK_UNSUPPORTED', 'values are not accepted', body.at);
  return sort;
}

function sortIndex(body: Reader): SortIndex {
  return { sort: anySort(body), index: body.u32() };
}

function canonOptions(body: Reader): CanonOptions {
  const found = new Map<string, number>();
  let encoding: StringEncoding = 'utf8';
  for (let left = body.count(16, 'options'); left > 0; left -= 1) {
    const at = body.at;
    const code = body.byte();
    const named = ENCODINGS[code];
    const key = named !== undefined ? 'encoding' : `option ${code}`;
    if (found.has(key)) throw new LinkError('LINK_INVALID', 'a canonical option twice', at);
    if (named !== undefined) encoding = named;
    else if (code > 5) {
      throw new LinkError('LINK_UNSUPPORTED', `canonical option ${code} is not accepted`, at);
    }
    found.set(key, named !== undefined ? 0 : body.u32());
  }
  return {
    encoding,
    memory: found.get('option 3') ?? null,
    realloc: found.get('option 4') ?? null,
    postReturn: found.get('option 5') ?? null,
  };
}
