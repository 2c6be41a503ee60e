import type { CoreExtern } from './core-match.ts';
import type { CoreModule } from './core-scan.ts';
import type { ComponentDefinition, Definition, Sort } from './definitions.ts';
import { LinkError } from './errors.ts';
import type { FunctionSource } from './plan.ts';

/** A core function by register, with the signature of its module or of the canon. */
export interface CoreFunctionItem {
  readonly sort: 'core func';
  readonly register: number;
  readonly signature: string;
}

/** A core table, memory or global by register. */
export interface CoreDataItem<S extends 'core table' | 'core memory' | 'core global'> {
  readonly sort: S;
  readonly register: number;
  readonly type: CoreExtern;
}

/** What a core instance exports. */
export type CoreItem =
  | CoreFunctionItem
  | CoreDataItem<'core table'>
  | CoreDataItem<'core memory'>
  | CoreDataItem<'core global'>;

/** A core instance. Exports of a real one become items when they are first asked for. */
export interface CoreInstanceItem {
  readonly sort: 'core instance';
  readonly origin: { readonly index: number; readonly module: CoreModule } | null;
  readonly items: Map<string, CoreItem>;
}

/**
 * What validation knows of a type or function beyond its structure. A mark stands for a type as it
 * was defined, imported or exported: the same structure may have several.
 */
export interface TypeNames {
  /** The mark of a record, variant, enum, flags or resource type. */
  readonly mark: number | null;
  /** Marks that must be visible where the type or function is mentioned. */
  readonly mentions: ReadonlySet<number>;
  /** Marks that must be visible where the type itself gets a name. */
  readonly parts: ReadonlySet<number>;
  /** Mark of the resource, where the type is `own`. */
  readonly own: number | null;
  /** Mark of the resource, where the type is `borrow`, or that a first parameter `self` borrows. */
  readonly borrow: number | null;
  /** Mark of the resource that a function with this result constructs. */
  readonly made: number | null;
}

/** Names of what mentions no type that needs a name. */
export const NO_NAMES: TypeNames = {
  mark: null,
  mentions: new Set(),
  parts: new Set(),
  own: null,
  borrow: null,
  made: null,
};

/** A component function; `instance` is the component instance that lifts it, or -1. */
export interface FunctionItem {
  readonly sort: 'func';
  readonly type: number;
  readonly names: TypeNames;
  readonly source: FunctionSource;
  readonly instance: number;
}

/** A type; `index` refers to the TypeTable, or to the plan's resources. */
export interface TypeItem {
  readonly sort: 'type';
  readonly type:
    | { readonly kind: 'value' | 'func' | 'resource'; readonly index: number }
    | DeclaredType;
  readonly names: TypeNames;
}

/** An instance or component type: declarations, and the scope that their outer aliases see. */
export interface DeclaredType {
  readonly kind: 'instance' | 'component';
  readonly declarations: readonly Definition[];
  readonly scope: Scope;
  /** Whether it refers to a resource type outside itself. Known where types are validated. */
  readonly carriesResource: boolean;
}

/** A component instance, or an inline one: items by name. */
export interface InstanceItem {
  readonly sort: 'instance';
  readonly exports: ReadonlyMap<string, AnyItem>;
}

/**
 * A component together with the scope that its outer aliases see; or, while a component that
 * imports it is validated, only its type.
 */
export interface ComponentItem {
  readonly sort: 'component';
  readonly body:
    | {
        readonly kind: 'defined';
        readonly definition: ComponentDefinition;
        readonly scope: Scope;
      }
    | { readonly kind: 'declared'; readonly type: DeclaredType };
}

/** A core module by its index among all modules of the file. */
export interface ModuleItem {
  readonly sort: 'core module';
  readonly module: number;
}

/** The item of each sort. */
export interface Items {
  readonly 'core func': CoreFunctionItem;
  readonly 'core table': CoreDataItem<'core table'>;
  readonly 'core memory': CoreDataItem<'core memory'>;
  readonly 'core global': CoreDataItem<'core global'>;
  readonly 'core module': ModuleItem;
  readonly 'core instance': CoreInstanceItem;
  readonly func: FunctionItem;
  readonly type: TypeItem;
  readonly component: ComponentItem;
  readonly instance: InstanceItem;
}

/** An item of any sort. */
export type AnyItem = Items[Sort];

type Spaces = { readonly [S in Sort]: Items[S][] };

/** The index spaces of a component under evaluation, or of an instance type's declarations. */
export class Scope {
  readonly outer: Scope | null;
  /** The component instance being made; -1 within a type. */
  readonly instance: number;
  /** Within a type: whether an outer alias of it reaches a resource type. */
  carriesResource = false;
  readonly #spaces: Spaces = {
    'core func': [],
    'core table': [],
    'core memory': [],
    'core global': [],
    'core module': [],
    'core instance': [],
    func: [],
    type: [],
    component: [],
    instance: [],
  };

  constructor(outer: Scope | null, instance: number) {
    this.outer = outer;
    this.instance = instance;
  }

  /** Returns an item. @throws LinkError `LINK_INVALID` */
  get<S extends Sort>(sort: S, index: number): Items[S] {
    const item = this.#spaces[sort][index];
    if (item === undefined) throw new LinkError('LINK_INVALID', `there is no ${sort} ${index}`);
    return item;
  }

  /** Gives an item the next index of its sort. */
  push(item: AnyItem): void {
    const space: AnyItem[] = this.#spaces[item.sort];
    space.push(item);
  }
}

/** Whether `item` is of `sort`. */
export function isSort<S extends Sort>(item: AnyItem, sort: S): item is Items[S] {
  return item.sort === sort;
}
