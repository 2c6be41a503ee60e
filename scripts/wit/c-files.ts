import { FLAT_PARAMS_MAX, type FlatType, flatten } from './c-layout.ts';
import { HEADER_END, HEADER_START, SHIM_START } from './c-preludes.ts';
import { CTypes, interfacePrefix } from './c-types.ts';
import { WitError } from './errors.ts';
import {
  type WitContract,
  type WitDefinition,
  type WitFunction,
  type WitInterface,
  type WitType,
  type WitWorld,
  withoutAliases,
} from './model.ts';
import { docComment, snakeCase } from './names.ts';

/** The two C files of a world, by file name. */
export interface CFiles {
  readonly header: string;
  readonly shim: string;
}

/**
 * Returns C header and ABI shim of a world: no libc, no allocator. An author defines the exported
 * functions; the build defines `AIRSSYS_HANDLES_<INTERFACE>` for each exported interface.
 */
export function cFiles(contract: WitContract, world: WitWorld): CFiles {
  const types = new CTypes(contract);
  const pick = (names: readonly string[]): WitInterface[] =>
    names.flatMap(name => contract.interfaces.get(name) ?? []);
  const imports = pick(world.imports).map(each => importedInterface(each, types));
  const exports = pick(world.exports).map(each => exportedInterface(each, types));
  const header = [
    HEADER_START,
    types.declarations(),
    ...imports.map(each => each.header),
    ...exports.map(each => each.header),
    HEADER_END,
  ].join('\n');
  const shim = [SHIM_START, ...imports.map(each => each.shim), ...exports.map(each => each.shim)];
  return { header, shim: shim.join('\n') };
}

/** Returns the macro that switches an exported interface's shim on. */
export function handlesMacro(declared: WitInterface): string {
  return `AIRSSYS_HANDLES_${interfacePrefix(declared)
    .replace(/^airssys_/, '')
    .toUpperCase()}`;
}

/** Returns the C name of a function: `airssys_gpio_digital_write`, `..._bucket_get`. */
export function functionName(declared: WitInterface, each: WitFunction): string {
  const resource = each.resource === null ? '' : `${snakeCase(each.resource)}_`;
  return `${interfacePrefix(declared)}_${resource}${snakeCase(each.label)}`;
}

function importedInterface(declared: WitInterface, types: CTypes): CFiles {
  const drops = declared.definitions.filter(definition => definition.kind === 'resource');
  const header = [
    sectionComment(declared),
    ...declared.functions.map(each => {
      const codes = errorCodes(declared, each);
      return `${codes}${functionDocs(each)}${importSignature(declared, each, types)};\n`;
    }),
    ...drops.map(definition => {
      const name = types.name({ kind: 'own', definition });
      return `/** Closes a ${definition.name}. */\nvoid ${name}_drop(${name} self);\n`;
    }),
  ];
  const shim = [
    ...declared.functions.map(each => importShim(declared, each, types)),
    ...drops.map(definition => dropShim(declared, definition, types)),
  ];
  return { header: unique(header).join('\n'), shim: shim.join('\n') };
}

function exportedInterface(declared: WitInterface, types: CTypes): CFiles {
  const macro = handlesMacro(declared);
  const header = [
    `${sectionComment(declared)}/* Switched on by ${macro}. */\n`,
    ...declared.functions.map(
      each => `${exportDocs(each)}${exportSignature(declared, each, types)};\n`,
    ),
  ];
  const shim = declared.functions.map(each => exportShim(declared, each, types));
  return {
    header: header.join('\n'),
    shim: `#ifdef ${macro}\n${shim.join('\n')}#endif\n`,
  };
}

/** A function's result as C sees it. */
export type Outcome =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'value'; readonly type: WitType }
  | { readonly kind: 'result'; readonly ok: WitType | null; readonly err: WitType };

/** Returns a function's result as C sees it. */
export function outcome(each: WitFunction): Outcome {
  if (each.result === null) return { kind: 'nothing' };
  if (each.result.kind !== 'result') return { kind: 'value', type: each.result };
  const { ok, err } = each.result;
  if (err === null) throw new WitError('WIT_UNSUPPORTED', `C: ${each.name} has no error type`);
  return { kind: 'result', ok, err };
}

/** A value that C returns directly; anything wider goes through an out parameter. */
export function isScalar(type: WitType): boolean {
  const plain = withoutAliases(type);
  if (plain.kind === 'defined') {
    return plain.definition.kind === 'enum' || plain.definition.kind === 'flags';
  }
  return !['string', 'list', 'tuple', 'option', 'result'].includes(plain.kind);
}

function errorCodes(declared: WitInterface, each: WitFunction): string {
  const result = outcome(each);
  if (result.kind !== 'result') return '';
  return `/** 0, or 1 + the error's tag. */\ntypedef int ${codeName(declared)};\n`;
}

/** Returns the C name of what a fallible function of an interface answers. */
export function codeName(declared: WitInterface): string {
  return `${interfacePrefix(declared)}_code`;
}

function functionDocs(each: WitFunction): string {
  const result = outcome(each);
  const nullable =
    result.kind === 'result' && result.ok !== null ? '`value` and `error`' : '`error`';
  const added =
    result.kind === 'result' ? `\nReturns 0, or 1 + the error's tag; ${nullable} may be NULL.` : '';
  return docComment(`${each.docs}${added}`.trim(), '');
}

function exportDocs(each: WitFunction): string {
  const returns =
    outcome(each).kind === 'result' ? '\nReturn 0, or anything else after `error` was set.' : '';
  return docComment(`${each.docs}${returns}`.trim(), '');
}

function importSignature(declared: WitInterface, each: WitFunction, types: CTypes): string {
  const params = each.params.map(({ name, type }) => `${types.name(type)} ${snakeCase(name)}`);
  const result = outcome(each);
  const name = functionName(declared, each);
  if (result.kind === 'result') {
    if (result.ok !== null) params.push(`${types.name(result.ok)} *value`);
    params.push(`${types.name(result.err)} *error`);
    return `${codeName(declared)} ${name}(${params.join(', ')})`;
  }
  if (result.kind === 'value' && isScalar(result.type)) {
    return `${types.name(result.type)} ${name}(${params.join(', ') || 'void'})`;
  }
  if (result.kind === 'value') params.push(`${types.name(result.type)} *value`);
  return `void ${name}(${params.join(', ') || 'void'})`;
}

function importShim(declared: WitInterface, each: WitFunction, types: CTypes): string {
  const raw = `raw_${functionName(declared, each)}`;
  const flatParams = each.params.flatMap(param => flatten(param.type));
  const flatResults = each.result === null ? [] : flatten(each.result);
  if (flatParams.length > FLAT_PARAMS_MAX) {
    throw new WitError('WIT_UNSUPPORTED', `C: ${each.name} has too many parameters`);
  }
  const viaMemory = flatResults.length > 1;
  const coreParams = [...flatParams.map(coreType), ...(viaMemory ? ['void *'] : [])];
  const coreResult = viaMemory || flatResults[0] === undefined ? 'void' : coreType(flatResults[0]);
  const attribute = `import_module("${declared.name}"), import_name("${each.name}")`;
  const args = each.params.flatMap(param => lowered(param.type, snakeCase(param.name)));
  return `__attribute__((${attribute}))
extern ${coreResult} ${raw}(${coreParams.join(', ') || 'void'});
${importSignature(declared, each, types)} {
${importBody(each, types, raw, args, viaMemory)}}
`;
}

function importBody(
  each: WitFunction,
  types: CTypes,
  raw: string,
  args: readonly string[],
  viaMemory: boolean,
): string {
  const result = outcome(each);
  if (result.kind === 'nothing') return `  ${raw}(${args.join(', ')});\n`;
  if (result.kind === 'value') {
    if (viaMemory) return `  ${raw}(${[...args, 'value'].join(', ')});\n`;
    const call = `${raw}(${args.join(', ')})`;
    const isBool = withoutAliases(result.type).kind === 'bool';
    const cast = isBool ? `${call} != 0` : `(${types.name(result.type)})${call}`;
    return isScalar(result.type) ? `  return ${cast};\n` : `  *value = ${cast};\n`;
  }
  if (!viaMemory) throw new WitError('WIT_UNSUPPORTED', `C: ${each.name} returns a flat result`);
  const ok = result.ok === null ? '' : `      ${types.name(result.ok)} ok;\n`;
  const code = isVariant(result.err) ? 'ret.val.err.tag + 1' : '1';
  const union = `  union {\n${ok}      ${types.name(result.err)} err;\n    } val;\n`;
  return `  struct {
    uint8_t is_err;
  ${union}  } ret;
  ${raw}(${[...args, '&ret'].join(', ')});
  if (ret.is_err) {
    if (error) *error = ret.val.err;
    return ${code};
  }
${result.ok === null ? '' : '  if (value) *value = ret.val.ok;\n'}  return 0;
`;
}

function isVariant(type: WitType): boolean {
  const plain = withoutAliases(type);
  return plain.kind === 'defined' && plain.definition.kind === 'variant';
}

function dropShim(declared: WitInterface, definition: WitDefinition, types: CTypes): string {
  const name = types.name({ kind: 'own', definition });
  const module = `import_module("${declared.name}")`;
  const drop = `import_name("[resource-drop]${definition.name}")`;
  return `__attribute__((${module}, ${drop}))
extern void raw_${name}_drop(int32_t);
void ${name}_drop(${name} self) { raw_${name}_drop(self); }
`;
}

function exportSignature(declared: WitInterface, each: WitFunction, types: CTypes): string {
  const params = each.params.map(({ name, type }) =>
    isScalar(type)
      ? `${types.name(type)} ${snakeCase(name)}`
      : `const ${types.name(type)} *${snakeCase(name)}`,
  );
  const result = outcome(each);
  const name = functionName(declared, each);
  if (result.kind === 'nothing') return `void ${name}(${params.join(', ') || 'void'})`;
  if (result.kind === 'value') {
    if (isScalar(result.type)) return `${types.name(result.type)} ${name}(${params.join(', ')})`;
    params.push(`${types.name(result.type)} *value`);
    return `void ${name}(${params.join(', ')})`;
  }
  if (result.ok !== null) params.push(`${types.name(result.ok)} *value`);
  params.push(`${types.name(result.err)} *error`);
  return `int ${name}(${params.join(', ')})`;
}

function exportShim(declared: WitInterface, each: WitFunction, types: CTypes): string {
  const flat = each.params.flatMap(param => flatten(param.type));
  if (flat.length > FLAT_PARAMS_MAX) {
    throw new WitError('WIT_UNSUPPORTED', `C: ${each.name} has too many parameters`);
  }
  const names = flat.map((core, index) => ({ core, name: `a${index}` }));
  const params = names.map(({ core, name }) => `${coreType(core)} ${name}`).join(', ') || 'void';
  const queue = [...names];
  const locals = each.params.map(param => {
    const lines: string[] = [];
    lift(param.type, `v_${snakeCase(param.name)}`, queue, lines, types);
    return `  ${types.name(param.type)} v_${snakeCase(param.name)};\n${lines.join('')}`;
  });
  const args = each.params.map(({ name, type }) =>
    isScalar(type) ? `v_${snakeCase(name)}` : `&v_${snakeCase(name)}`,
  );
  const attribute = `__attribute__((export_name("${declared.name}#${each.name}")))`;
  const name = functionName(declared, each);
  const body = exportBody(each, types, name, args);
  const post = `__attribute__((export_name("cabi_post_${declared.name}#${each.name}")))\n`;
  const postFunction = body.viaMemory
    ? `${post}void post_${name}(void *ret) {\n  (void)ret;\n  arena_reset();\n}\n`
    : '';
  return `${attribute}
${body.returns} export_${name}(${params}) {
${locals.join('')}${body.text}}
${postFunction}`;
}

function exportBody(
  each: WitFunction,
  types: CTypes,
  name: string,
  args: readonly string[],
): { returns: string; text: string; viaMemory: boolean } {
  const result = outcome(each);
  if (result.kind === 'nothing') {
    const text = `  ${name}(${args.join(', ')});\n  arena_reset();\n`;
    return { returns: 'void', text, viaMemory: false };
  }
  if (result.kind === 'value' && isScalar(result.type)) {
    const core = coreType(flatten(result.type)[0] ?? 'i32');
    const call = `(${core})${name}(${args.join(', ')})`;
    const text = `  ${core} ret = ${call};\n  arena_reset();\n  return ret;\n`;
    return { returns: core, text, viaMemory: false };
  }
  if (result.kind === 'value') {
    const type = types.name(result.type);
    const call = `${name}(${[...args, '&ret'].join(', ')})`;
    const text = `  static ${type} ret;\n  ret = (${type}){0};\n  ${call};\n  return &ret;\n`;
    return { returns: 'void *', text, viaMemory: true };
  }
  const ok = result.ok === null ? '' : `      ${types.name(result.ok)} ok;\n`;
  const okOut = result.ok === null ? [] : ['&ok'];
  const okLocal = result.ok === null ? '' : `  ${types.name(result.ok)} ok = {0};\n`;
  const okStore = result.ok === null ? '' : '  if (!ret.is_err) ret.val.ok = ok;\n';
  const text = `  static struct {
    uint8_t is_err;
    union {
${ok}      ${types.name(result.err)} err;
    } val;
  } ret;
  ${types.name(result.err)} error = {0};
${okLocal}  ret.is_err = ${name}(${[...args, ...okOut, '&error'].join(', ')}) != 0;
  if (ret.is_err) ret.val.err = error;
${okStore}  return &ret;
`;
  return { returns: 'void *', text, viaMemory: true };
}

/** C expressions for the flat values of a parameter. */
function lowered(type: WitType, value: string): string[] {
  const plain = withoutAliases(type);
  switch (plain.kind) {
    case 'string':
    case 'list':
      return [`(int32_t)${value}.ptr`, `(int32_t)${value}.len`];
    case 'tuple':
      return plain.of.flatMap((item, index) => lowered(item, `${value}.f${index}`));
    case 'option':
      return [
        `${value}.is_some`,
        ...lowered(plain.of, `${value}.value`).map(inner => `${value}.is_some ? ${inner} : 0`),
      ];
    case 'result':
      throw new WitError('WIT_UNSUPPORTED', 'C: a result as a parameter');
    case 'defined':
      if (plain.definition.kind === 'record') {
        return plain.definition.members.flatMap(member =>
          member.type === null ? [] : lowered(member.type, `${value}.${snakeCase(member.name)}`),
        );
      }
      if (plain.definition.kind === 'variant') {
        throw new WitError('WIT_UNSUPPORTED', 'C: a variant as a parameter');
      }
      return [value];
    default:
      return [value];
  }
}

/** Appends C statements that build `target` from the next flat values. */
function lift(
  type: WitType,
  target: string,
  queue: { readonly core: FlatType; readonly name: string }[],
  lines: string[],
  types: CTypes,
): void {
  const plain = withoutAliases(type);
  const take = (): string => queue.shift()?.name ?? '0';
  const isRecord = plain.kind === 'defined' && plain.definition.kind === 'record';
  if (plain.kind === 'string' || plain.kind === 'list') {
    lines.push(
      `  ${target}.ptr = (const void *)${take()};\n  ${target}.len = (size_t)${take()};\n`,
    );
  } else if (plain.kind === 'option') {
    lines.push(`  ${target}.is_some = ${take()} != 0;\n`);
    lift(plain.of, `${target}.value`, queue, lines, types);
  } else if (plain.kind === 'tuple') {
    for (const [index, item] of plain.of.entries()) {
      lift(item, `${target}.f${index}`, queue, lines, types);
    }
  } else if (isRecord && plain.definition.kind === 'record') {
    for (const member of plain.definition.members) {
      if (member.type === null) continue;
      lift(member.type, `${target}.${snakeCase(member.name)}`, queue, lines, types);
    }
  } else if (plain.kind === 'bool') lines.push(`  ${target} = ${take()} != 0;\n`);
  else if (isScalar(plain)) lines.push(`  ${target} = (${types.name(type)})${take()};\n`);
  else throw new WitError('WIT_UNSUPPORTED', 'C: a variant as a parameter of an export');
}

function coreType(core: FlatType): string {
  return { i32: 'int32_t', i64: 'int64_t', f32: 'float', f64: 'double' }[core];
}

function sectionComment(declared: WitInterface): string {
  return docComment(`${declared.docs}\n\n${declared.name}`, '');
}

/** Leaves out repeated typedefs of one interface's error code. */
function unique(blocks: readonly string[]): string[] {
  const seen = new Set<string>();
  return blocks.map(block => {
    const match = /^\/\*\* 0, or 1 \+[^\n]*\ntypedef int (\w+);\n/.exec(block);
    if (match === null) return block;
    const repeated = seen.has(match[0]);
    seen.add(match[0]);
    return repeated ? block.slice(match[0].length) : block;
  });
}
