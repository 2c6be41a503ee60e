import type { PrimitiveKind } from '../base/value-type.ts';

/**
 * What staging made of a component: flat steps over registers, with all index spaces, aliases,
 * nested components and type checks already resolved. Plain data; it survives `structuredClone`
 * and JSON. Indices refer to the plan's own arrays and are in range by construction.
 */
export interface Plan {
  readonly version: typeof PLAN_VERSION;
  /** A type refers only to types before it. Equal types have equal indices. */
  readonly types: readonly PlanType[];
  readonly functionTypes: readonly PlanFunctionType[];
  readonly resources: readonly PlanResource[];
  /** Component instances by the index of the instance that made them, -1 for the root. */
  readonly instanceParents: readonly number[];
  readonly imports: readonly PlanImport[];
  readonly lifts: readonly PlanLift[];
  /** In the order in which they must run. */
  readonly steps: readonly PlanStep[];
  readonly exports: readonly PlanExport[];
  /** Memories that core instances define and export. */
  readonly memories: readonly { readonly coreInstance: number; readonly name: string }[];
  /** Bytes of memories that no export shows, at their smallest. */
  readonly hiddenMemoryBytes: number;
}

/** Rises with each change of Plan's meaning, or of which components are valid. */
export const PLAN_VERSION = 3;

/** Size, alignment and flattening of a type (`CanonicalABI.md`, "Alignment", "Flattening"). */
export interface TypeLayout {
  readonly sizeBytes: number;
  readonly alignBytes: number;
  /** One letter a core value: i = i32, I = i64, f = f32, F = f64. */
  readonly flat: string;
}

/** The form of a type; numbers are indices of `Plan.types`, except `resource`. */
export type TypeForm =
  | { readonly kind: PrimitiveKind }
  | { readonly kind: 'list'; readonly element: number }
  | {
      readonly kind: 'record';
      readonly names: readonly string[];
      readonly items: readonly number[];
    }
  | { readonly kind: 'tuple'; readonly items: readonly number[] }
  | {
      readonly kind: 'variant';
      readonly names: readonly string[];
      readonly payloads: readonly (number | null)[];
    }
  | { readonly kind: 'enum'; readonly names: readonly string[] }
  | { readonly kind: 'flags'; readonly names: readonly string[] }
  | { readonly kind: 'option'; readonly value: number }
  | { readonly kind: 'result'; readonly ok: number | null; readonly err: number | null }
  | { readonly kind: 'own' | 'borrow'; readonly resource: number };

/** A type with what lifting and lowering need to know of it. */
export interface PlanType extends TypeLayout {
  readonly form: TypeForm;
}

/** A component function's type. */
export interface PlanFunctionType {
  readonly names: readonly string[];
  readonly params: readonly number[];
  readonly result: number | null;
}

/** A resource type: of the host (`instance` -1), or of the component instance that defines it. */
export interface PlanResource {
  readonly interface: string;
  readonly name: string;
  readonly instance: number;
  /** Register of the core destructor, or null. */
  readonly destructor: number | null;
}

/** A function that the host is asked for. */
export interface PlanImport {
  readonly interface: string;
  readonly function: string;
  readonly type: number;
}

/** How strings lie in a guest's memory. */
export type StringEncoding = 'utf8' | 'utf16' | 'latin1+utf16';

/** Options of a lift or lower; numbers are registers. */
export interface PlanOptions {
  readonly encoding: StringEncoding;
  readonly memory: number | null;
  readonly realloc: number | null;
  readonly postReturn: number | null;
}

/** A core function seen as a component function. */
export interface PlanLift {
  readonly core: number;
  readonly type: number;
  readonly instance: number;
  readonly options: PlanOptions;
}

/** Where a component function comes from. */
export type FunctionSource =
  | { readonly kind: 'import'; readonly index: number }
  | { readonly kind: 'lift'; readonly index: number };

/** One argument of a core instantiation. */
export interface CoreArgument {
  readonly module: string;
  readonly name: string;
  readonly register: number;
}

/** Each step but `instantiate` writes the next register. */
export type PlanStep =
  | {
      readonly kind: 'instantiate';
      readonly module: number;
      readonly arguments: readonly CoreArgument[];
    }
  | { readonly kind: 'export'; readonly coreInstance: number; readonly name: string }
  | {
      readonly kind: 'lower';
      readonly source: FunctionSource;
      readonly type: number;
      readonly instance: number;
      readonly options: PlanOptions;
      /** The call would enter an ancestor or descendant: it traps. */
      readonly recursive: boolean;
    }
  | {
      readonly kind: 'resource-new' | 'resource-drop' | 'resource-rep';
      readonly resource: number;
      readonly instance: number;
    };

/** An exported function. The index in `Plan.exports` is its number in `Handle.call`. */
export interface PlanExport {
  readonly interface: string;
  readonly function: string;
  readonly type: number;
  readonly source: FunctionSource;
}
