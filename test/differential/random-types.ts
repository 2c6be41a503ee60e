/**
 * Random component-level types and values of them, repeatable from a seed: what the linker and jco
 * have to agree about.
 */
import { camelCase, type ValueType } from '../../runtime/base/value-type.ts';

/** A whole number from 0 to below its argument. */
export type Random = (below: number) => number;

const NUMBERS = ['u8', 's8', 'u16', 's16', 'u32', 's32', 'f32', 'f64'] as const;
const OTHERS = ['bool', 'char', 'u64', 's64'] as const;
/** So many names need a discriminant of two bytes. */
const WIDE_ENUM_NAMES = 260;
const FLAGS_MAX = 32;
const PARTS_MAX = 4;
const LIST_MAX = 4;
const LONG_LIST_MAX = 70;
const STRING_CHARS_MAX = 90;
const BIG = 2n ** 64n;

/** Edges of each range of code points, and of each encoding's lengths. */
const CHARS = [0, 0x41, 0x7f, 0x80, 0xe9, 0xff, 0x100, 0x7ff, 0x800, 0xd7ff, 0xe000, 0xfffd].concat(
  [0xffff, 0x1_0000, 0x1_f600, 0x10_ffff],
);

/** Returns a random type, at most `depth` levels above its leaves. */
export function randomType(random: Random, depth: number): ValueType {
  const inner = (): ValueType => randomType(random, depth - 1);
  const names = partNames(1 + random(PARTS_MAX));
  switch (random(depth === 0 ? 4 : 11)) {
    case 0:
    case 1:
      return { kind: NUMBERS[random(NUMBERS.length)] ?? 'u8' };
    case 2:
      return { kind: OTHERS[random(OTHERS.length)] ?? 'bool' };
    case 3:
      return { kind: 'string' };
    case 4:
      return { kind: 'list', element: inner() };
    case 5:
      return { kind: 'record', fields: names.map(name => ({ name, type: inner() })) };
    case 6:
      return { kind: 'tuple', items: names.map(inner) };
    case 7:
      return {
        kind: 'variant',
        cases: names.map(name => ({ name, type: random(3) === 0 ? null : inner() })),
      };
    case 8:
      if (random(2) === 0) return { kind: 'flags', names: partNames(1 + random(FLAGS_MAX)) };
      return { kind: 'enum', names: random(5) === 0 ? partNames(WIDE_ENUM_NAMES) : names };
    case 9:
      return { kind: 'option', value: inner() };
    default:
      return { kind: 'result', ok: random(3) === 0 ? null : inner(), err: inner() };
  }
}

function partNames(count: number): string[] {
  return Array.from({ length: count }, (_, at) => `part-p${at}`);
}

/** Returns a random value of a type, in the form that the project gives it in JavaScript. */
export function randomValue(type: ValueType, random: Random): unknown {
  const sub = (inner: ValueType): unknown => randomValue(inner, random);
  switch (type.kind) {
    case 'list': {
      const isFlat = !('element' in type.element) && random(8) === 0;
      const length = isFlat ? random(LONG_LIST_MAX) : random(LIST_MAX);
      if (type.element.kind === 'u8') return new Uint8Array(length).map(() => random(256));
      return Array.from({ length }, () => sub(type.element));
    }
    case 'record':
      return Object.fromEntries(type.fields.map(f => [camelCase(f.name), sub(f.type)]));
    case 'tuple':
      return type.items.map(sub);
    case 'variant': {
      const { name, type: payload } = type.cases[random(type.cases.length)] ?? {};
      return payload ? { tag: name, val: sub(payload) } : { tag: name };
    }
    case 'enum':
      return type.names[random(type.names.length)];
    case 'flags':
      return Object.fromEntries(type.names.map(name => [camelCase(name), random(2) === 1]));
    case 'option': {
      const some = random(2) === 1;
      if (type.value.kind !== 'option') return some ? sub(type.value) : undefined;
      return some ? { tag: 'some', val: sub(type.value) } : { tag: 'none' };
    }
    case 'result': {
      const [tag, payload] = random(2) === 0 ? ['ok', type.ok] : ['err', type.err];
      return { tag, val: payload && typeof payload === 'object' ? sub(payload) : undefined };
    }
    case 'own':
    case 'borrow':
      throw new Error('no random type holds a resource');
    default:
      return randomPrimitive(type.kind, random);
  }
}

function randomPrimitive(kind: string, random: Random): unknown {
  switch (kind) {
    case 'bool':
      return random(2) === 1;
    case 'u64':
      return BigInt.asUintN(64, randomBig(random));
    case 's64':
      return BigInt.asIntN(64, randomBig(random));
    case 'f32':
      return Math.fround(randomFloat(random));
    case 'f64':
      return randomFloat(random);
    case 'char':
      return randomChar(random);
    case 'string':
      return randomString(random);
    default:
      return randomInteger(kind, random);
  }
}

function randomInteger(kind: string, random: Random): number {
  const bits = Number(kind.slice(1));
  const span = 2 ** bits;
  const raw = [0, 1, span - 1, span / 2, span / 2 - 1, random(65_536) * 65_536 + random(65_536)];
  const value = (raw[random(raw.length)] ?? 0) % span;
  return kind.startsWith('s') && value >= span / 2 ? value - span : value;
}

function randomBig(random: Random): bigint {
  const part = (): bigint => BigInt(random(65_536));
  const edges = [0n, 1n, BIG - 1n, BIG / 2n, BIG / 2n - 1n];
  return (
    edges[random(edges.length + 3)] ??
    (((part() << 16n) | part()) << 32n) | (part() << 16n) | part()
  );
}

/** Any bits at all, so that what is too small, infinite or no number comes too. */
function randomFloat(random: Random): number {
  const edges = [0, -0, 0.1, -1.5, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN];
  const edge = edges[random(edges.length + 3)];
  if (edge !== undefined) return edge;
  const bits = new DataView(new ArrayBuffer(8));
  for (let at = 0; at < 8; at += 2) bits.setUint16(at, random(65_536));
  return random(2) === 0 ? bits.getFloat64(0) : bits.getFloat32(0);
}

function randomChar(random: Random): string {
  return String.fromCodePoint(CHARS[random(CHARS.length)] ?? 0);
}

function randomString(random: Random): string {
  const length = random(STRING_CHARS_MAX) >> random(5);
  switch (random(3)) {
    case 0:
      return 'x'.repeat(length);
    case 1:
      return Array.from({ length }, () => String.fromCharCode(random(256))).join('');
    default:
      return Array.from({ length }, () => randomChar(random)).join('');
  }
}
