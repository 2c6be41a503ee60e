import { suite } from 'uvu';
import { requireRule } from './rules.ts';

const test = suite('Explainer.md: Canonical Definitions');

const MANY = 17;
const params = Array.from({ length: MANY }, (_, at) => `(param "p${at}" u32)`).join(' ');
const flat = (count: number, type = 'i32'): string => `(param ${`${type} `.repeat(count)})`;

const core = (signature: string): string => `
  (core module $m (memory (export "mem") 1)
    (func (export "f") ${signature} unreachable)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) unreachable)
    (func (export "post") (param i32)) (func (export "nothing")))
  (core instance $i (instantiate $m))`;
const memory = '(memory (core memory $i "mem"))';
const realloc = '(realloc (core func $i "realloc"))';
const post = '(post-return (core func $i "post"))';

const lift = (type: string, signature: string, options = ''): string =>
  `${core(signature)} (func ${type} (canon lift (core func $i "f") ${options}))`;
const lower = (type: string, options = ''): string =>
  `(import "f" (func $f ${type})) ${core('')} (core func (canon lower (func $f) ${options}))`;

test('a lifted core function has the flattened type', () =>
  requireRule({
    valid: [
      lift('', ''),
      lift('(param "a" u8) (param "b" f64) (result s64)', '(param i32 f64) (result i64)'),
      lift('(param "a" (tuple u8 (option f32)))', '(param i32 i32 f32)'),
      lift('(param "a" (result u64 (error f32)))', '(param i32 i64)'),
      lift('(param "a" (result f32 (error u8)))', '(param i32 i32)'),
      lift('(param "a" (result f64 (error f32)))', '(param i32 i64)'),
      lift('(result (tuple f32))', '(result f32)'),
    ],
    invalid: [
      lift('', '(param i32)'),
      lift('', '(result i32)'),
      lift('(param "a" u8)', ''),
      lift('(param "a" u8)', '(param i64)'),
      lift('(result u64)', '(result i32)'),
      lift('(param "a" (result u64 (error f32)))', '(param i32 f32)'),
      lift('(param "a" (result f32 (error u8)))', '(param i32 f32)'),
      lift('(param "a" (result f64 (error f32)))', '(param i32 f64)'),
    ],
  }));

test('over 16 flat parameters and over one flat result go through memory', () =>
  requireRule({
    valid: [
      lift(params.replace('(param "p16" u32)', ''), flat(MANY - 1)),
      lift(params, flat(1), `${memory} ${realloc}`),
      lift('(result (tuple u8 u8))', '(result i32)', memory),
      lower(params, memory),
      lower('(result (tuple u8 u8))', memory),
    ],
    invalid: [
      lift(params, flat(MANY), `${memory} ${realloc}`),
      lift(params, flat(1), memory),
      lift(params, flat(1)),
      lift('(result (tuple u8 u8))', '(result i32 i32)', memory),
      lift('(result (tuple u8 u8))', '(result i32)'),
      lower(params),
      lower('(result (tuple u8 u8))'),
    ],
  }));

test('what points into memory needs a memory, and a realloc where it goes in', () =>
  requireRule({
    valid: [
      lift('(param "a" string)', flat(2), `${memory} ${realloc}`),
      lift('(result (list u8))', '(result i32)', memory),
      lower('(param "a" string)', memory),
      lower('(result string)', `${memory} ${realloc}`),
    ],
    invalid: [
      lift('(param "a" string)', flat(2), memory),
      lift('(param "a" (option (list u8)))', flat(3)),
      lift('(result (list u8))', '(result i32)'),
      lower('(param "a" string)'),
      lower('(result string)', memory),
      lower('(result string)'),
    ],
  }));

test('each option is there once, and what it names is of its type', () => {
  const string_ = '(param "a" string)';
  const into = flat(2);
  return requireRule({
    valid: [
      lift(string_, into, `string-encoding=utf8 ${memory} ${realloc}`),
      lift(string_, into, `string-encoding=utf16 ${memory} ${realloc}`),
      lift(string_, into, `string-encoding=latin1+utf16 ${memory} ${realloc}`),
      lower('', `${memory} ${realloc}`),
    ],
    invalid: [
      lift(string_, into, `string-encoding=utf8 string-encoding=utf16 ${memory} ${realloc}`),
      lift(string_, into, `string-encoding=utf8 string-encoding=utf8 ${memory} ${realloc}`),
      lift(string_, into, `${memory} ${memory} ${realloc}`),
      lift(string_, into, `${memory} ${realloc} ${realloc}`),
      lift(string_, into, `${memory} (realloc (core func $i "post"))`),
      lift('', '', realloc),
      lower('', '(memory 9)'),
      lower('', realloc),
    ],
  });
});

test('post-return is for lifts, and takes what the core function returns', () =>
  requireRule({
    valid: [
      lift('(result u32)', '(result i32)', post),
      lift('', '', '(post-return (core func $i "nothing"))'),
    ],
    invalid: [
      lift('(result u32)', '(result i32)', `${post} ${post}`),
      lift('(result u32)', '(result i32)', '(post-return (core func $i "nothing"))'),
      lift('(result u64)', '(result i64)', post),
      lift('', '', post),
      lower('(result u32)', post),
    ],
  }));

test('a lift has a function type, a lower a function', () =>
  requireRule({
    valid: [`${core('')} (type $t (func)) (func (type $t) (canon lift (core func $i "f")))`],
    invalid: [
      `${core('')} (type $t string) (func (type $t) (canon lift (core func $i "f")))`,
      `${core('')} (type $t (instance)) (func (type $t) (canon lift (core func $i "f")))`,
      `${core('')} (func (type 9) (canon lift (core func $i "f")))`,
      '(func (canon lift (core func 0)))',
      '(core func (canon lower (func 0)))',
    ],
  }));

test('only the component that defines a resource makes and reads its handles', () => {
  const own = '(type $r (resource (rep i32)))';
  const imported = '(import "r" (type $r (sub resource)))';
  const canon = (name: string): string => `(core func (canon resource.${name} $r))`;
  return requireRule({
    valid: [
      `${own} ${canon('new')} ${canon('rep')} ${canon('drop')}`,
      `${own} (export $s "s" (type $r)) (core func (canon resource.new $s))`,
      `${imported} ${canon('drop')}`,
    ],
    invalid: [
      `${imported} ${canon('new')}`,
      `${imported} ${canon('rep')}`,
      '(type $r u8) (core func (canon resource.drop $r))',
      '(type $r (func)) (core func (canon resource.new $r))',
      '(core func (canon resource.drop 0))',
      `(component $c ${own} (export "r" (type $r))) (instance $i (instantiate $c))
        (alias export $i "r" (type $r)) ${canon('new')}`,
    ],
  });
});

test.run();
