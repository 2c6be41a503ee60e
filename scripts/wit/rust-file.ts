import { codeName, functionName, isScalar, outcome } from './c-files.ts';
import { layout } from './c-layout.ts';
import { CTypes } from './c-types.ts';
import type {
  WitContract,
  WitDefinition,
  WitFunction,
  WitInterface,
  WitType,
  WitWorld,
} from './model.ts';
import { snakeCase } from './names.ts';

/**
 * Returns the Rust side of the C shim: the header's types with the header's layout, the imported
 * functions, and what an exported function must look like. Bindings, not a library: safe wrappers
 * are the author's.
 */
export function rustFile(contract: WitContract, world: WitWorld): string {
  const types = new RustTypes(contract);
  const pick = (names: readonly string[]): WitInterface[] =>
    names.flatMap(name => contract.interfaces.get(name) ?? []);
  const imports = pick(world.imports).map(each => importedFunctions(each, types));
  const exports = pick(world.exports).map(each => exportedFunctions(each, types));
  return [
    PRELUDE,
    types.declarations(),
    `extern "C" {\n${imports.join('')}}\n`,
    EXPORTS_DOCS,
    exports.join(''),
  ].join('\n');
}

function importedFunctions(declared: WitInterface, types: RustTypes): string {
  const drops = declared.definitions.filter(definition => definition.kind === 'resource');
  const lines = [
    ...declared.functions.map(each => {
      const params = each.params.map(({ name, type }) => `${ident(name)}: ${types.name(type)}`);
      return `${docs(each.docs, '    ')}    pub fn ${signature(declared, each, params, types)};\n`;
    }),
    ...drops.map(definition => {
      const name = types.name({ kind: 'own', definition });
      return `    /// Closes a ${definition.name}.\n    pub fn ${name}_drop(it: ${name});\n`;
    }),
  ];
  return lines.join('');
}

function exportedFunctions(declared: WitInterface, types: RustTypes): string {
  const lines = declared.functions.map(each => {
    const params = each.params.map(({ name, type }) => {
      const rust = types.name(type);
      return `${ident(name)}: ${isScalar(type) ? rust : `&${rust}`}`;
    });
    return `// pub extern "C" fn ${signature(declared, each, params, types)}\n`;
  });
  return lines.join('');
}

function signature(
  declared: WitInterface,
  each: WitFunction,
  params: readonly string[],
  types: RustTypes,
): string {
  const result = outcome(each);
  const all = [...params];
  let returns = '';
  if (result.kind === 'result') {
    if (result.ok !== null) all.push(`value: *mut ${types.name(result.ok)}`);
    all.push(`error: *mut ${types.name(result.err)}`);
    returns = ` -> ${codeName(declared)}`;
    types.code(codeName(declared));
  } else if (result.kind === 'value' && isScalar(result.type)) {
    returns = ` -> ${types.name(result.type)}`;
  } else if (result.kind === 'value') {
    all.push(`value: *mut ${types.name(result.type)}`);
  }
  return `${functionName(declared, each)}(${all.join(', ')})${returns}`;
}

/** Rust declarations under the names that the C header has. */
class RustTypes {
  readonly #c: CTypes;
  readonly #declared = new Map<string, string>();

  constructor(contract: WitContract) {
    this.#c = new CTypes(contract);
  }

  declarations(): string {
    return [...this.#declared.values()].join('\n');
  }

  /** Declares the type of an interface's answers. */
  code(name: string): void {
    this.#declared.set(name, `/// 0, or 1 + the error's tag.\npub type ${name} = i32;\n`);
  }

  /** Returns the Rust type of a value and declares it. */
  name(type: WitType): string {
    const name = this.#c.name(type);
    const primitive = PRIMITIVES.get(name);
    if (primitive !== undefined) return primitive;
    if (this.#declared.has(name) || PREDECLARED.has(name)) return name;
    // Inner types come first, so the body is worked out before the entry is made.
    const text = this.#body(type, name);
    this.#declared.set(name, text);
    return name;
  }

  #body(type: WitType, name: string): string {
    switch (type.kind) {
      case 'list':
        return struct(
          name,
          [`    pub ptr: *const ${this.name(type.of)},\n    pub len: usize,\n`],
          type,
        );
      case 'option':
        return struct(
          name,
          [`    pub is_some: bool,\n    pub value: ${this.name(type.of)},\n`],
          type,
        );
      case 'tuple':
        return struct(
          name,
          type.of.map((item, index) => `    pub f${index}: ${this.name(item)},\n`),
          type,
        );
      case 'own':
      case 'borrow':
        return `${docs(type.definition.docs, '')}pub type ${name} = i32;\n`;
      case 'defined':
        return `${docs(type.definition.docs, '')}${this.#defined(type.definition, name, type)}`;
      default:
        return '';
    }
  }

  #defined(definition: WitDefinition, name: string, type: WitType): string {
    switch (definition.kind) {
      case 'alias':
        return `pub type ${name} = ${this.name(definition.type)};\n`;
      case 'resource':
        return `pub type ${name} = i32;\n`;
      case 'enum':
        return `pub type ${name} = u8;\n${constants(definition.members, name, index => index)}`;
      case 'flags': {
        const bits = layout(type).size * 8;
        const values = constants(definition.members, name, index => 2 ** index);
        return `pub type ${name} = u${bits};\n${values}`;
      }
      case 'record':
        return struct(
          name,
          definition.members.flatMap(member =>
            member.type === null
              ? []
              : [
                  docs(member.docs, '    '),
                  `    pub ${ident(member.name)}: ${this.name(member.type)},\n`,
                ],
          ),
          type,
        );
      default:
        return this.#variant(definition, name, type);
    }
  }

  #variant(
    definition: Extract<WitDefinition, { kind: 'record' | 'variant' | 'enum' | 'flags' }>,
    name: string,
    type: WitType,
  ): string {
    const cases = definition.members.flatMap(member =>
      member.type === null ? [] : [`    pub ${ident(member.name)}: ${this.name(member.type)},\n`],
    );
    const fields = ['    pub tag: u8,\n'];
    let union = '';
    if (cases.length > 0) {
      fields.push(`    pub val: ${name}_val,\n`);
      union = `#[repr(C)]\n#[derive(Clone, Copy)]\npub union ${name}_val {\n${cases.join('')}}\n`;
    }
    const tags = constants(definition.members, name, index => index);
    return `${struct(name, fields, type)}${union}${tags}`;
  }
}

function struct(name: string, fields: readonly string[], type: WitType): string {
  const head = `#[repr(C)]\n#[derive(Clone, Copy)]\npub struct ${name} {\n${fields.join('')}}\n`;
  const { size } = layout(type);
  return `${head}const _: () = assert!(core::mem::size_of::<${name}>() == ${size});\n`;
}

function constants(
  members: readonly { readonly name: string; readonly docs: string }[],
  name: string,
  value: (index: number) => number,
): string {
  return members
    .map((member, index) => {
      const constant = `${name}_${snakeCase(member.name)}`.toUpperCase();
      return `${docs(member.docs, '')}pub const ${constant}: u8 = ${value(index)};\n`;
    })
    .join('');
}

function docs(text: string, indent: string): string {
  if (text === '') return '';
  return `${text
    .split('\n')
    .map(line => `${indent}/// ${line}`.trimEnd())
    .join('\n')}\n`;
}

function ident(name: string): string {
  // Rust reserves this word even as a raw name.
  if (name === 'self') return 'it';
  const rust = snakeCase(name);
  return KEYWORDS.has(rust) ? `r#${rust}` : rust;
}

const KEYWORDS: ReadonlySet<string> = new Set([
  'in',
  'type',
  'match',
  'move',
  'ref',
  'use',
  'loop',
]);
const PREDECLARED: ReadonlySet<string> = new Set(['airssys_string', 'airssys_bytes']);
const PRIMITIVES: ReadonlyMap<string, string> = new Map([
  ['bool', 'bool'],
  ['float', 'f32'],
  ['double', 'f64'],
  ...[8, 16, 32, 64].flatMap((bits): [string, string][] => [
    [`uint${bits}_t`, `u${bits}`],
    [`int${bits}_t`, `i${bits}`],
  ]),
]);

const PRELUDE = `// Generated by \`npm run generate\` from wit. Do not edit.
//
// The C header in Rust. Strings and lists that a handler receives live until it returns.
#![allow(non_camel_case_types, dead_code)]

/// UTF-8 text.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct airssys_string {
    pub ptr: *const u8,
    pub len: usize,
}

/// Bytes.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct airssys_bytes {
    pub ptr: *const u8,
    pub len: usize,
}

impl airssys_string {
    /// Borrows a text for a call.
    pub fn of(text: &str) -> Self {
        Self { ptr: text.as_ptr(), len: text.len() }
    }
    /// Keeps a text until the running handler has returned: for what it returns.
    pub fn kept(text: &str) -> Self {
        let to = unsafe { airssys_scratch(text.len()) };
        unsafe { core::ptr::copy_nonoverlapping(text.as_ptr(), to, text.len()) };
        Self { ptr: to, len: text.len() }
    }
    /// The text. The gateway gives valid UTF-8 only.
    pub fn as_str(&self) -> &str {
        unsafe { core::str::from_utf8_unchecked(slice_of(self.ptr, self.len)) }
    }
}

impl airssys_bytes {
    /// Borrows bytes for a call.
    pub fn of(bytes: &[u8]) -> Self {
        Self { ptr: bytes.as_ptr(), len: bytes.len() }
    }
    /// The bytes.
    pub fn as_slice(&self) -> &[u8] {
        unsafe { slice_of(self.ptr, self.len) }
    }
}

/// The items of a list. An empty list may have any pointer.
///
/// # Safety
/// \`ptr\` and \`len\` must come from the gateway, in the handler that runs.
pub unsafe fn slice_of<'a, T>(ptr: *const T, len: usize) -> &'a [T] {
    if len == 0 { &[] } else { core::slice::from_raw_parts(ptr, len) }
}

extern "C" {
    /// Returns \`count\` bytes that live until the running handler returns.
    pub fn airssys_scratch(count: usize) -> *mut u8;
}
`;

const EXPORTS_DOCS = `\
// What a controller may define, each with #[no_mangle]. An interface counts as exported when one of
// its functions is defined. A code of 0 means success; anything else after \`*error\` was set.
`;
