import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { call, hostOf, refused, run, stageWat, traps } from './support.ts';

const test = suite('linker: nested components');

/** A component that adds what it is told at instantiation, as text. */
const adder = (name: string): string => `(component $${name}
  (import "by" (func $by (result u32)))
  (core func $by (canon lower (func $by)))
  (core module $m (import "" "by" (func $by (result i32)))
    (func (export "add") (param i32) (result i32) (i32.add (local.get 0) (call $by))))
  (core instance $i (instantiate $m (with "" (instance (export "by" (func $by))))))
  (func (export "add") (param "to" u32) (result u32) (canon lift (core func $i "add"))))`;

test('one component is instantiated twice with different arguments', async () => {
  const handle = await run(
    `(component
      (import "one" (func $one (result u32)))
      (import "ten" (func $ten (result u32)))
      ${adder('adder')}
      (instance $a (instantiate $adder (with "by" (func $one))))
      (instance $b (instantiate $adder (with "by" (func $ten))))
      (export "by-one" (func $a "add"))
      (export "by-ten" (func $b "add")))`,
    hostOf({ one: () => 1, ten: () => 10 }),
  );
  assert.is(call(handle, 'by-one', 5), 6);
  assert.is(call(handle, 'by-ten', 5), 15);
});

test('an argument must be there and of the declared type', async () => {
  const give = (argument: string): string => `(component
    (import "number" (func $number (result u32)))
    (import "text" (func $text (result char)))
    ${adder('adder')}
    (instance (instantiate $adder ${argument})))`;
  await stageWat(give('(with "by" (func $number))'));
  await refused(give('(with "by" (func $text))'), 'LINK_INVALID');
  await refused(give('(with "other" (func $number))'), 'LINK_INVALID');
});

test('a string crosses from one component to another between encodings', async () => {
  const handle = await run(`(component
    (component $inner
      (core module $m (memory (export "memory") 1)
        (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
        (func (export "f") (param i32 i32) (result i32)
          (i32.store (i32.const 16) (local.get 0))
          (i32.store (i32.const 20) (local.get 1))
          (i32.const 16)))
      (core instance $i (instantiate $m))
      (alias core export $i "memory" (core memory $memory))
      (alias core export $i "realloc" (core func $realloc))
      (func (export "f") (param "s" string) (result string) (canon lift (core func $i "f")
        (memory $memory) (realloc $realloc) string-encoding=utf16)))
    (component $outer
      (import "f" (func $f (param "s" string) (result string)))
      (core module $l (memory (export "memory") 1)
        (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024)))
      (core instance $l (instantiate $l))
      (alias core export $l "memory" (core memory $memory))
      (alias core export $l "realloc" (core func $realloc))
      (core func $lowered
        (canon lower (func $f) (memory $memory) (realloc $realloc)
          string-encoding=latin1+utf16))
      (core module $m (import "" "f" (func $f (param i32 i32 i32)))
        (func (export "g") (param i32 i32) (result i32)
          (call $f (local.get 0) (local.get 1) (i32.const 32)) (i32.const 32)))
      (core instance $m (instantiate $m (with "" (instance (export "f" (func $lowered))))))
      (func (export "g") (param "s" string) (result string)
        (canon lift (core func $m "g") (memory $memory) (realloc $realloc)
          string-encoding=latin1+utf16)))
    (instance $inner (instantiate $inner))
    (instance $outer (instantiate $outer (with "f" (func $inner "f"))))
    (export "f" (func $inner "f"))
    (export "g" (func $outer "g")))`);
  for (const text of ['', 'ascii', 'grüße', '€ 5', '😀 pump', 'x'.repeat(300)]) {
    assert.is(call(handle, 'f', text), text);
    assert.is(call(handle, 'g', text), text);
  }
});

test('a call between a component and one that it made traps', async () => {
  const handle = await run(`(component
    (component $child
      (core module $m (func (export "f") (result i32) (i32.const 7)))
      (core instance $i (instantiate $m))
      (func (export "f") (result u32) (canon lift (core func $i "f"))))
    (instance $child (instantiate $child))
    (core func $f (canon lower (func $child "f")))
    (core module $m (import "" "f" (func $f (result i32)))
      (func (export "g") (result i32) (call $f)))
    (core instance $i (instantiate $m (with "" (instance (export "f" (func $f))))))
    (func (export "g") (result u32) (canon lift (core func $i "g")))
    (export "f" (func $child "f")))`);
  assert.is(call(handle, 'f'), 7);
  traps(() => call(handle, 'g'), 'TRAP_ABI');
});

test('more than sixteen parameters go through memory in both directions', async () => {
  const params = Array.from({ length: 17 }, (_, at) => `(param "p${at}" u32)`).join(' ');
  const seen: unknown[] = [];
  const handle = await run(
    `(component
      (import "h" (func $h ${params} (result u64)))
      (core module $l (memory (export "memory") 1)
        (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024)))
      (core instance $l (instantiate $l))
      (alias core export $l "memory" (core memory $memory))
      (alias core export $l "realloc" (core func $realloc))
      (core func $h (canon lower (func $h) (memory $memory)))
      (core module $m (import "" "h" (func $h (param i32) (result i64)))
        (func (export "f") (param i32) (result i64) (call $h (local.get 0))))
      (core instance $m (instantiate $m (with "" (instance (export "h" (func $h))))))
      (func (export "f") ${params} (result u64)
        (canon lift (core func $m "f") (memory $memory) (realloc $realloc))))`,
    hostOf({
      h: (...args) => {
        seen.push(...args);
        return 2n ** 64n - 1n;
      },
    }),
  );
  const sent = Array.from({ length: 17 }, (_, at) => at * 1_000_003);
  assert.is(call(handle, 'f', ...sent), 2n ** 64n - 1n);
  assert.equal(seen, sent);
});

test.run();
