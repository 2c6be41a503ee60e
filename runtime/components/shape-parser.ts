import type {
  ComponentShape,
  FunctionShape,
  InterfaceShape,
  NamedType,
  PrimitiveKind,
  ValueType,
  VariantCase,
} from '../base/value-type.ts';

/** Objects in a shape; what the linker accepts stays far below. */
const SHAPE_NODES_MAX = 200_000;
const TYPE_DEPTH_MAX = 128;
const NAME_LENGTH_MAX = 256;
const PRIMITIVES: ReadonlySet<string> = new Set<PrimitiveKind>([
  'bool',
  'u8',
  'u16',
  'u32',
  'u64',
  's8',
  's16',
  's32',
  's64',
  'f32',
  'f64',
  'char',
  'string',
]);

/** Parses a shape that another process wrote as JSON. Throws Error where it is not one. */
export function parseShape(json: string): ComponentShape {
  const parser = new ShapeParser();
  const root = parser.object(JSON.parse(json));
  const list = (value: unknown) => parser.list(value, item => parser.interfaceShape(item));
  return { imports: list(root.imports), exports: list(root.exports) };
}

class ShapeParser {
  private nodesLeft = SHAPE_NODES_MAX;

  object(value: unknown): Readonly<Record<string, unknown>> {
    this.nodesLeft -= 1;
    if (this.nodesLeft < 0) throw new Error(`a shape of over ${SHAPE_NODES_MAX} parts`);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new Error('a part of the shape is no object');
    }
    return value as Readonly<Record<string, unknown>>;
  }

  list<T>(value: unknown, parse: (item: unknown) => T): readonly T[] {
    if (!Array.isArray(value)) throw new Error('a part of the shape is no list');
    return value.map(item => parse(item));
  }

  interfaceShape(value: unknown): InterfaceShape {
    const { name, functions, resources } = this.object(value);
    return {
      name: this.name(name),
      functions: this.list(functions, item => this.functionShape(item)),
      resources: this.list(resources, item => this.name(item)),
    };
  }

  private functionShape(value: unknown): FunctionShape {
    const { name, params, result } = this.object(value);
    return {
      name: this.name(name),
      params: this.list(params, item => this.named(item, 0)),
      result: this.optionalType(result, 0),
    };
  }

  private name(value: unknown): string {
    if (typeof value !== 'string' || value.length > NAME_LENGTH_MAX) {
      throw new Error('a name of the shape is no text or too long');
    }
    this.nodesLeft -= 1;
    return value;
  }

  private named(value: unknown, depth: number): NamedType {
    const { name, type } = this.object(value);
    return { name: this.name(name), type: this.type(type, depth) };
  }

  private variantCase(value: unknown, depth: number): VariantCase {
    const { name, type } = this.object(value);
    return { name: this.name(name), type: this.optionalType(type, depth) };
  }

  private optionalType(value: unknown, depth: number): ValueType | null {
    return value === null ? null : this.type(value, depth);
  }

  private type(value: unknown, outerDepth: number): ValueType {
    const depth = outerDepth + 1;
    if (depth > TYPE_DEPTH_MAX) throw new Error(`a type deeper than ${TYPE_DEPTH_MAX}`);
    const from = this.object(value);
    const { kind } = from;
    switch (kind) {
      case 'list':
        return { kind, element: this.type(from.element, depth) };
      case 'option':
        return { kind, value: this.type(from.value, depth) };
      case 'tuple':
        return { kind, items: this.list(from.items, item => this.type(item, depth)) };
      case 'record':
        return { kind, fields: this.list(from.fields, item => this.named(item, depth)) };
      case 'variant':
        return { kind, cases: this.list(from.cases, item => this.variantCase(item, depth)) };
      case 'enum':
      case 'flags':
        return { kind, names: this.list(from.names, item => this.name(item)) };
      case 'result':
        return {
          kind,
          ok: this.optionalType(from.ok, depth),
          err: this.optionalType(from.err, depth),
        };
      case 'own':
      case 'borrow':
        return { kind, resource: this.name(from.resource) };
      default:
        if (isPrimitive(kind)) return { kind };
        throw new Error('a type of the shape is of no known kind');
    }
  }
}

function isPrimitive(kind: unknown): kind is PrimitiveKind {
  return typeof kind === 'string' && PRIMITIVES.has(kind);
}
