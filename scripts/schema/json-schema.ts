import type * as v from 'valibot';

/** A JSON Schema (draft 7), of the keywords that are made here. */
export interface JsonSchema {
  type?: string;
  description?: string;
  default?: unknown;
  properties?: Record<string, JsonSchema>;
  required?: string[];
  additionalProperties?: boolean | JsonSchema;
  propertyNames?: JsonSchema;
  items?: JsonSchema | JsonSchema[];
  enum?: unknown[];
  format?: string;
  pattern?: string;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
  minimum?: number;
  maximum?: number;
}

/** A schema or an action of valibot, as far as it is looked at here. */
interface Node {
  readonly kind: string;
  readonly type: string;
  readonly pipe?: readonly Node[];
  readonly entries?: Readonly<Record<string, Node>>;
  readonly item?: Node;
  readonly items?: readonly Node[];
  readonly key?: Node;
  readonly value?: Node;
  readonly wrapped?: Node;
  readonly default?: unknown;
  readonly options?: readonly unknown[];
  readonly requirement?: unknown;
  readonly description?: unknown;
}

/**
 * Returns the JSON Schema of what a valibot schema takes. Rules that JSON Schema cannot say
 * (`check`, patterns with flags, what follows a transformation) are left out: an editor then takes
 * what `sign` refuses, never the other way round. Throws TypeError at a shape that is not known
 * here.
 */
export function jsonSchemaOf(schema: v.GenericSchema): JsonSchema {
  return schemaOf(schema as unknown as Node);
}

function schemaOf(node: Node): JsonSchema {
  if (node.pipe === undefined) return bareSchema(node);
  const [first, ...actions] = node.pipe;
  if (first === undefined) throw new TypeError('a pipe is empty');
  const result = schemaOf(first);
  // What follows a transformation speaks of a value that nobody writes down.
  let isInput = !transforms(first);
  for (const action of actions) {
    if (action.kind === 'metadata') addMetadata(result, action);
    else if (action.kind === 'transformation') isInput = false;
    else if (isInput) addRule(result, action);
  }
  return result;
}

function transforms({ kind, pipe }: Node): boolean {
  return kind === 'transformation' || (pipe?.some(transforms) ?? false);
}

function bareSchema(node: Node): JsonSchema {
  switch (node.type) {
    case 'string':
    case 'number':
    case 'boolean':
      return { type: node.type };
    case 'date':
      return { type: 'string', format: 'date-time' };
    case 'picklist':
      return { enum: [...known(node.options, node)] };
    case 'array':
      return { type: 'array', items: schemaOf(known(node.item, node)) };
    case 'strict_tuple':
      return tupleSchema(known(node.items, node));
    case 'record':
      return {
        type: 'object',
        propertyNames: schemaOf(known(node.key, node)),
        additionalProperties: schemaOf(known(node.value, node)),
      };
    case 'strict_object':
      return objectSchema(known(node.entries, node));
    case 'optional':
    case 'exact_optional':
      return optionalSchema(node);
    default:
      throw new TypeError(`${node.kind} "${node.type}" has no JSON Schema here yet`);
  }
}

function tupleSchema(items: readonly Node[]): JsonSchema {
  return {
    type: 'array',
    items: items.map(schemaOf),
    minItems: items.length,
    maxItems: items.length,
  };
}

function objectSchema(entries: Readonly<Record<string, Node>>): JsonSchema {
  const all = Object.entries(entries);
  const required = all.filter(([, entry]) => !isOptional(entry)).map(([name]) => name);
  return {
    type: 'object',
    properties: Object.fromEntries(all.map(([name, entry]) => [name, schemaOf(entry)])),
    ...(required.length > 0 && { required }),
    additionalProperties: false,
  };
}

function optionalSchema(node: Node): JsonSchema {
  const inner = schemaOf(known(node.wrapped, node));
  if (typeof node.default === 'function') throw new TypeError('a default is worked out');
  return node.default === undefined ? inner : { ...inner, default: node.default };
}

function isOptional({ type }: Node): boolean {
  return type === 'optional' || type === 'exact_optional';
}

function addMetadata(result: JsonSchema, { type, description }: Node): void {
  if (type !== 'description') throw new TypeError(`metadata "${type}" is not known here`);
  result.description = String(description);
}

function addRule(result: JsonSchema, { kind, type, requirement }: Node): void {
  const isList = result.type === 'array';
  switch (type) {
    case 'check':
    case 'raw_check':
      return;
    case 'safe_integer':
      result.type = 'integer';
      return;
    case 'min_value':
      result.minimum = Number(requirement);
      return;
    case 'max_value':
      result.maximum = Number(requirement);
      return;
    case 'min_length':
      result[isList ? 'minItems' : 'minLength'] = Number(requirement);
      return;
    case 'max_length':
      result[isList ? 'maxItems' : 'maxLength'] = Number(requirement);
      return;
    case 'regex':
      if (!(requirement instanceof RegExp)) throw new TypeError('a pattern is none');
      if (requirement.flags === '') result.pattern = requirement.source;
      return;
    default:
      throw new TypeError(`${kind} "${type}" has no JSON Schema here yet`);
  }
}

function known<Value>(value: Value | undefined, { type }: Node): Value {
  if (value === undefined) throw new TypeError(`"${type}" lacks what it is made of`);
  return value;
}
