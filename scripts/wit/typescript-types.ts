import { camelCase } from '../../runtime/base/value-type.ts';
import type { WitDefinition, WitMember, WitType } from './model.ts';
import { withoutAliases } from './model.ts';
import { docComment, pascalCase } from './names.ts';

/** How one side of the sandbox sees values in JavaScript. */
export interface TypeMapping {
  /** Type of `u64` and `s64`. */
  readonly wide: 'bigint' | 'number';
  /** What stands for `none`. */
  readonly none: 'undefined' | 'null';
  /** Type of a resource handle. */
  readonly resource: (definition: WitDefinition) => string;
  /** Name of a defined type as seen from the place that uses it. */
  readonly name: (definition: WitDefinition) => string;
}

/** Returns a TypeScript type. */
export function typeText(type: WitType, mapping: TypeMapping): string {
  const inner = (nested: WitType): string => typeText(nested, mapping);
  switch (type.kind) {
    case 'bool':
      return 'boolean';
    case 'char':
    case 'string':
      return 'string';
    case 'u64':
    case 's64':
      return mapping.wide;
    case 'list':
      return withoutAliases(type.of).kind === 'u8'
        ? 'Uint8Array'
        : `readonly ${arrayItem(inner(type.of))}[]`;
    case 'tuple':
      return `readonly [${type.of.map(inner).join(', ')}]`;
    case 'option':
      return withoutAliases(type.of).kind === 'option'
        ? `{ readonly tag: 'some'; readonly val: ${inner(type.of)} } | { readonly tag: 'none' }`
        : `${inner(type.of)} | ${mapping.none}`;
    case 'result':
      return `${taggedText('ok', type.ok, mapping)} | ${taggedText('err', type.err, mapping)}`;
    case 'own':
    case 'borrow':
      return mapping.resource(type.definition);
    case 'defined':
      return mapping.name(type.definition);
    default:
      return 'number';
  }
}

/** Returns the declaration of a named type, with its docs. Resources are left to the caller. */
export function definitionText(
  definition: WitDefinition,
  mapping: TypeMapping,
  indent: string,
): string {
  const name = mapping.name(definition);
  const head = docComment(definition.docs, indent);
  const line = (text: string): string => `${head}${indent}export ${text}\n`;
  switch (definition.kind) {
    case 'alias':
      return line(`type ${name} = ${typeText(definition.type, mapping)};`);
    case 'enum':
      return line(`type ${name} =${unionText(definition.members, nameText, indent)};`);
    case 'variant': {
      const caseText = (member: WitMember): string => taggedText(member.name, member.type, mapping);
      return line(`type ${name} =${unionText(definition.members, caseText, indent)};`);
    }
    case 'record':
    case 'flags': {
      const fields = definition.members.map(member => {
        const type = member.type === null ? 'boolean' : typeText(member.type, mapping);
        const docs = docComment(member.docs, `${indent}  `);
        return `${docs}${indent}  readonly ${camelCase(member.name)}: ${type};\n`;
      });
      return line(`interface ${name} {\n${fields.join('')}${indent}}`);
    }
    default:
      return '';
  }
}

/** Returns `name: type` pairs of a function's parameters. */
export function paramsText(
  params: readonly { readonly name: string; readonly type: WitType }[],
  mapping: TypeMapping,
): string {
  return params
    .map(({ name, type }) => `${safeName(camelCase(name))}: ${typeText(type, mapping)}`)
    .join(', ');
}

/** Returns the Pascal-case name of a type, clear of JavaScript's own `Error`. */
export function typeName(definition: WitDefinition): string {
  return definition.name === 'error' ? 'ErrorCase' : pascalCase(definition.name);
}

function safeName(name: string): string {
  return ['delete', 'in', 'new', 'default', 'function', 'class'].includes(name) ? `${name}_` : name;
}

function taggedText(tag: string, type: WitType | null, mapping: TypeMapping): string {
  return type === null
    ? `{ readonly tag: '${tag}' }`
    : `{ readonly tag: '${tag}'; readonly val: ${typeText(type, mapping)} }`;
}

function nameText(member: WitMember): string {
  return `'${member.name}'`;
}

function unionText(
  members: readonly WitMember[],
  text: (member: WitMember) => string,
  indent: string,
): string {
  const inner = `${indent}  `;
  return members
    .map(member => `\n${docComment(member.docs, inner)}${inner}| ${text(member)}`)
    .join('');
}

function arrayItem(text: string): string {
  return text.includes(' ') ? `(${text})` : text;
}
