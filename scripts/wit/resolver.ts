import { WitError } from './errors.ts';
import { type Place, written } from './lexer.ts';
import type {
  WitContract,
  WitDefinition,
  WitFunction,
  WitInterface,
  WitType,
  WitWorld,
} from './model.ts';
import type {
  DefinitionSyntax,
  FileSyntax,
  FunctionSyntax,
  InterfaceSyntax,
  TypeSyntax,
  WorldSyntax,
} from './syntax.ts';

/**
 * Looks up every name of a set of files and works out what each world imports and exports.
 * Interfaces that others use are implied imports, as in a component's own type.
 * @throws WitError `WIT_UNKNOWN_NAME`, `WIT_DUPLICATE_NAME`, `WIT_CYCLE`
 */
export function resolveContract(files: readonly FileSyntax[]): WitContract {
  const interfaces = new InterfaceResolver(files).all();
  const worlds = new WorldResolver(files, interfaces).all();
  return { interfaces, worlds };
}

/** Returns `target` as a full name: a bare label belongs to the file's own package. */
function fullName(file: FileSyntax, target: string): string {
  if (target.includes(':')) return target;
  const version = file.packageVersion === null ? '' : `@${file.packageVersion}`;
  return `${file.packageName}/${target}${version}`;
}

class InterfaceResolver {
  readonly #sources = new Map<string, { file: FileSyntax; syntax: InterfaceSyntax }>();
  readonly #resolved = new Map<string, WitInterface>();
  readonly #open = new Set<string>();

  constructor(files: readonly FileSyntax[]) {
    for (const file of files) {
      for (const syntax of file.interfaces) {
        const name = fullName(file, syntax.name);
        if (this.#sources.has(name)) {
          throw new WitError('WIT_DUPLICATE_NAME', `${file.path}: ${name} is declared twice`);
        }
        this.#sources.set(name, { file, syntax });
      }
    }
  }

  all(): ReadonlyMap<string, WitInterface> {
    const names = [...this.#sources.keys()].sort();
    return new Map(names.map(name => [name, this.#interface(name, null)]));
  }

  #interface(name: string, place: Place | null): WitInterface {
    const known = this.#resolved.get(name);
    if (known !== undefined) return known;
    const source = this.#sources.get(name);
    const where = place === null ? '' : `${written(place)}: `;
    if (source === undefined) {
      throw new WitError('WIT_UNKNOWN_NAME', `${where}no interface ${name}`);
    }
    if (this.#open.has(name)) throw new WitError('WIT_CYCLE', `${where}${name} uses itself`);
    this.#open.add(name);
    const resolved = this.#build(name, source.file, source.syntax);
    this.#open.delete(name);
    this.#resolved.set(name, resolved);
    return resolved;
  }

  #build(name: string, file: FileSyntax, syntax: InterfaceSyntax): WitInterface {
    requireUniqueNames(name, file.path, syntax);
    const scope = new TypeScope(name, file.path);
    const uses = new Set<string>();
    for (const use of syntax.uses) {
      const from = fullName(file, use.from);
      uses.add(from);
      const definitions = this.#interface(from, use.place).definitions;
      const used = definitions.find(definition => definition.name === use.name);
      if (used === undefined) {
        throw new WitError('WIT_UNKNOWN_NAME', `${written(use.place)}: no ${use.name} in ${from}`);
      }
      scope.add(use.local, used);
    }
    const definitions = scope.define(syntax.definitions);
    const free = syntax.functions.map(declared => scope.function(declared, null));
    const methods = syntax.definitions.flatMap(definition =>
      definition.kind === 'resource'
        ? definition.functions.map(declared => scope.function(declared, definition.name))
        : [],
    );
    return {
      name,
      packageName: file.packageName,
      label: syntax.name,
      version: file.packageVersion ?? '',
      docs: syntax.docs,
      definitions,
      functions: [...free, ...methods],
      uses: [...uses].sort(),
    };
  }
}

/** Types and functions of an interface share one space of names (WIT.md, "Interfaces"). */
function requireUniqueNames(name: string, path: string, syntax: InterfaceSyntax): void {
  const seen = new Set<string>();
  const labels = [
    ...syntax.uses.map(use => use.local),
    ...syntax.definitions.map(definition => definition.name),
    ...syntax.functions.map(declared => declared.name),
  ];
  for (const label of labels) {
    if (seen.has(label)) {
      throw new WitError('WIT_DUPLICATE_NAME', `${path}: ${name} names ${label} twice`);
    }
    seen.add(label);
  }
}

/** The type names of one interface. */
class TypeScope {
  readonly #owner: string;
  readonly #path: string;
  readonly #known = new Map<string, WitDefinition>();
  #pending = new Map<string, DefinitionSyntax>();
  readonly #open = new Set<string>();

  constructor(owner: string, path: string) {
    this.#owner = owner;
    this.#path = path;
  }

  add(name: string, definition: WitDefinition): void {
    if (this.#known.has(name)) {
      throw new WitError('WIT_DUPLICATE_NAME', `${this.#path}: type ${name} is declared twice`);
    }
    this.#known.set(name, definition);
  }

  /** Resolves definitions, which may name each other in any order, in the order written. */
  define(definitions: readonly DefinitionSyntax[]): WitDefinition[] {
    this.#pending = new Map(definitions.map(definition => [definition.name, definition]));
    if (this.#pending.size !== definitions.length) {
      throw new WitError('WIT_DUPLICATE_NAME', `${this.#path}: a type is declared twice`);
    }
    return definitions.map(definition => this.#lookUp(definition.name, definition.place));
  }

  type(syntax: TypeSyntax): WitType {
    switch (syntax.kind) {
      case 'list':
      case 'option':
        return { kind: syntax.kind, of: this.type(syntax.of) };
      case 'tuple':
        return { kind: 'tuple', of: syntax.of.map(item => this.type(item)) };
      case 'result':
        return { kind: 'result', ok: this.#orNull(syntax.ok), err: this.#orNull(syntax.err) };
      case 'own':
      case 'borrow':
        return { kind: syntax.kind, definition: this.#resource(syntax.name, syntax.place) };
      case 'name': {
        const definition = this.#lookUp(syntax.name, syntax.place);
        // A resource named bare is owned (WIT.md, "Types").
        return { kind: definition.kind === 'resource' ? 'own' : 'defined', definition };
      }
      default:
        return { kind: syntax.kind };
    }
  }

  function(syntax: FunctionSyntax, resource: string | null): WitFunction {
    const params = syntax.params.map(({ name, type }) => ({ name, type: this.type(type) }));
    const common = { label: syntax.name, docs: syntax.docs, resource };
    if (resource === null) {
      return { ...common, name: syntax.name, params, result: this.#orNull(syntax.result) };
    }
    const definition = this.#lookUp(resource, null);
    if (syntax.role === 'constructor') {
      const name = `[constructor]${resource}`;
      return { ...common, name, params, result: { kind: 'own', definition } };
    }
    const self = { name: 'self', type: { kind: 'borrow', definition } } as const;
    return {
      ...common,
      name: `[${syntax.role}]${resource}.${syntax.name}`,
      params: syntax.role === 'method' ? [self, ...params] : params,
      result: this.#orNull(syntax.result),
    };
  }

  #orNull(syntax: TypeSyntax | null): WitType | null {
    return syntax === null ? null : this.type(syntax);
  }

  #resource(name: string, place: Place): WitDefinition {
    const definition = this.#lookUp(name, place);
    if (definition.kind === 'resource') return definition;
    throw new WitError('WIT_UNKNOWN_NAME', `${written(place)}: ${name} is no resource`);
  }

  #lookUp(name: string, place: Place | null): WitDefinition {
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const where = place === null ? this.#path : written(place);
    const syntax = this.#pending.get(name);
    if (syntax === undefined) throw new WitError('WIT_UNKNOWN_NAME', `${where}: no type ${name}`);
    if (this.#open.has(name)) throw new WitError('WIT_CYCLE', `${where}: ${name} holds itself`);
    this.#open.add(name);
    const definition = this.#definition(syntax);
    this.#open.delete(name);
    this.#known.set(name, definition);
    return definition;
  }

  #definition(syntax: DefinitionSyntax): WitDefinition {
    const head = { name: syntax.name, docs: syntax.docs, owner: this.#owner };
    if (syntax.kind === 'resource') return { ...head, kind: 'resource' };
    if (syntax.kind === 'alias') return { ...head, kind: 'alias', type: this.type(syntax.type) };
    const members = syntax.members.map(member => ({
      name: member.name,
      docs: member.docs,
      type: this.#orNull(member.type),
    }));
    return { ...head, kind: syntax.kind, members };
  }
}

class WorldResolver {
  readonly #interfaces: ReadonlyMap<string, WitInterface>;
  readonly #sources = new Map<string, { file: FileSyntax; syntax: WorldSyntax }>();

  constructor(files: readonly FileSyntax[], interfaces: ReadonlyMap<string, WitInterface>) {
    this.#interfaces = interfaces;
    for (const file of files) {
      for (const syntax of file.worlds) {
        this.#sources.set(fullName(file, syntax.name), { file, syntax });
      }
    }
  }

  all(): ReadonlyMap<string, WitWorld> {
    const worlds = new Map<string, WitWorld>();
    for (const name of [...this.#sources.keys()].sort()) {
      const imports = new Set<string>();
      const exports = new Set<string>();
      const label = this.#collect(name, imports, exports, new Set(), null);
      for (const used of [...imports, ...exports]) this.#addUses(used, imports, exports);
      const sorted = { imports: [...imports].sort(), exports: [...exports].sort() };
      worlds.set(name, { name, ...label, ...sorted });
    }
    return worlds;
  }

  #collect(
    name: string,
    imports: Set<string>,
    exports: Set<string>,
    open: Set<string>,
    place: Place | null,
  ): { label: string; docs: string } {
    const source = this.#sources.get(name);
    const where = place === null ? '' : `${written(place)}: `;
    if (source === undefined) throw new WitError('WIT_UNKNOWN_NAME', `${where}no world ${name}`);
    if (open.has(name)) throw new WitError('WIT_CYCLE', `${where}${name} includes itself`);
    open.add(name);
    for (const item of source.syntax.items) {
      const target = fullName(source.file, item.target);
      if (item.kind === 'include') this.#collect(target, imports, exports, open, item.place);
      else if (!this.#interfaces.has(target)) {
        const at = written(item.place);
        throw new WitError('WIT_UNKNOWN_NAME', `${at}: no interface ${target}`);
      } else (item.kind === 'import' ? imports : exports).add(target);
    }
    open.delete(name);
    return { label: source.syntax.name, docs: source.syntax.docs };
  }

  #addUses(name: string, imports: Set<string>, exports: ReadonlySet<string>): void {
    for (const used of this.#interfaces.get(name)?.uses ?? []) {
      if (!exports.has(used)) imports.add(used);
      this.#addUses(used, imports, exports);
    }
  }
}
