import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { refusalOf } from './rules.ts';

const test = suite('Binary.md');

const PREAMBLE = [0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00];
const MODULE = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
const [CUSTOM, CORE_MODULE, CORE_INSTANCE, COMPONENT, INSTANCE] = [0, 1, 2, 4, 5] as const;
const [ALIAS, TYPE, CANON, IMPORT, EXPORT] = [6, 7, 8, 10, 11] as const;

type Piece = number | string | readonly Piece[];

function flat(pieces: readonly Piece[]): number[] {
  return pieces.flatMap(piece => {
    if (typeof piece === 'number') return [piece];
    if (typeof piece === 'string') return [...Buffer.from(piece)];
    return flat(piece);
  });
}

/** A section with its size before it. */
function section(id: number, ...body: readonly Piece[]): readonly number[] {
  const bytes = flat(body);
  return [id, bytes.length, ...bytes];
}

function refusal(...pieces: readonly Piece[]): string | null {
  return refusalOf(Uint8Array.from(flat(pieces)));
}

/** Of sections behind a right preamble. */
function refusalIn(...pieces: readonly Piece[]): string | null {
  return refusal(PREAMBLE, ...pieces);
}

const FUNC_TYPE = section(TYPE, 1, 0x40, 0, 1, 0);

test('Component Definitions: magic, version and layer are exact', () => {
  assert.is(refusal(PREAMBLE), null);
  for (let length = 0; length < PREAMBLE.length; length += 1) {
    assert.is(refusal(PREAMBLE.slice(0, length)), 'LINK_MALFORMED');
  }
  for (const [at, byte] of PREAMBLE.entries()) {
    assert.is(refusal(PREAMBLE.with(at, byte ^ 1)), 'LINK_MALFORMED', `byte ${at}`);
  }
  assert.is(refusal(MODULE), 'LINK_MALFORMED');
});

test('Component Definitions: sections have a known id and their exact size', () => {
  for (const id of [CORE_INSTANCE, INSTANCE, ALIAS, TYPE, CANON, IMPORT, EXPORT]) {
    assert.is(refusalIn(section(id, 0)), null, `section ${id}`);
    assert.is(refusalIn(section(id, 0, 0)), 'LINK_MALFORMED', `section ${id} with a byte left`);
    assert.is(refusalIn(section(id)), 'LINK_MALFORMED', `section ${id} without a count`);
    assert.is(refusalIn([id, 9, 0]), 'LINK_MALFORMED', `section ${id} beyond the end`);
    assert.is(refusalIn([id]), 'LINK_MALFORMED', `section ${id} without a size`);
  }
  for (const id of [13, 60, 0x7f, 0xff]) assert.is(refusalIn(section(id, 0)), 'LINK_MALFORMED');
});

test('Component Definitions: sections come in any order, and again', () => {
  const string = section(TYPE, 1, 0x73);
  const alias = section(ALIAS, 1, 3, 2, 0, 0);
  assert.is(refusalIn(string, alias, section(TYPE, 1, 0x70, 1)), null);
  assert.is(refusalIn(alias, string), 'LINK_INVALID');
});

test('Component Definitions: a custom section has a name, and anything behind it', () => {
  assert.is(refusalIn(section(CUSTOM, 2, 'hi')), null);
  assert.is(refusalIn(section(CUSTOM, 1, 'n', 0xff, 0xfe), section(CUSTOM, 1, 'n')), null);
  assert.is(refusalIn(section(CUSTOM)), 'LINK_MALFORMED');
  assert.is(refusalIn(section(CUSTOM, 5, 'hi')), 'LINK_MALFORMED');
  assert.is(refusalIn(section(CUSTOM, 2, 0xff, 0xfe)), 'LINK_MALFORMED');
});

test('numbers are LEB128 of at most 32 bits, padded or not', () => {
  assert.is(refusalIn([TYPE, 0x81, 0x80, 0x80, 0x80, 0x00, 0]), null);
  assert.is(refusalIn([TYPE, 0x81, 0x80, 0x80, 0x80, 0x70, 0]), 'LINK_MALFORMED');
  assert.is(refusalIn([TYPE, 0x81, 0x80, 0x80, 0x80, 0x80, 0x00, 0]), 'LINK_MALFORMED');
  assert.is(refusalIn([CUSTOM, 0x80, 0x80]), 'LINK_MALFORMED');
});

test('a count is of what follows', () => {
  assert.is(refusalIn(section(TYPE, 2, 0x73, 0x7f)), null);
  assert.is(refusalIn(section(TYPE, 2, 0x73)), 'LINK_MALFORMED');
  assert.is(refusalIn(section(TYPE, 1, 0x73, 0x7f)), 'LINK_MALFORMED');
  assert.is(refusalIn(section(TYPE, 0xff, 0x7f, 0x73)), 'LINK_MALFORMED');
});

test('Core Definitions: a core module is one, not a component', () => {
  assert.is(refusalIn(section(CORE_MODULE, MODULE)), null);
  assert.is(refusalIn(section(CORE_MODULE, PREAMBLE)), 'LINK_MALFORMED');
  assert.is(refusalIn(section(CORE_MODULE, MODULE.slice(0, 7))), 'LINK_MALFORMED');
  assert.is(refusalIn(section(COMPONENT, PREAMBLE)), null);
  assert.is(refusalIn(section(COMPONENT, MODULE)), 'LINK_MALFORMED');
});

test('Core Definitions: a core instance is made of a module, or of items', () => {
  const module = section(CORE_MODULE, MODULE);
  assert.is(refusalIn(module, section(CORE_INSTANCE, 2, 0, 0, 0, 1, 0)), null);
  assert.is(refusalIn(module, section(CORE_INSTANCE, 1, 2, 0)), 'LINK_MALFORMED');
  const given = (sort: number): readonly Piece[] =>
    section(CORE_INSTANCE, 2, 1, 0, 0, 0, 1, 1, 'i', sort, 0);
  assert.is(refusalIn(module, given(0x12)), null);
  for (const sort of [0x00, 0x02, 0x11, 0x13]) {
    assert.is(refusalIn(module, given(sort)), 'LINK_MALFORMED', `sort ${sort}`);
  }
});

test('Instance Definitions: an instance is made of a component, or of items', () => {
  const component = section(COMPONENT, PREAMBLE);
  assert.is(refusalIn(component, section(INSTANCE, 2, 0, 0, 0, 1, 0)), null);
  assert.is(refusalIn(component, section(INSTANCE, 1, 2, 0)), 'LINK_MALFORMED');
  assert.is(refusalIn(section(INSTANCE, 1, 0, 0, 0)), 'LINK_INVALID');
});

test('Alias Definitions: sort, form and indices', () => {
  assert.is(refusalIn(section(TYPE, 1, 0x73), section(ALIAS, 1, 3, 2, 0, 0)), null);
  assert.is(refusalIn(section(TYPE, 1, 0x73), section(ALIAS, 1, 3, 3, 0, 0)), 'LINK_MALFORMED');
  assert.is(refusalIn(section(TYPE, 1, 0x73), section(ALIAS, 1, 6, 2, 0, 0)), 'LINK_MALFORMED');
  assert.is(refusalIn(section(TYPE, 1, 0x73), section(ALIAS, 1, 0, 9, 2, 0, 0)), 'LINK_MALFORMED');
  assert.is(refusalIn(FUNC_TYPE, section(ALIAS, 1, 1, 2, 0, 0)), 'LINK_INVALID');
});

test('Type Definitions: codes, and what follows each', () => {
  for (let code = 0x73; code <= 0x7f; code += 1) assert.is(refusalIn(section(TYPE, 1, code)), null);
  for (const code of [0x00, 0x44, 0x50, 0x62, 0x6c]) {
    assert.is(refusalIn(section(TYPE, 1, code, 0, 0, 0)), 'LINK_MALFORMED', `code ${code}`);
  }
  assert.is(refusalIn(section(TYPE, 1, 0x6a, 0, 0)), null);
  assert.is(refusalIn(section(TYPE, 1, 0x6a, 1, 0x7f, 0)), null);
  assert.is(refusalIn(section(TYPE, 1, 0x6a, 2, 0)), 'LINK_MALFORMED');
  const variant = (payload: readonly number[], refines: number): readonly number[] =>
    section(TYPE, 1, 0x71, 1, 1, 'a', payload, refines);
  assert.is(refusalIn(variant([0], 0)), null);
  assert.is(refusalIn(variant([1, 0x73], 0)), null);
  assert.is(refusalIn(variant([2], 0)), 'LINK_MALFORMED');
  assert.is(refusalIn(variant([0], 1)), 'LINK_MALFORMED');
});

test('Type Definitions: a function has one result or none, a resource an i32', () => {
  assert.is(refusalIn(section(TYPE, 1, 0x40, 0, 0, 0x7f)), null);
  assert.is(refusalIn(FUNC_TYPE), null);
  assert.is(refusalIn(section(TYPE, 1, 0x40, 0, 1, 1, 1, 'a', 0x7f)), 'LINK_MALFORMED');
  assert.is(refusalIn(section(TYPE, 1, 0x40, 0, 2)), 'LINK_MALFORMED');
  assert.is(refusalIn(section(TYPE, 1, 0x3f, 0x7f, 0)), null);
  assert.is(refusalIn(section(TYPE, 1, 0x3f, 0x7e, 0)), 'LINK_INVALID');
  assert.is(refusalIn(section(TYPE, 1, 0x3f, 0x7f, 2)), 'LINK_MALFORMED');
});

test('Type Definitions: only component types import', () => {
  const declared = (code: number): readonly number[] =>
    section(TYPE, 1, code, 2, 0x01, 0x40, 0, 1, 0, 0x03, 0, 1, 'f', 1, 0);
  assert.is(refusalIn(declared(0x41)), null);
  assert.is(refusalIn(declared(0x42)), 'LINK_MALFORMED');
  assert.is(refusalIn(section(TYPE, 1, 0x42, 1, 0x05, 0)), 'LINK_MALFORMED');
});

test('Canonical Definitions: forms and options', () => {
  const imported = [FUNC_TYPE, section(IMPORT, 1, 0, 1, 'f', 1, 0)];
  assert.is(refusalIn(...imported, section(CANON, 1, 1, 0, 0, 0)), null);
  assert.is(refusalIn(...imported, section(CANON, 1, 1, 1, 0, 0)), 'LINK_MALFORMED');
  assert.is(refusalIn(...imported, section(CANON, 1, 1, 0, 0, 1, 0)), null);
  assert.is(refusalIn(...imported, section(CANON, 1, 1, 0, 0, 2, 0, 1)), 'LINK_INVALID');
});

test('Import and Export Definitions: names in two forms, descriptions by sort', () => {
  const named = (form: number, name: string, ...description: readonly number[]) =>
    section(IMPORT, 1, form, name.length, name, description);
  assert.is(refusalIn(FUNC_TYPE, named(0, 'f', 1, 0)), null);
  assert.is(refusalIn(FUNC_TYPE, named(1, 'a:b/c', 1, 0)), null);
  assert.is(refusalIn(FUNC_TYPE, named(0, 'f', 6, 0)), 'LINK_MALFORMED');
  assert.is(refusalIn(FUNC_TYPE, named(0, 'f', 3, 2)), 'LINK_MALFORMED');
  assert.is(refusalIn(FUNC_TYPE, named(0, 'f', 3, 1)), null);
  assert.is(refusalIn(FUNC_TYPE, named(0, 'f', 1, 1)), 'LINK_INVALID');
  const exported = (...rest: readonly number[]): readonly Piece[] => [
    section(COMPONENT, PREAMBLE),
    section(EXPORT, 1, 0, 1, 'c', 4, 0, rest),
  ];
  assert.is(refusalIn(...exported(0)), null);
  assert.is(refusalIn(...exported(2)), 'LINK_MALFORMED');
  assert.is(refusalIn(...exported()), 'LINK_MALFORMED');
});

test.run();
