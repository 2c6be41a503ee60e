import type {
  Definition,
  ExternDescription,
  TypeDefinition,
  TypeReference,
} from './definitions.ts';
import { LinkError } from './errors.ts';
import { type Direction, ExternNames } from './extern-names.ts';
import type { LinkLimits } from './limits.ts';
import type { PlanBuilder } from './plan-builder.ts';
import {
  type AnyItem,
  type ComponentItem,
  type DeclaredType,
  type InstanceItem,
  isSort,
  NO_NAMES,
  Scope,
  type TypeItem,
} from './scope.ts';
import { TypeNaming } from './type-names.ts';

/** Where an imported instance comes from: another component, or the host under a name. */
export type InstanceOrigin =
  | { readonly kind: 'actual'; readonly instance: InstanceItem }
  | { readonly kind: 'host'; readonly interface: string };

/**
 * What an item is held against: a description that gives it new names, or the import of a
 * component, which lets it through as it is.
 */
export type Purpose = 'described' | 'argument';

/** How a component is made from arguments; the evaluator of components knows. */
export type Instantiate = (
  component: ComponentItem,
  args: ReadonlyMap<string, AnyItem>,
) => InstanceItem;

/** Declarations of a type under evaluation, and where what they declare comes from. */
interface Frame {
  readonly scope: Scope;
  readonly exports: Map<string, AnyItem>;
  readonly origin: InstanceOrigin;
  readonly purpose: Purpose;
  /** What a component type's imports are; null where they only stand for themselves. */
  readonly args: ReadonlyMap<string, AnyItem> | null;
  readonly names: ExternNames | null;
  readonly depth: number;
}

const ABSTRACT: InstanceOrigin = { kind: 'host', interface: '' };

/** Resolves type definitions, and holds items against what they are said to be. */
export class TypeEvaluator {
  readonly naming: TypeNaming;
  readonly #builder: PlanBuilder;
  readonly #limits: LinkLimits;
  /** Given where types are validated: each on its own, used or not. */
  readonly #instantiate: Instantiate | null;

  constructor(builder: PlanBuilder, limits: LinkLimits, instantiate: Instantiate | null) {
    this.#builder = builder;
    this.#limits = limits;
    this.#instantiate = instantiate;
    this.naming = new TypeNaming(builder, instantiate !== null);
  }

  /** Returns the type that a definition makes in `scope`. */
  define(definition: TypeDefinition, scope: Scope, depth = 1): TypeItem {
    const { types } = this.#builder;
    switch (definition.kind) {
      case 'func':
        this.#builder.count(definition.params.length);
        return {
          sort: 'type',
          type: {
            kind: 'func',
            index: types.internFunction({
              names: definition.names,
              params: definition.params.map(param => this.#value(param, scope)),
              result: this.#payload(definition.result, scope),
            }),
          },
          names: this.naming.ofDefinition(definition, scope),
        };
      case 'instance':
      case 'component':
        return this.#declared(definition, scope, depth);
      case 'resource':
        return this.#resource(definition, scope);
      default:
        return {
          sort: 'type',
          type: { kind: 'value', index: this.#valueDefinition(definition, scope) },
          names: this.naming.ofDefinition(definition, scope),
        };
    }
  }

  /**
   * Returns the view of an instance that its type declares, with nothing else in it.
   * @throws LinkError when an actual instance lacks an export or has it with another type.
   */
  view(type: TypeItem, origin: InstanceOrigin, purpose: Purpose, depth = 1): InstanceItem {
    if (type.type.kind !== 'instance') throw invalid('the type is no instance type');
    return this.#evaluate(type.type, { origin, purpose, args: null, names: null, depth });
  }

  /** Returns an instance of a component of which only the type is known. */
  instanceOf(type: DeclaredType, args: ReadonlyMap<string, AnyItem>): InstanceItem {
    const purpose = 'argument';
    return this.#evaluate(type, { origin: ABSTRACT, purpose, args, names: null, depth: 1 });
  }

  /** Returns `item` as `description` shows it. @throws LinkError when it is something else. */
  ascribe(
    name: string,
    item: AnyItem | null,
    description: ExternDescription,
    scope: Scope,
    host: string,
    purpose: Purpose,
    depth = 1,
  ): AnyItem {
    if (description.kind === 'type-resource') {
      return this.#resourceItem(name, item, description, host, purpose);
    }
    const type = scope.get('type', description.type);
    switch (description.kind) {
      case 'func':
        return this.#functionItem(name, item, type, host, purpose);
      case 'instance': {
        const origin = this.#originOf(name, item, host);
        return this.view(type, origin, purpose, depth + 1);
      }
      case 'type-equal':
        if (item === null) return this.naming.renamed(type, description);
        if (!sameType(item, type)) throw mismatch(name, 'another type');
        return isSort(item, 'type') && purpose === 'argument'
          ? item
          : this.naming.renamed(type, description);
      case 'component':
        return this.#componentItem(name, item, type, depth);
    }
  }

  /**
   * Returns a resource as an export declares it that does not say which: nobody may take it for the
   * one behind it. Where types are not validated, it stays what it is.
   */
  opaque(item: AnyItem, key: object): AnyItem {
    if (this.#instantiate === null) return item;
    if (!isSort(item, 'type') || item.type.kind !== 'resource') return item;
    const behind = this.#builder.resources[item.type.index];
    if (behind === undefined) throw invalid('a missing resource');
    const index = this.#builder.resource(behind);
    const names = this.naming.ofResource(key, index);
    return { ...item, type: { kind: 'resource', index }, names };
  }

  /** Returns the type that an outer alias finds. */
  outerType(scope: Scope, count: number, index: number): TypeItem {
    let from: Scope = scope;
    let crossed = false;
    for (let left = count; left > 0; left -= 1) {
      crossed ||= from.instance >= 0;
      if (from.outer === null) throw invalid('an alias reaches outside the component');
      from = from.outer;
    }
    const item = from.get('type', index);
    if (!this.#hasResource(item)) return item;
    if (crossed) throw invalid('an outer alias carries a resource type');
    for (let at: Scope | null = scope; at !== null && at !== from; at = at.outer) {
      at.carriesResource = true;
    }
    return item;
  }

  #declared(
    definition: Extract<TypeDefinition, { kind: 'instance' | 'component' }>,
    scope: Scope,
    depth: number,
  ): TypeItem {
    const { kind, declarations } = definition;
    const type = { kind, declarations, scope, carriesResource: false };
    if (this.#instantiate === null) return { sort: 'type', type, names: NO_NAMES };
    const names = new ExternNames(kind === 'component', steps => this.#builder.count(steps));
    const inner = new Scope(scope, -1);
    const frame = { origin: ABSTRACT, purpose: 'described', args: null, names, depth } as const;
    this.#evaluate(type, frame, inner);
    const { carriesResource } = inner;
    return { sort: 'type', type: { ...type, carriesResource }, names: NO_NAMES };
  }

  #evaluate(
    { declarations, scope: outer }: DeclaredType,
    frame: Omit<Frame, 'scope' | 'exports'>,
    scope = new Scope(outer, -1),
  ): InstanceItem {
    if (frame.depth > this.#limits.nestingMax) {
      throw new LinkError('LINK_LIMIT', `instances nested over ${this.#limits.nestingMax} deep`);
    }
    const exports = new Map<string, AnyItem>();
    for (const declaration of declarations) {
      this.#builder.count();
      this.#declare(declaration, { ...frame, scope, exports });
    }
    return { sort: 'instance', exports };
  }

  #declare(declaration: Definition, frame: Frame): void {
    const { scope, origin, purpose, depth } = frame;
    switch (declaration.kind) {
      case 'type':
        if (declaration.type.kind === 'resource') throw invalid('a resource within a type');
        scope.push(this.define(declaration.type, scope, depth + 1));
        return;
      case 'alias':
        scope.push(this.#alias(declaration, scope));
        return;
      case 'import': {
        const { name, description } = declaration;
        const given = frame.args === null ? null : frame.args.get(name);
        if (given === undefined) throw invalid(`the argument "${name}" is missing`);
        const item = this.ascribe(name, given, description, scope, '', 'argument', depth);
        frame.names?.add('import', name, item);
        scope.push(item);
        return;
      }
      case 'export': {
        if (declaration.description === null) throw invalid('an export without a type');
        const actual = this.#actualOf(declaration.name, origin);
        const host = origin.kind === 'host' ? origin.interface : '';
        const { name, description } = declaration;
        const item = this.ascribe(name, actual, description, scope, host, purpose, depth);
        frame.names?.add('export', name, item);
        scope.push(item);
        frame.exports.set(name, item);
        return;
      }
      default:
        throw invalid('a declaration that an instance type cannot hold');
    }
  }

  #alias({ sort, target }: Extract<Definition, { kind: 'alias' }>, scope: Scope): AnyItem {
    if (target.kind === 'outer' && sort === 'type') {
      return this.outerType(scope, target.count, target.index);
    }
    if (target.kind !== 'export' || (sort !== 'type' && sort !== 'instance')) {
      throw invalid(`an alias of a ${sort} within a type`);
    }
    const item = scope.get('instance', target.instance).exports.get(target.name);
    if (item?.sort !== sort) throw invalid(`an alias of a missing ${sort} "${target.name}"`);
    return item;
  }

  /** Held against a type, a component is made from what the type says it is given. */
  #componentItem(name: string, item: AnyItem | null, type: TypeItem, depth: number): ComponentItem {
    if (type.type.kind !== 'component') throw mismatch(name, 'declared with no component type');
    const declared = type.type;
    if (item !== null && !isSort(item, 'component')) throw mismatch(name, 'no component');
    if (this.#instantiate === null) {
      if (item !== null) return item;
      throw new LinkError('LINK_UNSUPPORTED', 'imports of components are not accepted');
    }
    if (item === null) return { sort: 'component', body: { kind: 'declared', type: declared } };
    const args = new Map<string, AnyItem>();
    const scope = new Scope(declared.scope, -1);
    const frame = { purpose: 'argument', names: null, depth: depth + 1 } as const;
    const collecting = new ExternCollector(args);
    this.#evaluate(declared, { ...frame, origin: ABSTRACT, args: null, names: collecting }, scope);
    const instance = this.#instantiate(item, args);
    this.#evaluate(declared, { ...frame, origin: { kind: 'actual', instance }, args });
    return { sort: 'component', body: { kind: 'declared', type: declared } };
  }

  #actualOf(name: string, origin: InstanceOrigin): AnyItem | null {
    if (origin.kind === 'host') return null;
    const item = origin.instance.exports.get(name);
    if (item === undefined) throw invalid(`an instance lacks "${name}"`);
    return item;
  }

  #originOf(name: string, item: AnyItem | null, host: string): InstanceOrigin {
    if (item === null) return { kind: 'host', interface: host === '' ? name : `${host}/${name}` };
    if (!isSort(item, 'instance')) throw mismatch(name, 'no instance');
    return { kind: 'actual', instance: item };
  }

  #resourceItem(
    name: string,
    item: AnyItem | null,
    description: ExternDescription,
    host: string,
    purpose: Purpose,
  ): TypeItem {
    if (item === null) {
      const index = this.#builder.resource({
        interface: host,
        name,
        instance: -1,
        destructor: null,
      });
      const names = this.naming.ofResource(description, index);
      return { sort: 'type', type: { kind: 'resource', index }, names };
    }
    if (item.sort !== 'type' || item.type.kind !== 'resource') throw mismatch(name, 'no resource');
    return purpose === 'argument' ? item : this.naming.renamed(item, description);
  }

  #functionItem(
    name: string,
    item: AnyItem | null,
    type: TypeItem,
    host: string,
    purpose: Purpose,
  ): AnyItem {
    if (type.type.kind !== 'func') throw mismatch(name, 'declared with no function type');
    const { names } = type;
    if (item === null) {
      const index = this.#builder.import({
        interface: host,
        function: name,
        type: type.type.index,
      });
      const source = { kind: 'import', index } as const;
      return { sort: 'func', type: type.type.index, names, source, instance: -1 };
    }
    if (!isSort(item, 'func')) throw mismatch(name, 'no function');
    if (item.type !== type.type.index) throw mismatch(name, 'a function of another type');
    return purpose === 'argument' ? item : { ...item, names };
  }

  #resource(definition: Extract<TypeDefinition, { kind: 'resource' }>, scope: Scope): TypeItem {
    if (scope.instance < 0) throw invalid('a resource within a type');
    let register: number | null = null;
    if (definition.destructor !== null) {
      const item = scope.get('core func', definition.destructor);
      if (item.signature !== 'i>') throw invalid('a destructor with another signature');
      register = item.register;
    }
    const index = this.#builder.resource({
      interface: '',
      name: `resource-${this.#builder.resources.length}`,
      instance: scope.instance,
      destructor: register,
    });
    const names = this.naming.ofResource(definition, index);
    return { sort: 'type', type: { kind: 'resource', index }, names };
  }

  #valueDefinition(
    definition: Exclude<
      TypeDefinition,
      { kind: 'func' | 'resource' } | { kind: 'instance' | 'component' }
    >,
    scope: Scope,
  ): number {
    const { types } = this.#builder;
    const items = (references: readonly TypeReference[]): readonly number[] => {
      this.#builder.count(references.length);
      return references.map(reference => this.#value(reference, scope));
    };
    switch (definition.kind) {
      case 'list':
        return types.intern({ kind: 'list', element: this.#value(definition.element, scope) });
      case 'option':
        return types.intern({ kind: 'option', value: this.#value(definition.element, scope) });
      case 'record':
        return types.intern({
          kind: 'record',
          names: definition.names,
          items: items(definition.items),
        });
      case 'tuple':
        return types.intern({ kind: 'tuple', items: items(definition.items) });
      case 'variant':
        this.#builder.count(definition.payloads.length);
        return types.intern({
          kind: 'variant',
          names: definition.names,
          payloads: definition.payloads.map(payload => this.#payload(payload, scope)),
        });
      case 'result':
        return types.intern({
          kind: 'result',
          ok: this.#payload(definition.ok, scope),
          err: this.#payload(definition.err, scope),
        });
      case 'own':
      case 'borrow': {
        const item = scope.get('type', definition.resource);
        if (item.type.kind !== 'resource') throw invalid('a handle of no resource');
        return types.intern({ kind: definition.kind, resource: item.type.index });
      }
      case 'enum':
      case 'flags':
        this.#builder.count(definition.names.length);
        return types.intern(definition);
      default:
        return types.intern(definition);
    }
  }

  #payload(reference: TypeReference | null, scope: Scope): number | null {
    return reference === null ? null : this.#value(reference, scope);
  }

  #value(reference: TypeReference, scope: Scope): number {
    if (typeof reference === 'string') return this.#builder.types.intern({ kind: reference });
    const item = scope.get('type', reference);
    if (item.type.kind !== 'value') throw invalid(`type ${reference} is no value type`);
    return item.type.index;
  }

  #hasResource(item: TypeItem): boolean {
    const { types } = this.#builder;
    if (item.type.kind === 'resource') return true;
    if (item.type.kind === 'value') return types.facts(item.type.index).hasResource;
    if (isDeclared(item.type)) return item.type.carriesResource;
    const { params, result } = types.functionType(item.type.index);
    return [...params, ...(result === null ? [] : [result])].some(
      index => types.facts(index).hasResource,
    );
  }
}

function isDeclared(type: TypeItem['type']): type is DeclaredType {
  return type.kind === 'instance' || type.kind === 'component';
}

/** Keeps a component type's imports, which stand for themselves. */
class ExternCollector extends ExternNames {
  readonly #imports: Map<string, AnyItem>;

  constructor(imports: Map<string, AnyItem>) {
    super(false, () => {});
    this.#imports = imports;
  }

  override add(direction: Direction, name: string, item: AnyItem): void {
    if (direction === 'import') this.#imports.set(name, item);
  }
}

function sameType(item: AnyItem, type: TypeItem): boolean {
  if (item.sort !== 'type') return false;
  if (item.type.kind === 'instance' || type.type.kind === 'instance') return false;
  if (item.type.kind === 'component' || type.type.kind === 'component') return false;
  return item.type.kind === type.type.kind && item.type.index === type.type.index;
}

function invalid(message: string): LinkError {
  return new LinkError('LINK_INVALID', message);
}

function mismatch(name: string, what: string): LinkError {
  return new LinkError('LINK_INVALID', `"${name}" is ${what}`);
}
