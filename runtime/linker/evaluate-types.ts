import type {
  Definition,
  ExternDescription,
  TypeDefinition,
  TypeReference,
} from './definitions.ts';
import { LinkError } from './errors.ts';
import type { LinkLimits } from './limits.ts';
import type { PlanBuilder } from './plan-builder.ts';
import { type AnyItem, type InstanceItem, isSort, Scope, type TypeItem } from './scope.ts';

/** Where an imported instance comes from: another component, or the host under a name. */
export type InstanceOrigin =
  | { readonly kind: 'actual'; readonly instance: InstanceItem }
  | { readonly kind: 'host'; readonly interface: string };

/** Resolves type definitions, and holds items against what they are said to be. */
export class TypeEvaluator {
  readonly #builder: PlanBuilder;
  readonly #limits: LinkLimits;

  constructor(builder: PlanBuilder, limits: LinkLimits) {
    this.#builder = builder;
    this.#limits = limits;
  }

  /** Returns the type that a definition makes in `scope`. */
  define(definition: TypeDefinition, scope: Scope): TypeItem {
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
        };
      case 'instance':
        return {
          sort: 'type',
          type: { kind: 'instance', declarations: definition.declarations, scope },
        };
      case 'component':
        return { sort: 'type', type: { kind: 'component' } };
      case 'resource':
        return this.#resource(definition.destructor, scope);
      default:
        return valueItem(this.#valueDefinition(definition, scope));
    }
  }

  /**
   * Returns the view of an instance that its type declares, with nothing else in it.
   * @throws LinkError when an actual instance lacks an export or has it with another type.
   */
  view(type: TypeItem, origin: InstanceOrigin, depth = 1): InstanceItem {
    if (type.type.kind !== 'instance') throw invalid('the type is no instance type');
    if (depth > this.#limits.nestingMax) {
      throw new LinkError('LINK_LIMIT', `instances nested over ${this.#limits.nestingMax} deep`);
    }
    const scope = new Scope(type.type.scope, -1);
    const exports = new Map<string, AnyItem>();
    for (const declaration of type.type.declarations) {
      this.#builder.count();
      this.#declare(declaration, scope, exports, origin, depth);
    }
    return { sort: 'instance', exports };
  }

  /** Returns `item` as `description` shows it. @throws LinkError when it is something else. */
  ascribe(
    name: string,
    item: AnyItem | null,
    description: ExternDescription,
    scope: Scope,
    host: string,
    depth = 1,
  ): AnyItem {
    if (description.kind === 'type-resource') return this.#resourceItem(name, item, host);
    const type = scope.get('type', description.type);
    switch (description.kind) {
      case 'func':
        return this.#functionItem(name, item, type, host);
      case 'instance': {
        const origin = this.#originOf(name, item, host);
        return this.view(type, origin, depth + 1);
      }
      case 'type-equal':
        if (item !== null && !sameType(item, type)) throw mismatch(name, 'another type');
        return type;
      case 'component':
        if (item === null) {
          throw new LinkError('LINK_UNSUPPORTED', 'imports of components are not accepted');
        }
        if (!isSort(item, 'component')) throw mismatch(name, 'no component');
        return item;
    }
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
    if (crossed && this.#hasResource(item)) throw invalid('an outer alias carries a resource type');
    return item;
  }

  #declare(
    declaration: Definition,
    scope: Scope,
    exports: Map<string, AnyItem>,
    origin: InstanceOrigin,
    depth: number,
  ): void {
    switch (declaration.kind) {
      case 'type':
        if (declaration.type.kind === 'resource') throw invalid('a resource within a type');
        scope.push(this.define(declaration.type, scope));
        return;
      case 'alias': {
        const { target } = declaration;
        if (declaration.sort !== 'type') throw invalid('an alias of no type within a type');
        if (target.kind === 'outer') {
          scope.push(this.outerType(scope, target.count, target.index));
          return;
        }
        if (target.kind === 'core-export') throw invalid('a core alias within a type');
        const item = scope.get('instance', target.instance).exports.get(target.name);
        if (item?.sort !== 'type') throw invalid(`an alias of a missing type "${target.name}"`);
        scope.push(item);
        return;
      }
      case 'export': {
        if (declaration.description === null) throw invalid('an export without a type');
        const actual = this.#actualOf(declaration.name, origin);
        const host = origin.kind === 'host' ? origin.interface : '';
        const { name, description } = declaration;
        const item = this.ascribe(name, actual, description, scope, host, depth);
        scope.push(item);
        exports.set(name, item);
        return;
      }
      default:
        throw invalid('a declaration that an instance type cannot hold');
    }
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

  #resourceItem(name: string, item: AnyItem | null, host: string): TypeItem {
    if (item === null) {
      const index = this.#builder.resource({
        interface: host,
        name,
        instance: -1,
        destructor: null,
      });
      return { sort: 'type', type: { kind: 'resource', index } };
    }
    if (item.sort !== 'type' || item.type.kind !== 'resource') throw mismatch(name, 'no resource');
    return item;
  }

  #functionItem(name: string, item: AnyItem | null, type: TypeItem, host: string): AnyItem {
    if (type.type.kind !== 'func') throw mismatch(name, 'declared with no function type');
    if (item === null) {
      const index = this.#builder.import({
        interface: host,
        function: name,
        type: type.type.index,
      });
      const source = { kind: 'import', index } as const;
      return { sort: 'func', type: type.type.index, source, instance: -1 };
    }
    if (!isSort(item, 'func')) throw mismatch(name, 'no function');
    if (item.type !== type.type.index) throw mismatch(name, 'a function of another type');
    return item;
  }

  #resource(destructor: number | null, scope: Scope): TypeItem {
    if (scope.instance < 0) throw invalid('a resource within a type');
    let register: number | null = null;
    if (destructor !== null) {
      const item = scope.get('core func', destructor);
      if (item.signature !== 'i>') throw invalid('a destructor with another signature');
      register = item.register;
    }
    const index = this.#builder.resource({
      interface: '',
      name: `resource-${this.#builder.resources.length}`,
      instance: scope.instance,
      destructor: register,
    });
    return { sort: 'type', type: { kind: 'resource', index } };
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
    if (item.type.kind !== 'func') return false;
    const { params, result } = types.functionType(item.type.index);
    return [...params, ...(result === null ? [] : [result])].some(
      index => types.facts(index).hasResource,
    );
  }
}

function valueItem(index: number): TypeItem {
  return { sort: 'type', type: { kind: 'value', index } };
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
