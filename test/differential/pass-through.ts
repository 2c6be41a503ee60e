/**
 * Components that hand every value from their caller to the host and back, made of nothing but the
 * canonical ABI: what differs between two hosts that run one differs in their linkers.
 */
import type { ValueType } from '../../runtime/base/value-type.ts';

/** What jco takes; it fails on latin1+utf16. */
export const ENCODINGS = ['utf8', 'utf16'] as const;

/** A function `f` that calls its import `h` with what it was given and returns the answer. */
export interface PassThrough {
  readonly type: ValueType;
  /** The value takes so many parameters more along; 17 push it into memory. */
  readonly pads: number;
}

type Core = 'i32' | 'i64' | 'f32' | 'f64';

/** Limits of flat parameters and results (`CanonicalABI.md`, "Flattening"). */
const FLAT_PARAMS_MAX = 16;
const FLAT_RESULTS_MAX = 1;
const RESULT_AT = 1_024;

/**
 * Returns the text of a component with a function `f0`, `f1`, ... for each entry. Its result is the
 * value and, in a tuple, its own number: a function's plain `result` would become an exception.
 */
export function passThroughText(
  functions: readonly PassThrough[],
  encoding: (typeof ENCODINGS)[number],
): string {
  const lines: string[] = [];
  const refs = functions.map(({ type }) => define(type, lines));
  const each = (text: (one: PassThrough, at: number) => string): string =>
    functions.map(text).join('\n');
  const signature = ({ pads }: PassThrough, at: number): string =>
    `(param "v" ${refs[at]}) ${pads > 0 ? `(param "pad" $pad${pads})` : ''} (result $r${at})`;
  const pads = [...new Set(functions.map(one => one.pads))].filter(count => count > 0);
  const options = `(memory $memory) (realloc $realloc) string-encoding=${encoding}`;
  return `(component
    ${pads.map(count => `(type $pad${count} (tuple ${'u32 '.repeat(count)}))`).join('\n')}
    ${lines.join('\n')}
    ${each(({ type }, at) => `(type $r${at} ${resultText(type, refs[at] ?? '')})`)}
    ${each((one, at) => `(import "h${at}" (func $h${at} ${signature(one, at)}))`)}
    ${MEMORY}
    ${each((_, at) => `(core func $c${at} (canon lower (func $h${at}) ${options}))`)}
    (core module $m
      (import "" "reset" (func $reset))
      ${each(importText)}
      ${each(functionText)})
    (core instance $m (instantiate $m (with "" (instance
      (export "reset" (func $reset))
      ${each((_, at) => `(export "h${at}" (func $c${at}))`)}))))
    ${each(
      (one, at) =>
        `(func (export "f${at}") ${signature(one, at)}
          (canon lift (core func $m "f${at}") (post-return (core func $m "p${at}")) ${options}))`,
    )})`;
}

/** Whether a function returns its value in a tuple with its own number. */
export function returnsTuple(type: ValueType): boolean {
  return type.kind === 'result';
}

function resultText(type: ValueType, ref: string): string {
  return returnsTuple(type) ? `(tuple ${ref} u32)` : `(tuple ${ref})`;
}

/** Nothing lives longer than one call: what runs after each begins again at the start. */
const MEMORY = `(core module $l (memory (export "memory") 64)
  (global $next (mut i32) (i32.const 65536))
  (func (export "reset") (global.set $next (i32.const 65536)))
  (func (export "realloc") (param i32 i32 i32 i32) (result i32) (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $next) (i32.const 15)) (i32.const -16)))
    (global.set $next (i32.add (local.get $at) (local.get 3)))
    (local.get 0) (if (then
      (memory.copy (local.get $at) (local.get 0) (local.get 1))))
    (local.get $at)))
  (core instance $l (instantiate $l))
  (alias core export $l "memory" (core memory $memory))
  (alias core export $l "realloc" (core func $realloc))
  (alias core export $l "reset" (core func $reset))`;

/** The core signature, and whether the result goes through memory. */
function coreOf({ type, pads }: PassThrough): { params: Core[]; result: Core | null } {
  const flat = [...flatten(type), ...Array.from({ length: pads }, (): Core => 'i32')];
  const results = [...flatten(type), ...(returnsTuple(type) ? (['i32'] as const) : [])];
  return {
    params: flat.length > FLAT_PARAMS_MAX ? ['i32'] : flat,
    result: results.length > FLAT_RESULTS_MAX ? null : (results[0] ?? null),
  };
}

function importText(one: PassThrough, at: number): string {
  const { params, result } = coreOf(one);
  const [last, back] = result === null ? [' i32', ''] : ['', `(result ${result})`];
  return `(import "" "h${at}" (func $h${at} (param ${params.join(' ')}${last}) ${back}))`;
}

function functionText(one: PassThrough, at: number): string {
  const { params, result } = coreOf(one);
  const after = `(func (export "p${at}") (param ${result ?? 'i32'}) (call $reset))`;
  const head = `${after} (func (export "f${at}") (param ${params.join(' ')})`;
  const given = params.map((_, index) => `(local.get ${index})`).join(' ');
  if (result !== null) return `${head} (result ${result}) (call $h${at} ${given}))`;
  const place = `(i32.const ${RESULT_AT})`;
  return `${head} (result i32) (call $h${at} ${given} ${place}) ${place})`;
}

/** The core types of a value's flat form (`CanonicalABI.md`, "Flattening"). */
function flatten(type: ValueType | null): Core[] {
  switch (type?.kind) {
    case undefined:
      return [];
    case 'u64':
    case 's64':
      return ['i64'];
    case 'f32':
    case 'f64':
      return [type.kind];
    case 'string':
    case 'list':
      return ['i32', 'i32'];
    case 'record':
      return type.fields.flatMap(field => flatten(field.type));
    case 'tuple':
      return type.items.flatMap(flatten);
    case 'variant':
      return ['i32', ...join(type.cases.map(each => flatten(each.type)))];
    case 'option':
      return ['i32', ...flatten(type.value)];
    case 'result':
      return ['i32', ...join([flatten(type.ok), flatten(type.err)])];
    default:
      return ['i32'];
  }
}

function join(cases: readonly (readonly Core[])[]): Core[] {
  const joined: Core[] = [];
  for (const flat of cases) {
    for (const [at, type] of flat.entries()) {
      const before = joined[at];
      if (before === undefined || before === type) joined[at] = type;
      else
        joined[at] =
          ['i32', 'f32'].includes(before) && ['i32', 'f32'].includes(type) ? 'i32' : 'i64';
    }
  }
  return joined;
}

/** Writes type definitions for `type` to `lines`; returns how to refer to it. */
function define(type: ValueType, lines: string[]): string {
  const text = definition(type, inner => define(inner, lines));
  if (text === null) return type.kind;
  const plain = `$t${lines.length}`;
  lines.push(`(type ${plain} ${text})`);
  if (!['record', 'variant', 'enum', 'flags'].includes(type.kind)) return plain;
  // Named types must be exported before a function may mention them.
  const named = `$n${lines.length}`;
  lines.push(`(import "type-n${lines.length}" (type ${named} (eq ${plain})))`);
  return named;
}

/** Returns null for a primitive, which needs no definition. */
function definition(type: ValueType, refer: (inner: ValueType) => string): string | null {
  const optional = (inner: ValueType | null): string => (inner === null ? '' : refer(inner));
  switch (type.kind) {
    case 'list':
      return `(list ${refer(type.element)})`;
    case 'record':
      return `(record ${type.fields.map(f => `(field "${f.name}" ${refer(f.type)})`).join(' ')})`;
    case 'tuple':
      return `(tuple ${type.items.map(refer).join(' ')})`;
    case 'variant':
      return `(variant ${type.cases.map(c => `(case "${c.name}" ${optional(c.type)})`).join(' ')})`;
    case 'enum':
    case 'flags':
      return `(${type.kind} ${type.names.map(name => `"${name}"`).join(' ')})`;
    case 'option':
      return `(option ${refer(type.value)})`;
    case 'result': {
      const error = type.err === null ? '' : `(error ${refer(type.err)})`;
      return `(result ${optional(type.ok)} ${error})`;
    }
    default:
      return null;
  }
}
