import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { DEFAULT_LINK_LIMITS, LinkError, stageComponent } from '../../runtime/linker/index.ts';
import { activate, binaryOf, refused, refusedBytes, stageWat } from './support.ts';

const test = suite('linker: refusals');
const inCore = (body: string): string => `(component (core module ${body}))`;

const unsupportedCore: Readonly<Record<string, string>> = {
  'a struct type': '(type (struct (field i32)))',
  'an array type': '(type (array i8))',
  'a recursion group': '(rec (type (func)) (type (func)))',
  'a shared memory': '(memory 1 2 shared)',
  'a 64-bit memory': '(memory i64 1)',
  'an imported 64-bit memory': '(import "a" "b" (memory i64 1))',
  'a 64-bit table': '(table i64 1 funcref)',
  'two memories': '(memory 1) (memory 1)',
  'a tag': '(tag)',
  'an imported tag': '(import "a" "b" (tag))',
  'an exception reference': '(func (param exnref))',
  'a typed function reference': '(type $f (func)) (func (param (ref $f)))',
  'a table of typed references': '(type $f (func)) (table 1 (ref null $f))',
};

for (const [what, body] of Object.entries(unsupportedCore)) {
  test(`a core module with ${what} is refused`, () => refused(inCore(body), 'LINK_UNSUPPORTED'));
}

test('the nearest accepted core modules are accepted', async () => {
  const bodies = [
    '(type (func))',
    '(memory 1 2)',
    '(import "a" "b" (memory 1))',
    '(table 1 funcref)',
    '(table 1 externref)',
    '(func (param v128 funcref externref))',
    '(global (mut i64) (i64.const 0))',
  ];
  for (const body of bodies) assert.equal((await stageWat(inCore(body))).modules.length, 0);
});

const unsupported: Readonly<Record<string, string>> = {
  'a stream type': '(component (type (stream u8)))',
  'a future type': '(component (type (future u8)))',
  'an error-context type': '(component (type error-context))',
  'a core module type': '(component (core type (module)))',
  'an asynchronous built-in': '(component (core func (canon backpressure.inc)))',
};

for (const [what, wat] of Object.entries(unsupported)) {
  test(`${what} is refused`, () => refused(wat, 'LINK_UNSUPPORTED'));
}

test('maxima of memories and tables are written into the modules', async () => {
  const guest = (memory: string): string => `(component
    (core module $m (memory (export "memory") ${memory}) (table (export "t") 1 funcref)
      (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
      (func (export "grow-table") (param i32) (result i32)
        (table.grow (ref.null func) (local.get 0))))
    (core instance $i (instantiate $m))
    (func (export "grow") (param "by" u32) (result s32)
      (canon lift (core func $i "grow")))
    (func (export "grow-table") (param "by" u32) (result s32)
      (canon lift (core func $i "grow-table"))))`;
  const unbounded = activate(await stageWat(guest('1'), { memoryPagesMax: 8 }));
  assert.is(unbounded.call(0, [8]), -1);
  assert.is(unbounded.call(0, [7]), 1);
  assert.is(unbounded.memoryBytes(), 8 * 65_536);
  assert.is(unbounded.call(1, [10_000]), -1);
  assert.is(unbounded.call(1, [9_999]), 1);
  const bounded = activate(await stageWat(guest('1 3'), { memoryPagesMax: 8 }));
  assert.is(bounded.call(0, [3]), -1);
  await refused(guest('9'), 'LINK_LIMIT', { memoryPagesMax: 8 });
});

test('memories share the pages of a component', async () => {
  const two = (pages: number): string => `(component
    (core module $m (memory (export "memory") ${pages})
      (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))
    (core instance $a (instantiate $m))
    (core instance $b (instantiate $m))
    (func (export "a") (param "by" u32) (result s32) (canon lift (core func $a "grow")))
    (func (export "b") (param "by" u32) (result s32) (canon lift (core func $b "grow"))))`;
  const handle = activate(await stageWat(two(2), { memoryPagesMax: 8 }));
  assert.is(handle.call(0, [3]), -1);
  assert.is(handle.call(0, [2]), 2);
  assert.is(handle.call(1, [2]), 2);
  await refused(two(5), 'LINK_LIMIT', { memoryPagesMax: 8 });
});

const lift = (core: string, type: string, options = ''): string => `(component
  (core module $m (memory (export "memory") 1) (table (export "table") 1 funcref)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) unreachable)
    (func (export "f") ${core} unreachable) (func (export "post") (param i32)))
  (core instance $i (instantiate $m))
  (alias core export $i "memory" (core memory $memory))
  (alias core export $i "realloc" (core func $realloc))
  (alias core export $i "post" (core func $post))
  (func (export "f") ${type} (canon lift (core func $i "f") ${options})))`;
const memory = '(memory $memory)';
const both = `${memory} (realloc $realloc)`;

test('a lifted core function must have the signature that the canon demands', async () => {
  await stageWat(lift('(param i32) (result i32)', '(param "a" u8) (result char)'));
  await refused(lift('(param i64) (result i32)', '(param "a" u8) (result char)'), 'LINK_INVALID');
  await refused(lift('(param i32)', '(param "a" u8) (result char)'), 'LINK_INVALID');
  await refused(lift('(param i32 i32) (result i32)', '(param "a" u8) (result u8)'), 'LINK_INVALID');
  await stageWat(lift('(param i64) (result f32)', '(param "a" s64) (result f32)'));
  await refused(lift('(param f64) (result f32)', '(param "a" s64) (result f32)'), 'LINK_INVALID');
});

test('strings and lists need a memory, and a realloc where they go in', async () => {
  const into = '(param i32 i32)';
  await stageWat(lift(into, '(param "a" string)', both));
  await refused(lift(into, '(param "a" string)', memory), 'LINK_INVALID');
  await refused(lift(into, '(param "a" (list u8))'), 'LINK_INVALID');
  await stageWat(lift('(result i32)', '(result string)', memory));
  await refused(lift('(result i32)', '(result string)'), 'LINK_INVALID');
});

test('post-return takes what the core function returns', async () => {
  await stageWat(lift('(result i32)', '(result string)', `${memory} (post-return $post)`));
  await refused(lift('', '', '(post-return $post)'), 'LINK_INVALID');
});

test('core arguments must be there and of the declared type', async () => {
  const link = (want: string, have: string): string => `(component
    (core module $a (func (export "f") ${have}) (memory (export "m") 1))
    (core module $b (import "a" "f" (func ${want})))
    (core instance $x (instantiate $a))
    (core instance (instantiate $b (with "a" (instance $x)))))`;
  await stageWat(link('(param i32)', '(param i32)'));
  await refused(link('(param i32)', '(param i64)'), 'LINK_INVALID');
  await refused(
    `(component (core module $b (import "a" "f" (func))) (core instance (instantiate $b)))`,
    'LINK_INVALID',
  );
});

test('labels that collide are refused', async () => {
  const record = (first: string, second: string): string =>
    `(component (type (record (field "${first}" u8) (field "${second}" u8))))`;
  await stageWat(record('ab-c', 'ab-d'));
  await refused(record('ab-c', 'ab-c'), 'LINK_INVALID');
  await refused(record('ab', 'AB'), 'LINK_INVALID');
  await refused(record('ab1', 'ab-1'), 'LINK_INVALID');
  await refused(record('x-y', 'X-Y'), 'LINK_INVALID');
});

test('names outside the grammar are refused', async () => {
  const named = (name: string): string => `(component (import "${name}" (func)))`;
  for (const name of ['a', 'a1-2b-C3', 'a:b/c', 'a:b/C-d', 'a:b/c@1.2.3-rc.1+5']) {
    await stageWat(named(name));
  }
  const wrong = [
    'a_b',
    '__proto__',
    '1a',
    'aB',
    'a--b',
    'a-',
    'url=<a>',
    'a:b',
    'a:B/c',
    'a:b:c/d',
    'a:b/c/d',
    'a:b/c@1',
    'a:b/c@01.0.0',
    'a:b/c@1.0.0-01',
    '[method]a',
    '[constructor]a.b',
    '[other]a',
  ];
  for (const name of wrong) {
    const innocent = 'q'.repeat(name.length);
    const bytes = await binaryOf(named(innocent));
    stageComponent(bytes, DEFAULT_LINK_LIMITS);
    refusedBytes(renamed(bytes, innocent, name), 'LINK_INVALID');
  }
});

test('a name that makes a matcher backtrack is answered at once', async () => {
  const started = performance.now();
  await refused(`(component (import "${'q'.repeat(256)}" (func (type 0))))`, 'LINK_INVALID');
  const bytes = await binaryOf(`(component (import "${'q'.repeat(255)}" (func)))`);
  const hostile = `a${'-1'.repeat(126)}--`;
  refusedBytes(renamed(bytes, 'q'.repeat(255), hostile), 'LINK_INVALID');
  // Backtracking would take centuries; a stalled machine takes seconds.
  assert.ok(performance.now() - started < 20_000);
});

test('limits count what they say', async () => {
  const wat = `(component (type (tuple u8 u8 u8)) (type (list (tuple u8 u8))) (core module))`;
  await stageWat(wat, { definitionsMax: 4 });
  await refused(wat, 'LINK_LIMIT', { definitionsMax: 3 });
  await refused(wat, 'LINK_LIMIT', { typeWeightMax: 3 });
  await refused(wat, 'LINK_LIMIT', { typeDepthMax: 1 });
  await refused(wat, 'LINK_LIMIT', { recordFieldsMax: 2 });
  await refused(wat, 'LINK_LIMIT', { coreModulesMax: 0 });
  await refused(wat, 'LINK_LIMIT', { componentBytesMax: 16 });
  await refused(wat, 'LINK_LIMIT', { evaluationStepsMax: 2 });
  await refused(`(component (component (component)))`, 'LINK_LIMIT', { nestingMax: 2 });
  await refused(`(component (import "abcdef" (func)))`, 'LINK_LIMIT', { nameBytesMax: 5 });
  await refused(inCore('(func) (func)'), 'LINK_LIMIT', { functionsMax: 1 });
});

test('every truncation of a component is refused', async () => {
  const bytes = await binaryOf(lift('(param i32) (result i32)', '(param "a" u8) (result char)'));
  const whole = new Set<number>();
  for (let length = 0; length < bytes.length; length += 1) {
    try {
      stageComponent(bytes.subarray(0, length), DEFAULT_LINK_LIMITS);
      whole.add(length);
    } catch (error) {
      assert.instance(error, LinkError);
    }
  }
  // A cut between two sections leaves a smaller component.
  assert.ok(whole.size <= 14, `${whole.size} truncations are accepted`);
});

test('what cannot be reached by an alias is refused', async () => {
  await refused('(component (alias outer 0 0 (type)))', 'LINK_INVALID');
  await refused('(component (instance $i) (alias export $i "a" (type)))', 'LINK_INVALID');
  const nested = (resource: string): string => `(component (type $t ${resource})
    (component $c (alias outer 1 0 (type))) (instance (instantiate $c)))`;
  await stageWat(nested('(tuple u8)'));
  await refused(nested('(resource (rep i32))'), 'LINK_INVALID');
});

function renamed(bytes: Uint8Array, from: string, to: string): Uint8Array {
  const at = Buffer.from(bytes).indexOf(from);
  const copy = Uint8Array.from(bytes);
  copy.set(Buffer.from(to), at);
  return copy;
}

test.run();
