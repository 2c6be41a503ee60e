import { type CoreExtern, type CoreSize, skipConstant } from './core-match.ts';
import { LinkError } from './errors.ts';
import {
  CORE_EXTERNS_MAX,
  CORE_NAME_BYTES_MAX,
  CORE_VALUES_MAX,
  type LinkLimits,
} from './limits.ts';
import { Reader } from './reader.ts';

/** A section as it lies in the module. */
interface Section {
  readonly id: number;
  readonly start: number;
  readonly end: number;
}

/** The structure of a core module; code is left to the engine's own validation. */
export interface CoreModule {
  readonly bytes: Uint8Array;
  readonly sections: readonly Section[];
  readonly imports: readonly { readonly module: string; readonly name: string; type: CoreExtern }[];
  readonly exports: ReadonlyMap<string, CoreExtern>;
  /** The memory that the module defines, and the name under which it exports it. */
  readonly memory: (CoreSize & { readonly exportName: string | null }) | null;
  readonly tables: readonly (CoreSize & { readonly element: number })[];
  readonly functionCount: number;
}

const FUNC = 0;
const TABLE = 1;
const MEMORY = 2;
const GLOBAL = 3;
const FUNCREF = 0x70;
const EXTERNREF = 0x6f;
const SECTION = { custom: 0, type: 1, import: 2, func: 3, table: 4, memory: 5, global: 6 } as const;
const SECTION_EXPORT = 7;
const SECTION_TAG = 13;
/** Order of sections by id; the data count comes before the code (core specification, 5.5.2). */
const ORDER = [0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 12, 13, 11, 6];
/** Pages a 32-bit memory can have. */
const WASM_PAGES_MAX = 65_536;

/** Returns `iI>f`: parameters, `>`, results; i I f F are numbers, v a vector, r x references. */
export function signatureOf(params: string, results: string): string {
  return `${params}>${results}`;
}

/**
 * Reads a core module's structure. @throws LinkError for what the linker does not accept: type
 * forms other than functions, shared or 64-bit memories, tags, more than one memory.
 */
export function scanCoreModule(
  bytes: Uint8Array,
  baseOffset: number,
  limits: LinkLimits,
): CoreModule {
  try {
    return new CoreScanner(bytes, limits).scan();
  } catch (error) {
    if (!(error instanceof LinkError) || error.offset < 0) throw error;
    throw new LinkError(error.code, `core module at byte ${baseOffset}: ${error.message}`, -1, {
      cause: error,
    });
  }
}

class CoreScanner {
  readonly #reader: Reader;
  readonly #limits: LinkLimits;
  readonly #sections: Section[] = [];
  readonly #signatures: string[] = [];
  readonly #functions: string[] = [];
  readonly #imports: { module: string; name: string; type: CoreExtern }[] = [];
  readonly #exports = new Map<string, CoreExtern>();
  readonly #tables: (CoreSize & { element: number })[] = [];
  /** Types of all tables, memories and globals, imported ones first. */
  readonly #types: { [K in 'table' | 'memory' | 'global']: CoreExtern[] } = {
    table: [],
    memory: [],
    global: [],
  };
  #memory: CoreSize | null = null;
  #memoryName: string | null = null;
  #functionCount = 0;

  constructor(bytes: Uint8Array, limits: LinkLimits) {
    this.#reader = new Reader(bytes);
    this.#limits = limits;
  }

  scan(): CoreModule {
    const reader = this.#reader;
    const preamble = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
    for (const expected of preamble) {
      if (reader.byte() !== expected) throw reader.malformed('no core module');
    }
    let last = 0;
    while (!reader.done) {
      const start = reader.at;
      const id = reader.byte();
      const body = reader.section(reader.u32());
      if (id === SECTION.custom) continue;
      if (id === SECTION_TAG) throw this.#refuse('tags', start);
      const place = ORDER[id];
      if (place === undefined) throw reader.malformed(`unknown section ${id}`);
      if (place <= last) throw reader.malformed(`section ${id} is out of order`);
      last = place;
      this.#sections.push({ id, start, end: reader.at });
      this.#section(id, body);
    }
    return {
      bytes: reader.bytes,
      sections: this.#sections,
      imports: this.#imports,
      exports: this.#exports,
      memory: this.#memory === null ? null : { ...this.#memory, exportName: this.#memoryName },
      tables: this.#tables,
      functionCount: this.#functionCount,
    };
  }

  #section(id: number, body: Reader): void {
    if (id === SECTION.type) this.#vector(body, CORE_EXTERNS_MAX, 'types', () => this.#type(body));
    else if (id === SECTION.import) {
      this.#vector(body, CORE_EXTERNS_MAX, 'imports', () => this.#import(body));
    } else if (id === SECTION.func) {
      this.#vector(body, this.#limits.functionsMax, 'functions', () => {
        this.#functions.push(this.#signature(body));
        this.#functionCount += 1;
      });
    } else if (id === SECTION.table) {
      this.#vector(body, this.#limits.tableEntriesMax, 'tables', () => {
        const { element, ...size } = this.#table(body);
        this.#tables.push({ element, ...size });
        this.#types.table.push({ kind: 'table', element, size });
      });
    } else if (id === SECTION.memory) {
      this.#vector(body, CORE_EXTERNS_MAX, 'memories', () => {
        this.#memory = this.#limitsOf(body, WASM_PAGES_MAX);
        this.#addMemory(this.#memory, body);
      });
    } else if (id === SECTION.global) {
      this.#vector(body, this.#limits.functionsMax, 'globals', () => {
        this.#types.global.push(this.#global(body));
        skipConstant(body);
      });
    } else if (id === SECTION_EXPORT) {
      this.#vector(body, CORE_EXTERNS_MAX, 'exports', () => this.#export(body));
    }
  }

  #vector(body: Reader, countMax: number, what: string, read: () => void): void {
    for (let left = body.count(countMax, what); left > 0; left -= 1) read();
    body.finish(`the section of ${what}`);
  }

  #type(body: Reader): void {
    const at = body.at;
    if (body.byte() !== 0x60) throw this.#refuse('a type that is no function', at);
    const params = this.#values(body);
    this.#signatures.push(signatureOf(params, this.#values(body)));
  }

  #values(body: Reader): string {
    let letters = '';
    for (let left = body.count(CORE_VALUES_MAX, 'core values'); left > 0; left -= 1) {
      letters += this.#valueType(body);
    }
    return letters;
  }

  #valueType(body: Reader): string {
    const at = body.at;
    switch (body.byte()) {
      case 0x7f:
        return 'i';
      case 0x7e:
        return 'I';
      case 0x7d:
        return 'f';
      case 0x7c:
        return 'F';
      case 0x7b:
        return 'v';
      case FUNCREF:
        return 'r';
      case EXTERNREF:
        return 'x';
      default:
        throw this.#refuse('a value type beyond numbers, vectors, funcref and externref', at);
    }
  }

  #import(body: Reader): void {
    const module = body.name(CORE_NAME_BYTES_MAX);
    const name = body.name(CORE_NAME_BYTES_MAX);
    this.#imports.push({ module, name, type: this.#externType(body) });
  }

  #externType(body: Reader): CoreExtern {
    const at = body.at;
    switch (body.byte()) {
      case FUNC: {
        const signature = this.#signature(body);
        this.#functions.push(signature);
        return { kind: 'func', signature };
      }
      case TABLE: {
        const { element, ...size } = this.#table(body);
        return added(this.#types.table, { kind: 'table', element, size });
      }
      case MEMORY:
        return this.#addMemory(this.#limitsOf(body, WASM_PAGES_MAX), body);
      case GLOBAL:
        return added(this.#types.global, this.#global(body));
      default:
        throw this.#refuse('an import of a tag', at);
    }
  }

  #addMemory(size: CoreSize, body: Reader): CoreExtern {
    if (this.#types.memory.length > 0) throw this.#refuse('more than one memory', body.at);
    return added(this.#types.memory, { kind: 'memory', size });
  }

  #global(body: Reader): CoreExtern {
    const at = body.at;
    const type = this.#valueType(body);
    const mutable = body.byte();
    if (mutable > 1) throw this.#refuse('a shared global', at);
    return { kind: 'global', type: mutable === 1 ? `${type}!` : type };
  }

  #signature(body: Reader): string {
    const signature = this.#signatures[body.u32()];
    if (signature === undefined) throw body.malformed('unknown type');
    return signature;
  }

  #table(body: Reader): CoreSize & { element: number } {
    const at = body.at;
    const element = body.byte();
    if (element !== FUNCREF && element !== EXTERNREF) throw this.#refuse('a typed table', at);
    return { element, ...this.#limitsOf(body, 0xffff_ffff) };
  }

  #limitsOf(body: Reader, sizeMax: number): CoreSize {
    const at = body.at;
    const flags = body.byte();
    if (flags > 1) throw this.#refuse('a shared, 64-bit or odd-paged memory or table', at);
    const min = body.u32();
    const max = flags === 1 ? body.u32() : null;
    if (min > sizeMax || (max !== null && (max < min || max > sizeMax))) {
      throw body.malformed('impossible size');
    }
    return { min, max };
  }

  #export(body: Reader): void {
    const name = body.name(CORE_NAME_BYTES_MAX);
    const kind = body.byte();
    const index = body.u32();
    if (this.#exports.has(name)) throw body.malformed(`export ${JSON.stringify(name)} twice`);
    this.#exports.set(name, this.#exportType(body, kind, index));
    if (kind === MEMORY && this.#memory !== null) this.#memoryName = name;
  }

  #exportType(body: Reader, kind: number, index: number): CoreExtern {
    if (kind === FUNC) {
      const signature = this.#functions[index];
      if (signature === undefined) throw body.malformed('export of an unknown function');
      return { kind: 'func', signature };
    }
    const { table, memory, global } = this.#types;
    const space = new Map([
      [TABLE, table],
      [MEMORY, memory],
      [GLOBAL, global],
    ]).get(kind);
    const type = space?.[index];
    if (type === undefined) throw body.malformed('export of an unknown item');
    return type;
  }

  #refuse(what: string, at: number): LinkError {
    return new LinkError('LINK_UNSUPPORTED', `${what} is not accepted`, at);
  }
}

function added(types: CoreExtern[], type: CoreExtern): CoreExtern {
  types.push(type);
  return type;
}

/**
 * Returns the module with its memory's and tables' maxima set, and without custom sections.
 * `tableMax` has one entry for each of `module.tables`.
 */
export function rewriteCoreModule(
  module: CoreModule,
  memoryPagesMax: number,
  tableMax: readonly number[],
): Uint8Array {
  const parts: Uint8Array[] = [module.bytes.subarray(0, 8)];
  for (const section of module.sections) {
    if (section.id === SECTION.memory && module.memory !== null) {
      parts.push(sectionOf(section.id, [1, 1, ...leb(module.memory.min), ...leb(memoryPagesMax)]));
    } else if (section.id === SECTION.table) {
      const body = leb(module.tables.length);
      for (const [index, table] of module.tables.entries()) {
        body.push(table.element, 1, ...leb(table.min), ...leb(tableMax[index] ?? table.min));
      }
      parts.push(sectionOf(section.id, body));
    } else {
      parts.push(module.bytes.subarray(section.start, section.end));
    }
  }
  const rewritten = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    rewritten.set(part, at);
    at += part.length;
  }
  return rewritten;
}

function sectionOf(id: number, body: readonly number[]): Uint8Array {
  return Uint8Array.from([id, ...leb(body.length), ...body]);
}

function leb(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) + 0x80);
    rest = Math.floor(rest / 0x80);
  }
  bytes.push(rest);
  return bytes;
}
