import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { call, hostOf, run, traps } from './support.ts';

const test = suite('linker: traps');

/** A guest with one function `f`, of any type, over a memory with `data`. */
function guest(type: string, core: string, data = ''): string {
  return `(component
    (core module $m (memory (export "memory") 1) ${data}
      (global $at (mut i32) (i32.const 4096))
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) (global.get $at))
      (func (export "f") ${core}))
    (core instance $i (instantiate $m))
    (alias core export $i "memory" (core memory $memory))
    (alias core export $i "realloc" (core func $realloc))
    (type $e (enum "a" "b"))
    (export $named "e" (type $e))
    (func (export "f") ${type}
      (canon lift (core func $i "f") (memory $memory) (realloc $realloc))))`;
}

/** A guest that returns an address where these 32-bit words lie. */
function returns(type: string, words: readonly number[], at = 16): string {
  const bytes = words.map(word => {
    const hex = (word >>> 0).toString(16).padStart(8, '0');
    return `\\${hex.slice(6)}\\${hex.slice(4, 6)}\\${hex.slice(2, 4)}\\${hex.slice(0, 2)}`;
  });
  const data = `(data (i32.const 16) "${bytes.join('')}")`;
  return guest(`(result ${type})`, `(result i32) (i32.const ${at})`, data);
}

async function trapsAfter(wat: string, code: 'TRAP_ABI' | 'TRAP_LIMIT' | 'TRAP_GUEST') {
  const handle = await run(wat);
  traps(() => call(handle, 'f'), code);
  assert.ok(handle.dead !== null);
  traps(() => call(handle, 'f'), 'TRAP_DEAD');
}

test('a string must lie within the memory', async () => {
  assert.is(call(await run(returns('string', [65_536, 0])), 'f'), '');
  assert.is(call(await run(returns('string', [65_535, 1])), 'f'), '\0');
  await trapsAfter(returns('string', [65_536, 1]), 'TRAP_ABI');
  await trapsAfter(returns('string', [65_530, 7]), 'TRAP_ABI');
  await trapsAfter(returns('string', [-1, -1]), 'TRAP_ABI');
});

test('a string must be UTF-8', async () => {
  assert.is(call(await run(returns('string', [24, 2, 0xa9c3])), 'f'), 'é');
  await trapsAfter(returns('string', [24, 1, 0xa9c3]), 'TRAP_ABI');
  await trapsAfter(returns('string', [24, 3, 0x80a0ed]), 'TRAP_ABI');
  await trapsAfter(returns('string', [24, 2, 0x80c0]), 'TRAP_ABI');
});

test('a byte order mark stays part of the string', async () => {
  assert.is(call(await run(returns('string', [24, 4, 0x61bfbbef])), 'f'), '\ufeffa');
});

test('a list must lie within the memory and be aligned', async () => {
  assert.equal(call(await run(returns('(list u32)', [65_532, 1])), 'f'), [0]);
  await trapsAfter(returns('(list u32)', [65_532, 2]), 'TRAP_ABI');
  await trapsAfter(returns('(list u32)', [17, 1]), 'TRAP_ABI');
  await trapsAfter(returns('(list u64)', [20, 1]), 'TRAP_ABI');
  await trapsAfter(returns('(list u32)', [16, 0x4000_0001]), 'TRAP_ABI');
});

test('the returned address must be aligned and within the memory', async () => {
  const type = '(tuple u32 u32)';
  assert.equal(call(await run(returns(type, [1, 2])), 'f'), [1, 2]);
  await trapsAfter(returns(type, [1, 2], 17), 'TRAP_ABI');
  await trapsAfter(returns(type, [1, 2], 65_532), 'TRAP_ABI');
  await trapsAfter(returns(type, [1, 2], -8), 'TRAP_ABI');
});

test('a discriminant must name a case', async () => {
  const flat = (value: number): string =>
    guest('(result $named)', `(result i32) (i32.const ${value})`);
  assert.is(call(await run(flat(1)), 'f'), 'b');
  await trapsAfter(flat(2), 'TRAP_ABI');
  await trapsAfter(flat(-1), 'TRAP_ABI');
  assert.equal(call(await run(returns('(option u8)', [0x0101])), 'f'), 1);
  await trapsAfter(returns('(option u8)', [0x0102]), 'TRAP_ABI');
});

test('a character must be a Unicode scalar value', async () => {
  const flat = (value: number): string =>
    guest('(result char)', `(result i32) (i32.const ${value})`);
  assert.is(call(await run(flat(0x10ffff)), 'f'), '\u{10ffff}');
  for (const code of [0x110000, 0xd800, 0xdfff, -1]) await trapsAfter(flat(code), 'TRAP_ABI');
});

test('small integers are cut to their width', async () => {
  const flat = (type: string): string =>
    guest(`(result ${type})`, '(result i32) (i32.const 0x1ff81)');
  assert.is(call(await run(flat('u8')), 'f'), 0x81);
  assert.is(call(await run(flat('s8')), 'f'), -127);
  assert.is(call(await run(flat('u16')), 'f'), 0xff81);
  assert.is(call(await run(flat('s16')), 'f'), -127);
  assert.is(call(await run(flat('bool')), 'f'), true);
});

test('a list that shows one buffer many times exhausts the lift budget', async () => {
  const headers = `(result i32) (local $n i32)
    (loop $next
      (i32.store (i32.add (i32.const 64) (i32.shl (local.get $n) (i32.const 3))) (i32.const 0))
      (i32.store (i32.add (i32.const 68) (i32.shl (local.get $n) (i32.const 3)))
        (i32.const 65536))
      (local.set $n (i32.add (local.get $n) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $n) (i32.const 8000))))
    (i32.store (i32.const 16) (i32.const 64))
    (i32.store (i32.const 20) (i32.const 8000))
    (i32.const 16)`;
  const before = process.memoryUsage().arrayBuffers;
  await trapsAfter(guest('(result (list (list u8)))', headers), 'TRAP_LIMIT');
  assert.ok(process.memoryUsage().arrayBuffers - before < 64 * 1024 * 1024);
});

test('an address that realloc invents is checked', async () => {
  const lying = (at: number): string =>
    guest('(param "s" (list u32))', '(param i32 i32)').replace('const 4096', `const ${at}`);
  call(await run(lying(65_532)), 'f', [1]);
  for (const at of [65_536, 4_097, -4]) {
    const handle = await run(lying(at));
    traps(() => call(handle, 'f', [1]), 'TRAP_ABI');
  }
});

test('unreachable, a division by zero and a stack overflow kill the instance', async () => {
  await trapsAfter(guest('', 'unreachable'), 'TRAP_GUEST');
  const division = '(result i32) (i32.div_u (i32.const 1) (i32.const 0))';
  await trapsAfter(guest('(result u32)', division), 'TRAP_GUEST');
  const handle = await run(guest('', '(call 1)'));
  traps(() => call(handle, 'f'), 'TRAP_STACK');
  traps(() => call(handle, 'f'), 'TRAP_DEAD');
});

/** A guest that calls the host's `h` in a way that is given. */
function calling(body: string, locals = ''): string {
  return `(component
    (import "h" (func $h))
    (core func $lowered (canon lower (func $h)))
    (core module $m (import "" "h" (func $h)) (func (export "f") ${locals} ${body}))
    (core instance $i (instantiate $m
      (with "" (instance (export "h" (func $lowered))))))
    (func (export "f") (canon lift (core func $i "f"))))`;
}

test('a host function that throws kills the instance', async () => {
  const handle = await run(
    calling('(call $h)'),
    hostOf({
      h: () => {
        throw new TypeError('the host fails');
      },
    }),
  );
  const trap = traps(() => call(handle, 'f'), 'TRAP_HOST');
  assert.instance(trap.cause, TypeError);
  assert.is(handle.dead, 'the host fails');
});

test('a guest that swallows the exception is dead all the same', async () => {
  let calls = 0;
  const host = hostOf({
    h: () => {
      calls += 1;
      throw new Error('swallow me');
    },
  });
  const swallow = '(block $out (try_table (catch_all $out) (call $h)))';
  const handle = await run(calling(`${swallow} ${swallow}`), host);
  traps(() => call(handle, 'f'), 'TRAP_DEAD');
  assert.is(calls, 1);
  assert.is(handle.dead, 'swallow me');
});

test('a host function that calls back kills the instance', async () => {
  let back = (): unknown => undefined;
  const handle = await run(calling('(call $h)'), hostOf({ h: () => back() }));
  call(handle, 'f');
  back = () => call(handle, 'f');
  traps(() => call(handle, 'f'), 'TRAP_ABI');
  assert.ok(handle.dead !== null);
});

test('what the host does not provide traps when called and names itself', async () => {
  const handle = await run(calling('(call $h)'));
  const trap = traps(() => call(handle, 'f'), 'TRAP_MISSING');
  assert.match(trap.message, '"h"');
  const idle = await run(calling(''));
  assert.is(call(idle, 'f'), undefined);
});

test('a guest must not call out while it allocates or cleans up', async () => {
  const guestWith = (realloc: string, post: string): string => `(component
    (import "h" (func $h))
    (core func $lowered (canon lower (func $h)))
    (core module $m (import "" "h" (func $h)) (memory (export "memory") 1)
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) ${realloc} (i32.const 8))
      (func (export "f") (param i32 i32) (call $h))
      (func (export "post") ${post}))
    (core instance $i (instantiate $m (with "" (instance (export "h" (func $lowered))))))
    (alias core export $i "memory" (core memory $memory))
    (alias core export $i "realloc" (core func $realloc))
    (alias core export $i "post" (core func $post))
    (func (export "f") (param "s" string)
      (canon lift (core func $i "f") (memory $memory) (realloc $realloc) (post-return $post))))`;
  const host = hostOf({ h: () => undefined });
  call(await run(guestWith('', ''), host), 'f', 'x');
  const allocating = await run(guestWith('(call $h)', ''), host);
  traps(() => call(allocating, 'f', 'x'), 'TRAP_ABI');
  const cleaning = await run(guestWith('', '(call $h)'), host);
  traps(() => call(cleaning, 'f', 'x'), 'TRAP_ABI');
});

test('a trap in a start function fails the activation', async () => {
  const wat = `(component (core module $m (func $s unreachable) (start $s))
    (core instance (instantiate $m)))`;
  let code = '';
  await run(wat).catch(error => {
    code = error.code;
  });
  assert.is(code, 'TRAP_GUEST');
});

test.run();
