import type {
  FunctionShape,
  InterfaceShape,
  PrimitiveKind,
  ValueType,
} from '../../runtime/base/value-type.ts';

/** A type with its names looked up. */
export type WitType =
  | { readonly kind: PrimitiveKind }
  | { readonly kind: 'list' | 'option'; readonly of: WitType }
  | { readonly kind: 'tuple'; readonly of: readonly WitType[] }
  | { readonly kind: 'result'; readonly ok: WitType | null; readonly err: WitType | null }
  | { readonly kind: 'own' | 'borrow' | 'defined'; readonly definition: WitDefinition };

/** A field, or a case with its payload. */
export interface WitMember {
  readonly name: string;
  readonly docs: string;
  readonly type: WitType | null;
}

/** A named type. `owner` is the full name of the interface that declares it. */
export type WitDefinition = {
  readonly name: string;
  readonly docs: string;
  readonly owner: string;
} & (
  | {
      readonly kind: 'record' | 'variant' | 'enum' | 'flags';
      readonly members: readonly WitMember[];
    }
  | { readonly kind: 'alias'; readonly type: WitType }
  | { readonly kind: 'resource' }
);

/** A function. `name` has its resource prefix, as in FunctionShape; `label` is the bare name. */
export interface WitFunction {
  readonly name: string;
  readonly label: string;
  readonly docs: string;
  /** The resource it belongs to, or null. */
  readonly resource: string | null;
  readonly params: readonly { readonly name: string; readonly type: WitType }[];
  readonly result: WitType | null;
}

/** An interface. */
export interface WitInterface {
  /** `airssys:gpio/digital@0.1.0` */
  readonly name: string;
  /** `airssys:gpio` */
  readonly packageName: string;
  /** `digital` */
  readonly label: string;
  readonly version: string;
  readonly docs: string;
  readonly definitions: readonly WitDefinition[];
  readonly functions: readonly WitFunction[];
  /** Full names of interfaces whose types it uses. */
  readonly uses: readonly string[];
}

/** A world with its includes and implied imports worked out. Full interface names, sorted. */
export interface WitWorld {
  /** `airssys:worlds/base@0.1.0` */
  readonly name: string;
  readonly label: string;
  readonly docs: string;
  readonly imports: readonly string[];
  readonly exports: readonly string[];
}

/** All that the sources say. */
export interface WitContract {
  readonly interfaces: ReadonlyMap<string, WitInterface>;
  readonly worlds: ReadonlyMap<string, WitWorld>;
}

/** Returns a type without names: what crosses the wire. */
function valueType(type: WitType): ValueType {
  switch (type.kind) {
    case 'list':
      return { kind: 'list', element: valueType(type.of) };
    case 'option':
      return { kind: 'option', value: valueType(type.of) };
    case 'tuple':
      return { kind: 'tuple', items: type.of.map(valueType) };
    case 'result':
      return { kind: 'result', ok: orNull(type.ok), err: orNull(type.err) };
    case 'own':
    case 'borrow':
      return { kind: type.kind, resource: type.definition.name };
    case 'defined':
      return definedType(type.definition);
    default:
      return { kind: type.kind };
  }
}

/** Returns an interface as data, with one `[resource-drop]` function for each resource. */
export function interfaceShape(declared: WitInterface): InterfaceShape {
  const resources = declared.definitions
    .filter(definition => definition.kind === 'resource')
    .map(definition => definition.name);
  const drops = resources.map(
    (resource): FunctionShape => ({
      name: `[resource-drop]${resource}`,
      params: [{ name: 'self', type: { kind: 'own', resource } }],
      result: null,
    }),
  );
  const functions = declared.functions.map(
    (declaredFunction): FunctionShape => ({
      name: declaredFunction.name,
      params: declaredFunction.params.map(param => ({
        name: param.name,
        type: valueType(param.type),
      })),
      result: orNull(declaredFunction.result),
    }),
  );
  return { name: declared.name, functions: [...functions, ...drops], resources };
}

/** Follows aliases to what a type is. */
export function withoutAliases(type: WitType): WitType {
  return type.kind === 'defined' && type.definition.kind === 'alias'
    ? withoutAliases(type.definition.type)
    : type;
}

function orNull(type: WitType | null): ValueType | null {
  return type === null ? null : valueType(type);
}

function definedType(definition: WitDefinition): ValueType {
  switch (definition.kind) {
    case 'alias':
      return valueType(definition.type);
    case 'resource':
      return { kind: 'own', resource: definition.name };
    case 'record':
      return {
        kind: 'record',
        fields: definition.members.flatMap(({ name, type }) =>
          type === null ? [] : [{ name, type: valueType(type) }],
        ),
      };
    case 'variant':
      return {
        kind: 'variant',
        cases: definition.members.map(({ name, type }) => ({ name, type: orNull(type) })),
      };
    default:
      return { kind: definition.kind, names: definition.members.map(member => member.name) };
  }
}
