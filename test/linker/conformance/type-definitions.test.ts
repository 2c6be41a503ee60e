import { suite } from 'uvu';
import { requireRule } from './rules.ts';

const test = suite('Explainer.md: Type Definitions');

const flags = (count: number): string =>
  Array.from({ length: count }, (_, at) => `"f${at}"`).join(' ');

test('labels are there, well formed and differ by more than case', () => {
  const labelled = (first: string, second: string): readonly string[] => [
    `(type (record (field "${first}" u8) (field "${second}" u8)))`,
    `(type (variant (case "${first}" u8) (case "${second}")))`,
    `(type (enum "${first}" "${second}"))`,
    `(type (flags "${first}" "${second}"))`,
    `(type (func (param "${first}" u8) (param "${second}" u8)))`,
  ];
  const pairs: readonly (readonly [string, string])[] = [
    ['a', ''],
    ['a', 'a'],
    ['a', 'A'],
    ['a-B', 'A-b'],
    ['a', 'aB'],
    ['a', '1'],
    ['a', 'b_c'],
    ['a', 'b:c/d'],
  ];
  return requireRule({
    valid: [...labelled('a', 'b'), ...labelled('a-1', 'B-2c')],
    invalid: pairs.flatMap(([first, second]) => labelled(first, second)),
  });
});

test('what has parts has at least one, and flags at most 32', () =>
  requireRule({
    valid: [`(type (flags ${flags(1)}))`, `(type (flags ${flags(32)}))`, '(type (result))'],
    invalid: [
      '(type (record))',
      '(type (variant))',
      '(type (enum))',
      '(type (flags))',
      '(type (tuple))',
      `(type (flags ${flags(33)}))`,
    ],
  }));

test('values are made of value types that come before them', () => {
  const uses = ['(list 0)', '(option 0)', '(result 0)', '(result (error 0))', '(tuple 0)'];
  const all = [...uses, '(record (field "x" 0))', '(variant (case "x" 0))', '(func (param "x" 0))'];
  const using = (before: string): readonly string[] => all.map(use => `${before} (type ${use})`);
  return requireRule({
    valid: [...using('(type u8)'), ...using('(type (list string))')],
    invalid: [
      ...using(''),
      ...using('(type (func))'),
      ...using('(type (instance))'),
      ...using('(type (component))'),
      ...using('(type (resource (rep i32)))'),
    ],
  });
});

test('handles are of resource types', () =>
  requireRule({
    valid: [
      '(type $r (resource (rep i32))) (type (own $r)) (type (borrow $r))',
      '(import "r" (type $r (sub resource))) (type (borrow $r))',
    ],
    invalid: [
      '(type (own 0))',
      '(type u8) (type (own 0))',
      '(type (list u8)) (type (borrow 0))',
      '(type (func)) (type (own 0))',
      '(type $r (resource (rep i32))) (type $o (own $r)) (type (own $o))',
    ],
  }));

test('a function returns no borrow, wherever it lies', () => {
  const returning = (type: string): string =>
    `(type $r (resource (rep i32))) (type (func (result ${type})))`;
  return requireRule({
    valid: [
      returning('(own $r)'),
      '(type $r (resource (rep i32))) (type (func (param "x" (list (borrow $r)))))',
    ],
    invalid: [
      returning('(borrow $r)'),
      returning('(list (borrow $r))'),
      returning('(result (error (option (tuple u8 (borrow $r)))))'),
    ],
  });
});

test('a destructor takes the representation and returns nothing', () => {
  const with_ = (signature: string): string => `
    (core module $m (func (export "d") ${signature} unreachable))
    (core instance $i (instantiate $m))
    (alias core export $i "d" (core func $d)) (type (resource (rep i32) (dtor (core func $d))))`;
  return requireRule({
    valid: [with_('(param i32)')],
    invalid: [
      with_(''),
      with_('(param i64)'),
      with_('(param i32) (result i32)'),
      with_('(param i32 i32)'),
      '(type (resource (rep i32) (dtor (core func 0))))',
    ],
  });
});

test('an import, an export and a declaration have a type of their sort', () => {
  const sorts = { func: '(func)', instance: '(instance)', component: '(component)' };
  const valid: string[] = [];
  const invalid: string[] = [];
  for (const [sort, type] of Object.entries(sorts)) {
    for (const wanted of Object.keys(sorts)) {
      const into = sort === wanted ? valid : invalid;
      // A root component that imports components is refused as such.
      if (wanted !== 'component') into.push(`(type ${type}) (import "a" (${wanted} (type 0)))`);
      into.push(`(type $t ${type}) (type (instance (export "a" (${wanted} (type $t)))))`);
      into.push(`(type $t ${type}) (type (component (import "a" (${wanted} (type $t)))))`);
    }
    invalid.push(`(import "a" (${sort} (type 9)))`, `(export "a" (${sort} 9))`);
  }
  const wrong = invalid.filter(body => !body.startsWith('(import "a" (component'));
  return requireRule({ valid, invalid: wrong });
});

test('resources are defined by components, not within types', () =>
  requireRule({
    valid: ['(type (instance (export "r" (type (sub resource)))))'],
    invalid: [
      '(type (instance (type (resource (rep i32)))))',
      '(type (component (type (resource (rep i32)))))',
    ],
  }));

test.run();
