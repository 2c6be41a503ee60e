/**
 * The types of values that cross the sandbox, as plain data: what the linker reads from a
 * component, what the contract declares, and what the wire's codec follows.
 *
 * How a value of each type looks in JavaScript, everywhere in this project:
 *
 * | type | JavaScript |
 * |---|---|
 * | bool | boolean |
 * | u8 u16 u32 s8 s16 s32 f32 f64 | number |
 * | u64 s64 | bigint |
 * | char string | string, well-formed Unicode |
 * | list<u8> | Uint8Array |
 * | list<T> | array |
 * | record | object, field names in camelCase |
 * | tuple | array |
 * | variant | `{ tag, val }`; no `val` where the case has no payload |
 * | enum | string, the case's own kebab-case name |
 * | flags | object of booleans, names in camelCase |
 * | option<T> | the value or undefined; where T is an option, the form of a variant |
 * | result | `{ tag: 'ok', val }` or `{ tag: 'err', val }`; so too what a function returns |
 * | own, borrow | number: the representation of a host's resource |
 */
export type PrimitiveKind =
  | 'bool'
  | 'u8'
  | 'u16'
  | 'u32'
  | 'u64'
  | 's8'
  | 's16'
  | 's32'
  | 's64'
  | 'f32'
  | 'f64'
  | 'char'
  | 'string';

/** A named part of a record, or a parameter. Names are kebab-case, as in WIT. */
export interface NamedType {
  readonly name: string;
  readonly type: ValueType;
}

/** One case of a variant; `type` is null where the case carries nothing. */
export interface VariantCase {
  readonly name: string;
  readonly type: ValueType | null;
}

/** A component-level value type (component-model `Explainer.md`, "Type Definitions"). */
export type ValueType =
  | { readonly kind: PrimitiveKind }
  | { readonly kind: 'list'; readonly element: ValueType }
  | { readonly kind: 'record'; readonly fields: readonly NamedType[] }
  | { readonly kind: 'tuple'; readonly items: readonly ValueType[] }
  | { readonly kind: 'variant'; readonly cases: readonly VariantCase[] }
  | { readonly kind: 'enum'; readonly names: readonly string[] }
  | { readonly kind: 'flags'; readonly names: readonly string[] }
  | { readonly kind: 'option'; readonly value: ValueType }
  | { readonly kind: 'result'; readonly ok: ValueType | null; readonly err: ValueType | null }
  | { readonly kind: 'own' | 'borrow'; readonly resource: string };

/**
 * A function of an interface. `name` is the WIT name, with its prefix where it belongs to a
 * resource: `get`, `[method]bucket.get`, `[constructor]bucket`, `[static]bucket.open`.
 */
export interface FunctionShape {
  readonly name: string;
  readonly params: readonly NamedType[];
  readonly result: ValueType | null;
}

/** An interface as a component imports or exports it. */
export interface InterfaceShape {
  /** Full name with version: `airssys:gpio/digital@0.1.0`. */
  readonly name: string;
  readonly functions: readonly FunctionShape[];
  /** Resource types that the interface declares, by WIT name. */
  readonly resources: readonly string[];
}

/** All a component asks for and offers, by interface. */
export interface ComponentShape {
  readonly imports: readonly InterfaceShape[];
  readonly exports: readonly InterfaceShape[];
}

/** Returns the JavaScript name of a WIT label: `previous-version` becomes `previousVersion`. */
export function camelCase(label: string): string {
  return label.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
