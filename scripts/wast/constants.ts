import { camelCase, type ValueType } from '../../runtime/base/value-type.ts';
import { WastError } from './errors.ts';
import { type Form, type ListForm, textOf } from './s-expressions.ts';

const INTEGERS: ReadonlySet<string> = new Set(['u8', 's8', 'u16', 's16', 'u32', 's32']);
const NUMBER = /^([+-]?)(0x[0-9a-fA-F_]+|[0-9][0-9_]*)$/;
const HEX_FLOAT = /^([+-]?)0x([0-9a-fA-F]+)(?:\.([0-9a-fA-F]*))?(?:[pP]([+-]?[0-9]+))?$/;

/**
 * Returns the value of a constant such as `(u32.const 1)` as JavaScript sees it, by the type that
 * it is meant for. @throws WastError `WAST_CONSTANT` when it does not fit
 */
export function constantOf(form: ListForm, type: ValueType): unknown {
  return valueAt(form.items, type);
}

/** Within a record's field the parentheses of a constant are left out. */
function valueAt(items: readonly Form[], type: ValueType): unknown {
  const [head, ...rest] = items;
  if (head?.kind === 'list' && rest.length === 0) return valueAt(head.items, type);
  if (head?.kind !== 'word') throw unfit(type, 'no word');
  const word = head.text;
  if (INTEGERS.has(type.kind)) return Number(integer(expect(word, type, rest)));
  switch (type.kind) {
    case 'u64':
    case 's64':
      return integer(expect(word, type, rest));
    case 'f32':
      return Math.fround(float(expect(word, type, rest)));
    case 'f64':
      return float(expect(word, type, rest));
    case 'bool':
      return expect(word, type, rest) === 'true';
    case 'char':
      return text(word === 'char.const' ? rest[0] : undefined, type);
    case 'string':
      return text(word === 'str.const' ? rest[0] : undefined, type);
    case 'enum': {
      const name = text(word === 'enum.const' ? rest[0] : undefined, type);
      if (!type.names.includes(name)) throw unfit(type, name);
      return name;
    }
    case 'flags':
      return flags(word, rest, type);
    case 'list':
      return list(word, rest, type);
    case 'tuple':
      require(word === 'tuple.const' && rest.length === type.items.length, type, word);
      return type.items.map((item, index) => valueAt(rest.slice(index, index + 1), item));
    case 'record':
      return record(word, rest, type);
    case 'variant':
      return variant(word, rest, type);
    case 'option':
      return option(word, rest, type);
    case 'result':
      return result(word, rest, type);
    default:
      throw unfit(type, word);
  }
}

/** Whether two values of one type are the same; each NaN is every NaN. */
export function sameValue(left: unknown, right: unknown): boolean {
  if (Object.is(left, right)) return true;
  if (typeof left !== 'object' || typeof right !== 'object') return false;
  if (left === null || right === null) return false;
  if (Array.isArray(left) !== Array.isArray(right)) return false;
  const keys = Object.keys(left);
  if (keys.length !== Object.keys(right).length) return false;
  const others = new Map(Object.entries(right));
  return Object.entries(left).every(
    ([key, value]) => others.has(key) && sameValue(value, others.get(key)),
  );
}

function flags(
  word: string,
  rest: readonly Form[],
  type: Extract<ValueType, { kind: 'flags' }>,
): unknown {
  require(word === 'flags.const', type, word);
  const set = new Set(rest.map(item => text(item, type)));
  for (const name of set) require(type.names.includes(name), type, name);
  return Object.fromEntries(type.names.map(name => [camelCase(name), set.has(name)]));
}

function list(
  word: string,
  rest: readonly Form[],
  type: Extract<ValueType, { kind: 'list' }>,
): unknown {
  require(word === 'list.const', type, word);
  const items = rest.map(item => valueAt([item], type.element));
  return type.element.kind === 'u8' ? Uint8Array.from(items.map(Number)) : items;
}

function record(
  word: string,
  rest: readonly Form[],
  type: Extract<ValueType, { kind: 'record' }>,
): unknown {
  require(word === 'record.const' && rest.length === type.fields.length, type, word);
  return Object.fromEntries(
    type.fields.map(({ name, type: field }, index) => {
      const form = rest[index];
      if (form?.kind !== 'list') throw unfit(type, 'a field that is no list');
      require(text(form.items[1], type) === name, type, name);
      return [camelCase(name), valueAt(form.items.slice(2), field)];
    }),
  );
}

function variant(
  word: string,
  rest: readonly Form[],
  type: Extract<ValueType, { kind: 'variant' }>,
): unknown {
  const tag = text(word === 'variant.const' ? rest[0] : undefined, type);
  const found = type.cases.find(({ name }) => name === tag);
  if (found === undefined) throw unfit(type, tag);
  return tagged(tag, rest.slice(1), found.type, type);
}

function option(
  word: string,
  rest: readonly Form[],
  type: Extract<ValueType, { kind: 'option' }>,
): unknown {
  const nested = type.value.kind === 'option';
  if (word === 'option.none') return nested ? { tag: 'none' } : undefined;
  require(word === 'option.some', type, word);
  const val = valueAt(rest, type.value);
  return nested ? { tag: 'some', val } : val;
}

function result(
  word: string,
  rest: readonly Form[],
  type: Extract<ValueType, { kind: 'result' }>,
): unknown {
  if (word === 'result.ok') return tagged('ok', rest, type.ok, type);
  require(word === 'result.err', type, word);
  return tagged('err', rest, type.err, type);
}

function tagged(
  tag: string,
  payload: readonly Form[],
  type: ValueType | null,
  whole: ValueType,
): unknown {
  require((type === null) === (payload.length === 0), whole, tag);
  return type === null ? { tag } : { tag, val: valueAt(payload, type) };
}

/** Returns the one word behind `<kind>.const`. */
function expect(word: string, type: ValueType, rest: readonly Form[]): string {
  const [value] = rest;
  require(word === `${type.kind}.const` && rest.length === 1, type, word);
  if (value?.kind !== 'word') throw unfit(type, 'no number');
  return value.text;
}

function integer(word: string): bigint {
  const [, sign, digits] = NUMBER.exec(word) ?? [];
  if (digits === undefined) throw new WastError('WAST_CONSTANT', `"${word}" is no integer`);
  const value = BigInt(digits.replaceAll('_', ''));
  return sign === '-' ? -value : value;
}

function float(word: string): number {
  const plain = word.replaceAll('_', '');
  if (/^[+-]?nan(?::|$)/.test(plain)) return Number.NaN;
  if (/^[+-]?inf$/.test(plain)) return plain.startsWith('-') ? -Infinity : Infinity;
  const [, sign, whole, fraction = '', exponent = '0'] = HEX_FLOAT.exec(plain) ?? [];
  if (whole === undefined) return Number(plain);
  const digits = Number(BigInt(`0x${whole}${fraction}`));
  const value = digits * 2 ** (Number(exponent) - 4 * fraction.length);
  return sign === '-' ? -value : value;
}

function text(form: Form | undefined, type: ValueType): string {
  if (form?.kind !== 'text') throw unfit(type, 'no string');
  return textOf(form);
}

function require(holds: boolean, type: ValueType, what: string): asserts holds {
  if (!holds) throw unfit(type, what);
}

function unfit(type: ValueType, what: string): WastError {
  return new WastError('WAST_CONSTANT', `${what} does not fit ${type.kind}`);
}
