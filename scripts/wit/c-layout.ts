import { WitError } from './errors.ts';
import type { WitMember, WitType } from './model.ts';

/**
 * Sizes and flat forms of the canonical ABI (component-model `CanonicalABI.md`, "Alignment",
 * "Element Size", "Flattening"). C lays out our structs the same way, which the generated header
 * asserts; so a value in memory is lifted by a cast.
 */

/** A core WebAssembly type. */
export type FlatType = 'i32' | 'i64' | 'f32' | 'f64';

/** Flat values that a function passes without memory. */
export const FLAT_PARAMS_MAX = 16;

/** Returns bytes and alignment of a type in linear memory. */
export function layout(type: WitType): { readonly size: number; readonly align: number } {
  switch (type.kind) {
    case 'bool':
    case 'u8':
    case 's8':
      return { size: 1, align: 1 };
    case 'u16':
    case 's16':
      return { size: 2, align: 2 };
    case 'u64':
    case 's64':
    case 'f64':
      return { size: 8, align: 8 };
    case 'string':
    case 'list':
      return { size: 8, align: 4 };
    case 'tuple':
      return recordLayout(type.of);
    case 'option':
      return variantLayout(2, [type.of]);
    case 'result':
      return variantLayout(2, [type.ok, type.err]);
    case 'defined':
      return definedLayout(type);
    default:
      return { size: 4, align: 4 };
  }
}

/** Returns the core types that a value becomes when it is passed without memory. */
export function flatten(type: WitType): FlatType[] {
  switch (type.kind) {
    case 'u64':
    case 's64':
      return ['i64'];
    case 'f32':
      return ['f32'];
    case 'f64':
      return ['f64'];
    case 'string':
    case 'list':
      return ['i32', 'i32'];
    case 'tuple':
      return type.of.flatMap(flatten);
    case 'option':
      return ['i32', ...flatten(type.of)];
    case 'result':
      return ['i32', ...joined([type.ok, type.err])];
    case 'defined':
      return definedFlat(type);
    default:
      return ['i32'];
  }
}

type Defined = Extract<WitType, { kind: 'own' | 'borrow' | 'defined' }>;

function definedLayout({ definition }: Defined): { size: number; align: number } {
  switch (definition.kind) {
    case 'alias':
      return layout(definition.type);
    case 'record':
      return recordLayout(payloads(definition.members));
    case 'variant':
      return variantLayout(
        definition.members.length,
        definition.members.map(member => member.type),
      );
    case 'enum': {
      const size = tagBytes(definition.members.length);
      return { size, align: size };
    }
    case 'flags':
      return flagsLayout(definition.name, definition.members.length);
    default:
      return { size: 4, align: 4 };
  }
}

function definedFlat({ definition }: Defined): FlatType[] {
  switch (definition.kind) {
    case 'alias':
      return flatten(definition.type);
    case 'record':
      return payloads(definition.members).flatMap(flatten);
    case 'variant':
      return ['i32', ...joined(definition.members.map(member => member.type))];
    default:
      return ['i32'];
  }
}

function payloads(members: readonly WitMember[]): WitType[] {
  return members.flatMap(member => (member.type === null ? [] : [member.type]));
}

function recordLayout(fields: readonly WitType[]): { size: number; align: number } {
  let size = 0;
  let align = 1;
  for (const field of fields) {
    const inner = layout(field);
    size = aligned(size, inner.align) + inner.size;
    align = Math.max(align, inner.align);
  }
  return { size: aligned(size, align), align };
}

function variantLayout(
  caseCount: number,
  cases: readonly (WitType | null)[],
): { size: number; align: number } {
  const tag = tagBytes(caseCount);
  const inner = cases.flatMap(type => (type === null ? [] : [layout(type)]));
  const payloadAlign = Math.max(1, ...inner.map(each => each.align));
  const align = Math.max(tag, payloadAlign);
  const payload = Math.max(0, ...inner.map(each => each.size));
  return { size: aligned(aligned(tag, payloadAlign) + payload, align), align };
}

function flagsLayout(name: string, count: number): { size: number; align: number } {
  if (count > 32) throw new WitError('WIT_UNSUPPORTED', `flags ${name}: more than 32`);
  const size = count <= 8 ? 1 : count <= 16 ? 2 : 4;
  return { size, align: size };
}

/** A discriminant has one byte up to 256 cases, then two (we have no more). */
function tagBytes(caseCount: number): number {
  return caseCount <= 256 ? 1 : 2;
}

function aligned(size: number, align: number): number {
  return Math.ceil(size / align) * align;
}

/** Flat forms of cases laid over each other: equal types stay, else the wider integer. */
function joined(cases: readonly (WitType | null)[]): FlatType[] {
  const flat: FlatType[] = [];
  for (const type of cases) {
    if (type === null) continue;
    for (const [index, core] of flatten(type).entries()) {
      const present = flat[index];
      flat[index] = present === undefined || present === core ? core : join(present, core);
    }
  }
  return flat;
}

function join(a: FlatType, b: FlatType): FlatType {
  const narrow = (core: FlatType): boolean => core === 'i32' || core === 'f32';
  return narrow(a) && narrow(b) ? 'i32' : 'i64';
}
