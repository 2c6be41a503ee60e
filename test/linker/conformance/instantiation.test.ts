import { suite } from 'uvu';
import { requireRule } from './rules.ts';

const test = suite('Explainer.md: Instance Definitions');

/** A component that imports `want` as `x`, and is given `have`. */
const given = (want: string, have: string, sort: string, before = ''): string => `${before}
  (component $c ${want}) ${have} (instance (instantiate $c (with "x" (${sort}))))`;

test('a function is given with the very type that is asked for', () => {
  const functions = (want: string, have: string): string =>
    given(`(import "x" (func ${want}))`, `(import "f" (func $f ${have}))`, 'func $f');
  return requireRule({
    valid: [functions('', ''), functions('(param "a" u32)', '(param "a" u32)')],
    invalid: [
      functions('(param "a" u32)', '(param "a" s32)'),
      functions('(param "a" u32)', '(param "b" u32)'),
      functions('(param "a" u32)', ''),
      functions('', '(param "a" u32)'),
      functions('(result u8)', ''),
      functions('', '(result u8)'),
      functions('(result u8)', '(result u16)'),
    ],
  });
});

test('a type is given with the structure that is asked for', () => {
  const types = (want: string, have: string): string =>
    given(`(type $t ${want}) (import "x" (type (eq $t)))`, `(type $u ${have})`, 'type $u');
  const pairs: readonly (readonly [string, string])[] = [
    ['u32', 'string'],
    ['u32', '(record (field "a" u32))'],
    ['(record (field "a" u32))', '(record (field "b" u32))'],
    ['(record (field "a" u32))', '(record (field "a" u32) (field "b" u32))'],
    ['(variant (case "a" u32))', '(variant (case "a"))'],
    ['(variant (case "a"))', '(variant (case "a" u32))'],
    ['(variant (case "a"))', '(enum "a")'],
    ['(tuple u8)', '(tuple u16)'],
    ['(tuple u8)', '(tuple u8 u8)'],
    ['(flags "a")', '(flags "b")'],
    ['(enum "a")', '(enum "a" "b")'],
    ['(result u8)', '(result)'],
    ['(result (error u8))', '(result u8)'],
    ['(list u8)', '(option u8)'],
  ];
  return requireRule({
    valid: pairs.map(([want]) => types(want, want)),
    invalid: pairs.map(([want, have]) => types(want, have)),
  });
});

test('an instance is given with all exports that are asked for, and perhaps more', () => {
  const instances = (want: string, have: string): string =>
    given(`(import "x" (instance ${want}))`, `(import "i" (instance $i ${have}))`, 'instance $i');
  const f = '(export "f" (func))';
  return requireRule({
    valid: [instances('', ''), instances(f, f), instances(f, `(export "a" (instance)) ${f}`)],
    invalid: [
      instances(f, ''),
      instances(f, '(export "f" (instance))'),
      instances(f, '(export "f" (func (param "a" u8)))'),
      instances('(export "t" (type (sub resource)))', '(type $t u8) (export "t" (type (eq $t)))'),
    ],
  });
});

test('an argument is there, once, and of the sort that is asked for', () => {
  const f = '(import "f" (func $f))';
  return requireRule({
    valid: [
      `${f} (component $c) (instance (instantiate $c (with "extra" (func $f))))`,
      `${f} (component $c) (instance (instantiate $c (with "NoLabel_" (func $f))))`,
    ],
    invalid: [
      '(component $c (import "x" (func))) (instance (instantiate $c))',
      given('(import "x" (func))', '(component $d)', 'component $d'),
      given('(import "x" (instance))', f, 'func $f'),
      given('(import "x" (component))', '(instance $i)', 'instance $i'),
      `${f} (component $c) (instance (instantiate $c (with "a" (func $f)) (with "a" (func $f))))`,
      '(instance (instantiate 0))',
      '(component $c) (instance (instantiate $c (with "a" (func 0))))',
    ],
  });
});

test('each import of a resource is a type of its own; eq makes it the same', () => {
  const pair = '(component $c (import "a" (type $a (sub resource))) (import "b" (type (eq $a))))';
  const two = '(import "r" (type $r (sub resource))) (import "s" (type $s (sub resource)))';
  const make = (first: string, second: string): string =>
    `(instance (instantiate $c (with "a" (type ${first})) (with "b" (type ${second}))))`;
  const own = '(type $r (resource (rep i32))) (type $s (resource (rep i32)))';
  return requireRule({
    valid: [
      `${two} ${pair} ${make('$r', '$r')}`,
      `${two} (import "t" (type $t (eq $r))) ${pair} ${make('$r', '$t')}`,
      `${own} ${pair} ${make('$s', '$s')}`,
    ],
    invalid: [
      `${two} ${pair} ${make('$r', '$s')}`,
      `${two} (import "t" (type $t (eq $r))) ${pair} ${make('$s', '$t')}`,
      `${own} ${pair} ${make('$r', '$s')}`,
      `${pair} (type $u u8) ${make('$u', '$u')}`,
    ],
  });
});

test('each instance of a component has resources of its own', () => {
  const pair = '(component $eq (import "a" (type $a (sub resource))) (import "b" (type (eq $a))))';
  const same = (first: string, second: string): string =>
    `${pair} (instance (instantiate $eq (with "a" (type ${first})) (with "b" (type ${second}))))`;
  const maker = (exports: string): string =>
    `(component $c (type $r (resource (rep i32))) ${exports})
      (instance $i (instantiate $c)) (instance $j (instantiate $c))`;
  const twice = maker('(export "r" (type $r)) (export "s" (type $r))');
  const opaque = maker('(export "r" (type $r)) (export "s" (type $r) (type (sub resource)))');
  const passes = `(type $r (resource (rep i32)))
    (component $c (import "x" (type $x (sub resource))) (export "y" (type $x)))
    (instance $i (instantiate $c (with "x" (type $r))))
    (instance $j (instantiate $c (with "x" (type $i "y"))))`;
  return requireRule({
    valid: [
      `${twice} ${same('$i "r"', '$i "s"')}`,
      `${opaque} ${same('$i "s"', '$i "s"')}`,
      `${passes} ${same('$r', '$j "y"')}`,
      `${passes} (alias export $i "y" (type $y)) (core func (canon resource.rep $y))`,
    ],
    invalid: [
      `${twice} ${same('$i "r"', '$j "r"')}`,
      `${twice} ${same('$i "s"', '$j "r"')}`,
      `${opaque} ${same('$i "r"', '$i "s"')}`,
      `${twice} (alias export $i "r" (type $y)) (core func (canon resource.rep $y))`,
    ],
  });
});

test('functions of one resource do not fit functions of another', () => {
  const wants = `(component $c (import "r" (type $r (sub resource)))
    (import "f" (func (param "x" (own $r)))))`;
  const two = '(import "r" (type $r (sub resource))) (import "s" (type $s (sub resource)))';
  const make = (type: string): string =>
    `${two} ${wants} (import "f" (func $f (param "x" ${type})))
      (instance (instantiate $c (with "r" (type $r)) (with "f" (func $f))))`;
  return requireRule({
    valid: [make('(own $r)')],
    invalid: [make('(own $s)'), make('(borrow $r)'), make('(list (own $r))')],
  });
});

test('a component is given that asks for no more and offers no less', () => {
  const components = (want: string, have: string): string =>
    given(`(import "x" (component ${want}))`, `(component $d ${have})`, 'component $d');
  const f = '(import "f" (func))';
  const exporting = '(import "f" (func $f)) (export "g" (func $f))';
  return requireRule({
    valid: [
      components('', ''),
      components(f, ''),
      components(f, f),
      components(`${f} (export "g" (func))`, exporting),
      components(f, exporting),
    ],
    invalid: [
      components('', f),
      components(f, '(import "f" (func (param "a" u8)))'),
      components(f, '(import "f" (instance))'),
      components(`${f} (export "g" (func))`, f),
      components(`${f} (export "g" (func (result u8)))`, exporting),
    ],
  });
});

test('a component that is imported can be made, by its type', () => {
  const outer = (body: string): string => `(component
    (import "c" (component $c (import "f" (func)) (export "r" (type $r (sub resource)))
      (export "g" (func (param "x" (own $r))))))
    (import "f" (func $f)) ${body})`;
  const made = '(instance $i (instantiate $c (with "f" (func $f))))';
  const chained = `(component
    (import "c" (component $c (import "t" (type $t (sub resource)))
      (export "f" (func (param "x" (own $t))))))
    (import "d" (component $d (import "t" (type $t (sub resource)))
      (import "f" (func (param "x" (own $t))))))
    (type $r (resource (rep i32))) (type $s (resource (rep i32)))
    (instance $i (instantiate $c (with "t" (type $r))))
    (instance (instantiate $d (with "t" (type $r)) (with "f" (func $i "f")))))`;
  return requireRule({
    valid: [outer(`${made} (export "i" (instance $i))`), chained],
    invalid: [
      outer('(instance (instantiate $c))'),
      chained.replace('$d (with "t" (type $r))', '$d (with "t" (type $s))'),
      outer(`${made} (alias export $i "h" (func))`),
      outer(`${made} (export "g" (func $i "g"))`),
    ],
  });
});

test('core tables, memories and globals are given with a type that matches', () => {
  const link = (want: string, have: string): string => `
    (core module $a ${have}) (core module $b (import "a" "x" ${want}))
    (core instance $i (instantiate $a))
    (core instance (instantiate $b (with "a" (instance $i))))`;
  const global = (type: string, constant: string): string =>
    `(global (export "x") ${type} (${constant}))`;
  return requireRule({
    valid: [
      link('(memory 1)', '(memory (export "x") 2)'),
      link('(memory 1 3)', '(memory (export "x") 1 2)'),
      link('(memory 1)', '(import "i" "m" (memory 1)) (export "x" (memory 0))').replace(
        '(instantiate $a)',
        '(instantiate $a (with "i" (instance $h)))',
      ),
      link('(table 1 3 funcref)', '(table (export "x") 1 3 funcref)'),
      link('(global i64)', global('i64', 'i64.const -9223372036854775808')),
      link('(global (mut f64))', global('(mut f64)', 'f64.const nan')),
      link('(global v128)', global('v128', 'v128.const i64x2 11 0')),
      link('(global funcref)', `(func) ${global('funcref', 'ref.func 0')}`),
      link('(global i32)', global('i32', 'i32.add (i32.const 1) (i32.const 2)')),
    ].map(
      body =>
        `(core module $g (memory (export "m") 1)) (core instance $h (instantiate $g)) ${body}`,
    ),
    invalid: [
      link('(memory 2)', '(memory (export "x") 1)'),
      link('(memory 1 2)', '(memory (export "x") 1)'),
      link('(memory 1 2)', '(memory (export "x") 1 3)'),
      link('(table 2 funcref)', '(table (export "x") 1 funcref)'),
      link('(table 1 2 funcref)', '(table (export "x") 1 funcref)'),
      link('(table 1 funcref)', '(table (export "x") 1 externref)'),
      link('(global i64)', global('i32', 'i32.const 1')),
      link('(global i32)', global('(mut i32)', 'i32.const 1')),
      link('(global (mut i32))', global('i32', 'i32.const 1')),
    ],
  });
});

test('core instances are given what their modules import', () => {
  const link = (want: string, have: string): string => `
    (core module $a ${have}) (core module $b (import "a" "x" ${want}))
    (core instance $i (instantiate $a))
    (core instance (instantiate $b (with "a" (instance $i))))`;
  const empty = '(core module $m) (core instance $i (instantiate $m))';
  return requireRule({
    valid: [
      link('(func (param i32))', '(func (export "x") (param i32))'),
      link('(memory 1)', '(memory (export "x") 1)'),
      link('(table 1 funcref)', '(table (export "x") 1 funcref)'),
      link('(global i32)', '(global (export "x") i32 (i32.const 0))'),
      `${empty} (core instance (instantiate $m (with "a" (instance $i))))`,
    ],
    invalid: [
      link('(func (param i32))', '(func (export "x"))'),
      link('(func)', '(func (export "x") (result i32) unreachable)'),
      link('(func)', '(memory (export "x") 1)'),
      link('(memory 1)', '(table (export "x") 1 funcref)'),
      link('(func)', '(func (export "y"))'),
      '(core module $m (import "a" "x" (func))) (core instance (instantiate $m))',
      `${empty} (core instance (instantiate $m (with "a" (instance $i)) (with "a" (instance $i))))`,
      '(core instance (instantiate 0))',
      `(core module $m (func (export "f"))) (core instance $i (instantiate $m))
        (core instance (export "a" (func $i "f")) (export "a" (func $i "f")))`,
    ],
  });
});

test.run();
