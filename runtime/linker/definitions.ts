import type { PrimitiveKind } from '../base/value-type.ts';
import type { CoreModule } from './core-scan.ts';
import type { StringEncoding } from './plan.ts';

/** The sorts of items that a component's index spaces hold. */
export type Sort =
  | 'core func'
  | 'core table'
  | 'core memory'
  | 'core global'
  | 'core module'
  | 'core instance'
  | 'func'
  | 'type'
  | 'component'
  | 'instance';

/** An index into the index space of its sort. */
export interface SortIndex {
  readonly sort: Sort;
  readonly index: number;
}

/** An item with a name: an argument, or an export of an inline instance. */
export interface NamedItem extends SortIndex {
  readonly name: string;
}

/** A value type as written: a primitive, or an index of the type space. */
export type TypeReference = PrimitiveKind | number;

/** A value type's definition as written. */
export type TypeDefinition =
  | { readonly kind: PrimitiveKind }
  | { readonly kind: 'list' | 'option'; readonly element: TypeReference }
  | {
      readonly kind: 'record';
      readonly names: readonly string[];
      readonly items: readonly TypeReference[];
    }
  | { readonly kind: 'tuple'; readonly items: readonly TypeReference[] }
  | {
      readonly kind: 'variant';
      readonly names: readonly string[];
      readonly payloads: readonly (TypeReference | null)[];
    }
  | { readonly kind: 'enum' | 'flags'; readonly names: readonly string[] }
  | {
      readonly kind: 'result';
      readonly ok: TypeReference | null;
      readonly err: TypeReference | null;
    }
  | { readonly kind: 'own' | 'borrow'; readonly resource: number }
  | {
      readonly kind: 'func';
      readonly names: readonly string[];
      readonly params: readonly TypeReference[];
      readonly result: TypeReference | null;
    }
  | { readonly kind: 'resource'; readonly destructor: number | null }
  | { readonly kind: 'instance' | 'component'; readonly declarations: readonly Definition[] };

/** What an import or export is said to be. */
export type ExternDescription =
  | { readonly kind: 'func' | 'instance' | 'component'; readonly type: number }
  | { readonly kind: 'type-equal'; readonly type: number }
  | { readonly kind: 'type-resource' };

/** Options of a canonical definition as written. */
export interface CanonOptions {
  readonly encoding: StringEncoding;
  readonly memory: number | null;
  readonly realloc: number | null;
  readonly postReturn: number | null;
}

/** A canonical definition (`Binary.md`, "Canonical Definitions"). */
export type Canon =
  | {
      readonly canon: 'lift';
      readonly core: number;
      readonly options: CanonOptions;
      readonly type: number;
    }
  | { readonly canon: 'lower'; readonly function: number; readonly options: CanonOptions }
  | {
      readonly canon: 'resource-new' | 'resource-drop' | 'resource-rep';
      readonly type: number;
    };

/** What an alias points to. */
export type AliasTarget =
  | { readonly kind: 'export'; readonly instance: number; readonly name: string }
  | { readonly kind: 'core-export'; readonly instance: number; readonly name: string }
  | { readonly kind: 'outer'; readonly count: number; readonly index: number };

/** One definition, in the order of the binary. `offset` is its place in the file. */
export type Definition = { readonly offset: number } & (
  | { readonly kind: 'core-module'; readonly module: number }
  | {
      readonly kind: 'core-instantiate';
      readonly module: number;
      readonly arguments: readonly { readonly name: string; readonly instance: number }[];
    }
  | { readonly kind: 'core-inline'; readonly items: readonly NamedItem[] }
  | { readonly kind: 'component'; readonly component: ComponentDefinition }
  | {
      readonly kind: 'instantiate';
      readonly component: number;
      readonly arguments: readonly NamedItem[];
    }
  | { readonly kind: 'inline'; readonly items: readonly NamedItem[] }
  | { readonly kind: 'alias'; readonly sort: Sort; readonly target: AliasTarget }
  | { readonly kind: 'type'; readonly type: TypeDefinition }
  | { readonly kind: 'canon'; readonly canon: Canon }
  | { readonly kind: 'import'; readonly name: string; readonly description: ExternDescription }
  | {
      readonly kind: 'export';
      readonly name: string;
      readonly item: SortIndex | null;
      readonly description: ExternDescription | null;
    }
);

/** A component as written, syntax checked, indices not yet. */
export interface ComponentDefinition {
  readonly definitions: readonly Definition[];
}

/** A parsed file: the root component, and all core modules by index. */
export interface ParsedComponent {
  readonly root: ComponentDefinition;
  readonly modules: readonly CoreModule[];
}
