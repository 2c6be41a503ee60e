import { layout } from './c-layout.ts';
import { WitError } from './errors.ts';
import {
  type WitContract,
  type WitDefinition,
  type WitInterface,
  type WitType,
  withoutAliases,
} from './model.ts';
import { docComment, interfaceWords, snakeCase } from './names.ts';

/**
 * C names and struct declarations of WIT types. Types are declared before they are used; anonymous
 * types (`option<string>`, `list<tuple<..>>`) get a name made of their parts.
 */
export class CTypes {
  readonly #contract: WitContract;
  readonly #declared = new Map<string, string>();

  constructor(contract: WitContract) {
    this.#contract = contract;
  }

  /** All declarations so far, each after those it needs. */
  declarations(): string {
    return [...this.#declared.values()].filter(text => text !== '').join('\n');
  }

  /** Returns the C type of a value and declares it. */
  name(type: WitType): string {
    switch (type.kind) {
      case 'string':
        return 'airssys_string';
      case 'list':
        if (withoutAliases(type.of).kind === 'u8') return 'airssys_bytes';
        return this.#anonymous(type, () => {
          const item = this.name(type.of);
          return `{\n  const ${item} *ptr;\n  size_t len;\n}`;
        });
      case 'option':
        return this.#anonymous(type, () => `{\n  bool is_some;\n  ${this.name(type.of)} value;\n}`);
      case 'tuple':
        return this.#anonymous(type, () => {
          const items = type.of.map((item, index) => `  ${this.name(item)} f${index};\n`);
          return `{\n${items.join('')}}`;
        });
      case 'result':
        throw new WitError('WIT_UNSUPPORTED', 'C: a result inside another type');
      case 'own':
      case 'borrow':
        return this.#define(type.definition);
      case 'defined':
        return this.#define(type.definition);
      default:
        return PRIMITIVES[type.kind];
    }
  }

  /** Returns a C identifier for a defined type, without its `_t`. */
  definitionName(definition: WitDefinition): string {
    const owner = this.#contract.interfaces.get(definition.owner);
    if (owner === undefined) throw new WitError('WIT_UNKNOWN_NAME', definition.owner);
    return `${interfacePrefix(owner)}_${snakeCase(definition.name)}`;
  }

  #anonymous(type: WitType, body: () => string): string {
    const name = `airssys_${this.#words(type)}`;
    if (!this.#declared.has(name)) {
      const text = body();
      this.#declared.set(name, `typedef struct ${text} ${name};\n${sizeAssertion(name, type)}`);
    }
    return name;
  }

  #words(type: WitType): string {
    switch (type.kind) {
      case 'list':
        return withoutAliases(type.of).kind === 'u8' ? 'bytes' : `list_${this.#words(type.of)}`;
      case 'option':
        return `option_${this.#words(type.of)}`;
      case 'tuple':
        return `tuple_${type.of.map(item => this.#words(item)).join('_')}`;
      case 'own':
      case 'borrow':
      case 'defined':
        return this.definitionName(type.definition).replace(/^airssys_/, '');
      default:
        return type.kind;
    }
  }

  #define(definition: WitDefinition): string {
    const name = this.definitionName(definition);
    if (this.#declared.has(name)) return name;
    const body = this.#body(definition, name);
    const docs = docComment(definition.docs, '');
    const type: WitType = { kind: 'defined', definition };
    this.#declared.set(name, `${docs}${body}${sizeAssertion(name, type)}`);
    return name;
  }

  #body(definition: WitDefinition, name: string): string {
    switch (definition.kind) {
      case 'alias':
        return `typedef ${this.name(definition.type)} ${name};\n`;
      case 'resource':
        return `typedef int32_t ${name};\n`;
      case 'enum':
        return `typedef uint8_t ${name};\n${this.#constants(definition, name)}`;
      case 'flags':
        return this.#flags(definition, name);
      case 'variant': {
        const cases = definition.members.flatMap(member =>
          member.type === null
            ? []
            : [`    ${this.name(member.type)} ${snakeCase(member.name)};\n`],
        );
        const union = cases.length === 0 ? '' : `  union {\n${cases.join('')}  } val;\n`;
        const constants = this.#constants(definition, `${name}_tag`);
        return `typedef struct {\n  uint8_t tag;\n${union}} ${name};\n${constants}`;
      }
      default: {
        const fields = definition.members.flatMap(member => {
          if (member.type === null) return [];
          const field = `${this.name(member.type)} ${snakeCase(member.name)}`;
          return [`${docComment(member.docs, '  ')}  ${field};\n`];
        });
        return `typedef struct {\n${fields.join('')}} ${name};\n`;
      }
    }
  }

  #constants(
    definition: Extract<WitDefinition, { kind: 'record' | 'variant' | 'enum' | 'flags' }>,
    name: string,
  ): string {
    const prefix = name.replace(/_tag$/, '').toUpperCase();
    const lines = definition.members.map((member, index) => {
      const constant = `${prefix}_${snakeCase(member.name).toUpperCase()}`;
      return `${docComment(member.docs, '  ')}  ${constant} = ${index},\n`;
    });
    return `enum {\n${lines.join('')}};\n`;
  }

  #flags(
    definition: Extract<WitDefinition, { kind: 'record' | 'variant' | 'enum' | 'flags' }>,
    name: string,
  ): string {
    const bits = layout({ kind: 'defined', definition }).size * 8;
    const lines = definition.members.map(
      (member, index) =>
        `  ${name.toUpperCase()}_${snakeCase(member.name).toUpperCase()} = 1 << ${index},\n`,
    );
    return `typedef uint${bits}_t ${name};\nenum {\n${lines.join('')}};\n`;
  }
}

/** Returns `airssys_gpio_digital`, `wasi_logging`. */
export function interfacePrefix(declared: WitInterface): string {
  return interfaceWords(declared, 'with-ours').map(snakeCase).join('_');
}

const PRIMITIVES = {
  bool: 'bool',
  u8: 'uint8_t',
  u16: 'uint16_t',
  u32: 'uint32_t',
  u64: 'uint64_t',
  s8: 'int8_t',
  s16: 'int16_t',
  s32: 'int32_t',
  s64: 'int64_t',
  f32: 'float',
  f64: 'double',
  char: 'uint32_t',
} as const;

function sizeAssertion(name: string, type: WitType): string {
  return `_Static_assert(sizeof(${name}) == ${layout(type).size}, "layout of ${name}");\n`;
}
