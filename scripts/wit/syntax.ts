import type { PrimitiveKind } from '../../runtime/base/value-type.ts';
import type { Place } from './lexer.ts';

/** A type as it is written, names not yet looked up. */
export type TypeSyntax =
  | { readonly kind: PrimitiveKind }
  | { readonly kind: 'list' | 'option'; readonly of: TypeSyntax }
  | { readonly kind: 'tuple'; readonly of: readonly TypeSyntax[] }
  | {
      readonly kind: 'result';
      readonly ok: TypeSyntax | null;
      readonly err: TypeSyntax | null;
    }
  | { readonly kind: 'own' | 'borrow' | 'name'; readonly name: string; readonly place: Place };

/** A field, a parameter, or a case with its payload. */
export interface MemberSyntax {
  readonly name: string;
  readonly docs: string;
  /** Null for a case without payload, and in enums and flags. */
  readonly type: TypeSyntax | null;
}

/** A function as it is written. `name` has no prefix yet. */
export interface FunctionSyntax {
  readonly name: string;
  readonly docs: string;
  readonly role: 'free' | 'method' | 'static' | 'constructor';
  readonly params: readonly { readonly name: string; readonly type: TypeSyntax }[];
  readonly result: TypeSyntax | null;
}

/** A named type as it is written. */
export type DefinitionSyntax = {
  readonly name: string;
  readonly docs: string;
  readonly place: Place;
} & (
  | {
      readonly kind: 'record' | 'variant' | 'enum' | 'flags';
      readonly members: readonly MemberSyntax[];
    }
  | { readonly kind: 'alias'; readonly type: TypeSyntax }
  | { readonly kind: 'resource'; readonly functions: readonly FunctionSyntax[] }
);

/** A name taken from another interface: `use a:b/c@1.0.0.{name as local}`. */
export interface UseSyntax {
  readonly from: string;
  readonly name: string;
  readonly local: string;
  readonly place: Place;
}

/** An interface as it is written; functions, types and uses keep their order. */
export interface InterfaceSyntax {
  readonly name: string;
  readonly docs: string;
  readonly uses: readonly UseSyntax[];
  readonly definitions: readonly DefinitionSyntax[];
  readonly functions: readonly FunctionSyntax[];
}

/** One line of a world. `target` is a local or a full name. */
export interface WorldItemSyntax {
  readonly kind: 'import' | 'export' | 'include';
  readonly target: string;
  readonly place: Place;
}

/** A world as it is written. */
export interface WorldSyntax {
  readonly name: string;
  readonly docs: string;
  readonly items: readonly WorldItemSyntax[];
}

/** A source file: one package, or a part of one. */
export interface FileSyntax {
  readonly path: string;
  /** `airssys:gpio` */
  readonly packageName: string;
  /** `0.1.0`, or null where the package has none. */
  readonly packageVersion: string | null;
  readonly interfaces: readonly InterfaceSyntax[];
  readonly worlds: readonly WorldSyntax[];
}
