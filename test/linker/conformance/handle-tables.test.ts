import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Handle } from '../../../runtime/linker/index.ts';
import { call, run, traps } from '../support.ts';

const test = suite('CanonicalABI.md: Resource State, canon resource.*');

/** Two resources; every built-in of both is an export that takes and gives plain numbers. */
const table = (() => {
  const built = ['new', 'rep', 'drop'].flatMap(kind => [`${kind}-a`, `${kind}-b`]);
  const canons = built.map(name => {
    const [kind, type] = name.split('-');
    return `(core func $${name} (canon resource.${kind} $${type}))`;
  });
  const wanted = built.map(name => {
    const result = name.startsWith('drop') ? '' : '(result i32)';
    return `(import "" "${name}" (func $${name} (param i32) ${result}))
      (export "${name}" (func $${name}))`;
  });
  const given = built.map(name => `(export "${name}" (func $${name}))`);
  const lifted = built.map(name => {
    const result = name.startsWith('drop') ? '' : '(result u32)';
    return `(func (export "${name}") (param "x" u32) ${result}
      (canon lift (core func $i "${name}")))`;
  });
  return `(component
    (core module $d (global $last (mut i32) (i32.const 0))
      (func (export "dtor") (param i32) (global.set $last (local.get 0)))
      (func (export "last") (result i32) (global.get $last)))
    (core instance $d (instantiate $d))
    (alias core export $d "dtor" (core func $dtor))
    (type $a (resource (rep i32) (dtor (core func $dtor))))
    (type $b (resource (rep i32)))
    ${canons.join(' ')}
    (core module $m ${wanted.join(' ')})
    (core instance $i (instantiate $m (with "" (instance ${given.join(' ')}))))
    ${lifted.join(' ')}
    (func (export "last") (result u32) (canon lift (core func $d "last"))))`;
})();

function numbers(handle: Handle, name: string, ...args: readonly number[]): readonly unknown[] {
  return args.map(arg => call(handle, name, arg));
}

test('handles count from 1, whatever the resource', async () => {
  const handle = await run(table);
  assert.equal(numbers(handle, 'new-a', 100, 200), [1, 2]);
  assert.equal(numbers(handle, 'new-b', 300), [3]);
  assert.equal(numbers(handle, 'rep-a', 1, 2), [100, 200]);
  assert.equal(numbers(handle, 'rep-b', 3), [300]);
});

test('the handle that was dropped last is given out first', async () => {
  const handle = await run(table);
  numbers(handle, 'new-b', 10, 20, 30);
  numbers(handle, 'drop-b', 1, 3, 2);
  assert.equal(numbers(handle, 'new-b', 40, 50, 60, 70), [2, 3, 1, 4]);
  assert.equal(numbers(handle, 'rep-b', 1, 2, 3, 4), [60, 40, 50, 70]);
});

test('a destructor is called with the representation, when the handle is dropped', async () => {
  const handle = await run(table);
  numbers(handle, 'new-a', 7, 8);
  assert.is(call(handle, 'last'), 0);
  numbers(handle, 'drop-a', 2);
  assert.is(call(handle, 'last'), 8);
});

test('a representation is all 32 bits', async () => {
  const handle = await run(table);
  numbers(handle, 'new-a', 0, 0xffff_ffff);
  assert.equal(numbers(handle, 'rep-a', 1, 2), [0, 0xffff_ffff]);
});

test('a handle that is not there, or not any more, or of another resource traps', async () => {
  for (const name of ['rep-a', 'drop-a']) {
    for (const index of [0, 2, 3, 99, 0xffff_ffff]) {
      const handle = await run(table);
      numbers(handle, 'new-a', 100);
      numbers(handle, 'new-b', 200);
      numbers(handle, 'new-a', 300);
      numbers(handle, 'drop-a', 3);
      traps(() => call(handle, name, index), 'TRAP_ABI');
    }
  }
});

/** A user of a maker's resource, twice: each has a table of its own. */
const siblings = `(component
  (component $maker
    (type $r (resource (rep i32)))
    (core func $new (canon resource.new $r))
    (core module $m (import "" "new" (func $new (param i32) (result i32)))
      (func (export "make") (result i32) (call $new (i32.const 100)))
      (func (export "use") (param i32) (result i32) (local.get 0)))
    (core instance $m (instantiate $m (with "" (instance (export "new" (func $new))))))
    (export $n "r" (type $r))
    (func (export "make") (result (own $n)) (canon lift (core func $m "make")))
    (func (export "use") (param "x" (borrow $n)) (result u32) (canon lift (core func $m "use"))))
  (component $user
    (import "maker" (instance $maker (export "r" (type $r (sub resource)))
      (export "make" (func (result (own $r))))
      (export "use" (func (param "x" (borrow $r)) (result u32)))))
    (alias export $maker "r" (type $r))
    (core func $make (canon lower (func $maker "make")))
    (core func $use (canon lower (func $maker "use")))
    (core func $drop (canon resource.drop $r))
    (core module $m (import "" "make" (func $make (result i32)))
      (import "" "use" (func $use (param i32) (result i32)))
      (import "" "drop" (func $drop (param i32)))
      (export "make" (func $make)) (export "use" (func $use)) (export "drop" (func $drop)))
    (core instance $m (instantiate $m (with "" (instance (export "make" (func $make))
      (export "use" (func $use)) (export "drop" (func $drop))))))
    (func (export "make") (result u32) (canon lift (core func $m "make")))
    (func (export "use") (param "x" u32) (result u32) (canon lift (core func $m "use")))
    (func (export "drop") (param "x" u32) (canon lift (core func $m "drop"))))
  (instance $maker (instantiate $maker))
  (instance $u (instantiate $user (with "maker" (instance $maker))))
  (instance $v (instantiate $user (with "maker" (instance $maker))))
  (export "make-u" (func $u "make")) (export "use-u" (func $u "use"))
  (export "make-v" (func $v "make")) (export "drop-v" (func $v "drop")))`;

test('a borrow of the maker itself is the representation', async () => {
  const handle = await run(siblings);
  assert.is(call(handle, 'make-u'), 1);
  assert.is(call(handle, 'use-u', 1), 100);
});

test('each instance has a table of its own', async () => {
  const handle = await run(siblings);
  assert.is(call(handle, 'make-u'), 1);
  assert.is(call(handle, 'make-u'), 2);
  assert.is(call(handle, 'make-v'), 1);
  call(handle, 'drop-v', 1);
  assert.is(call(handle, 'use-u', 1), 100);
  traps(() => call(handle, 'drop-v', 1), 'TRAP_ABI');
});

test.run();
