import { camelCase, type ValueType } from '../../../runtime/base/value-type.ts';

/** A repeatable source of numbers. */
export interface SeededRandom {
  /** Returns an integer from 0 to `limit` - 1. */
  below(limit: number): number;
}

/** Returns a source that gives the same numbers for the same seed (xorshift32). */
export function seededRandom(seed: number): SeededRandom {
  let state = seed >>> 0 || 1;
  return {
    below: limit => {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      return (state >>> 0) % limit;
    },
  };
}

const PRIMITIVES = [
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
] as const;
const TEXTS = ['', 'a', 'meter-1', 'grün', '温度', '🌡️ 21.5', 'x'.repeat(40), '\u0000\uffff'];
const CHARS = ['a', 'ß', '温', '🌡', '\u0000', '\u{10ffff}'];

/** Returns a type at most `depth` deep. */
export function randomType(random: SeededRandom, depth: number): ValueType {
  const composed = depth > 0 && random.below(3) > 0;
  if (!composed) return { kind: PRIMITIVES[random.below(PRIMITIVES.length)] ?? 'u8' };
  const inner = (): ValueType => randomType(random, depth - 1);
  const names = (): string[] => {
    return Array.from({ length: 1 + random.below(4) }, (_, index) => `part-${'abcd'[index]}`);
  };
  switch (random.below(9)) {
    case 0:
      return { kind: 'list', element: inner() };
    case 1:
      return { kind: 'record', fields: names().map(name => ({ name, type: inner() })) };
    case 2:
      return { kind: 'tuple', items: names().map(inner) };
    case 3:
      return {
        kind: 'variant',
        cases: names().map(name => ({ name, type: random.below(2) === 0 ? null : inner() })),
      };
    case 4:
      return { kind: 'enum', names: manyNames(random) };
    case 5:
      return {
        kind: 'flags',
        names: names().concat(random.below(2) === 0 ? [] : manyNames(random)),
      };
    case 6:
      return { kind: 'option', value: inner() };
    case 7:
      return { kind: 'own', resource: 'bucket' };
    default:
      return {
        kind: 'result',
        ok: random.below(2) === 0 ? null : inner(),
        err: random.below(2) === 0 ? null : inner(),
      };
  }
}

/** Returns a value of a type, as base/value-type.ts says. */
export function randomValue(type: ValueType, random: SeededRandom): unknown {
  switch (type.kind) {
    case 'list': {
      const count = random.below(5);
      if (type.element.kind === 'u8')
        return Uint8Array.from({ length: count }, () => random.below(256));
      return Array.from({ length: count }, () => randomValue(type.element, random));
    }
    case 'record':
      return Object.fromEntries(
        type.fields.map(({ name, type: field }) => [camelCase(name), randomValue(field, random)]),
      );
    case 'tuple':
      return type.items.map(item => randomValue(item, random));
    case 'variant': {
      const found = type.cases[random.below(type.cases.length)];
      return tagged(found?.name ?? '', found?.type ?? null, random);
    }
    case 'enum':
      return type.names[random.below(type.names.length)];
    case 'flags':
      return Object.fromEntries(type.names.map(name => [camelCase(name), random.below(2) === 1]));
    case 'option': {
      const isSome = random.below(2) === 1;
      if (type.value.kind !== 'option') return isSome ? randomValue(type.value, random) : undefined;
      return isSome ? tagged('some', type.value, random) : { tag: 'none' };
    }
    case 'result': {
      const isOk = random.below(2) === 1;
      return isOk ? tagged('ok', type.ok, random) : tagged('err', type.err, random);
    }
    default:
      return randomPrimitive(type.kind, random);
  }
}

function randomPrimitive(kind: string, random: SeededRandom): unknown {
  const low = random.below(0x1_0000_0000);
  const wide = (BigInt(low) << 32n) | BigInt(random.below(0x1_0000_0000));
  const values: Record<string, unknown> = {
    bool: low % 2 === 1,
    u8: low & 0xff,
    u16: low & 0xffff,
    u32: low,
    s8: (low << 24) >> 24,
    s16: (low << 16) >> 16,
    s32: low | 0,
    u64: wide,
    s64: BigInt.asIntN(64, wide),
    f32: Math.fround(low / 3),
    f64: low / 3,
    char: CHARS[low % CHARS.length],
    string: TEXTS[low % TEXTS.length],
    own: low,
    borrow: low,
  };
  return values[kind];
}

function tagged(tag: string, type: ValueType | null, random: SeededRandom): unknown {
  return type === null ? { tag } : { tag, val: randomValue(type, random) };
}

function manyNames(random: SeededRandom): string[] {
  const count = 1 + random.below(300);
  return Array.from({ length: count }, (_, index) => `name-x${index}`);
}
