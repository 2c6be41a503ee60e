import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { HostFunction, HostImports } from '../../runtime/linker/index.ts';
import { call, run, stageWat, traps } from './support.ts';

const test = suite('linker: resources');

/** A guest that opens a bucket of the host, passes it on, keeps it and drops it. */
const keeper = `(component
  (import "test:kv/store@0.1.0" (instance $store
    (export "bucket" (type $bucket (sub resource)))
    (export "open" (func (param "name" u32) (result (own $bucket))))
    (export "close" (func (param "bucket" (own $bucket))))
    (export "[method]bucket.size" (func (param "self" (borrow $bucket)) (result u32)))))
  (alias export $store "bucket" (type $bucket))
  (core func $open (canon lower (func $store "open")))
  (core func $close (canon lower (func $store "close")))
  (core func $size (canon lower (func $store "[method]bucket.size")))
  (core func $drop (canon resource.drop $bucket))
  (core module $m
    (import "" "open" (func $open (param i32) (result i32)))
    (import "" "close" (func $close (param i32)))
    (import "" "size" (func $size (param i32) (result i32)))
    (import "" "drop" (func $drop (param i32)))
    (export "open" (func $open)) (export "close" (func $close))
    (export "size" (func $size)) (export "drop" (func $drop)))
  (core instance $i (instantiate $m (with "" (instance
    (export "open" (func $open)) (export "close" (func $close))
    (export "size" (func $size)) (export "drop" (func $drop))))))
  (func (export "open") (param "name" u32) (result u32) (canon lift (core func $i "open")))
  (func (export "close") (param "handle" u32) (canon lift (core func $i "close")))
  (func (export "size") (param "handle" u32) (result u32) (canon lift (core func $i "size")))
  (func (export "drop") (param "handle" u32) (canon lift (core func $i "drop"))))`;

function storeHost(): { readonly host: HostImports; readonly seen: string[] } {
  const seen: string[] = [];
  const functions: Readonly<Record<string, HostFunction>> = {
    open: name => 1_000 + Number(name),
    close: bucket => {
      seen.push(`close ${bucket}`);
    },
    '[method]bucket.size': bucket => Number(bucket) * 2,
  };
  const host: HostImports = new Map([
    [
      'test:kv/store@0.1.7',
      {
        functions: new Map(Object.entries(functions)),
        dropResource: (resource, representation) => seen.push(`drop ${resource} ${representation}`),
      },
    ],
  ]);
  return { host, seen };
}

test('the guest sees handles, the host its own representations', async () => {
  const { host, seen } = storeHost();
  const handle = await run(keeper, host);
  const first = call(handle, 'open', 5);
  const second = call(handle, 'open', 6);
  assert.equal([first, second], [1, 2]);
  assert.is(call(handle, 'size', 1), 2_010);
  call(handle, 'close', 1);
  assert.equal(seen, ['close 1005']);
  assert.is(call(handle, 'open', 7), 1);
  call(handle, 'drop', 2);
  assert.equal(seen, ['close 1005', 'drop bucket 1006']);
});

test('a handle that was given away, dropped or never given traps', async () => {
  for (const [name, bad] of [
    ['size', 0],
    ['size', 2],
    ['drop', 2],
    ['close', 99],
    ['size', 4_294_967_295],
  ] as const) {
    const { host } = storeHost();
    const handle = await run(keeper, host);
    call(handle, 'open', 1);
    traps(() => call(handle, name, bad), 'TRAP_ABI');
  }
  const { host } = storeHost();
  const handle = await run(keeper, host);
  call(handle, 'open', 1);
  call(handle, 'close', 1);
  traps(() => call(handle, 'size', 1), 'TRAP_ABI');
});

test('closing drops what the guest still owns', async () => {
  const { host, seen } = storeHost();
  const handle = await run(keeper, host);
  call(handle, 'open', 1);
  call(handle, 'open', 2);
  handle.close();
  assert.equal(seen, ['drop bucket 1001', 'drop bucket 1002']);
});

test('what the host fails to drop keeps nothing else; nothing is dropped twice', async () => {
  const { host, seen } = storeHost();
  const [entry] = host.entries();
  if (entry === undefined) throw new Error('no host interface');
  const [name, provided] = entry;
  const dropResource = (resource: string, representation: number): void => {
    if (representation === 1_001) throw new Error('busy');
    provided.dropResource?.(resource, representation);
  };
  const handle = await run(keeper, new Map([[name, { ...provided, dropResource }]]));
  for (const each of [1, 2, 3]) call(handle, 'open', each);
  traps(() => handle.close(), 'TRAP_HOST');
  assert.equal(seen, ['drop bucket 1002', 'drop bucket 1003']);
  handle.close();
  assert.is(seen.length, 2);
});

test('an instance that died gives the host its resources back', async () => {
  const { host, seen } = storeHost();
  const handle = await run(keeper, host);
  call(handle, 'open', 1);
  traps(() => call(handle, 'size', 99), 'TRAP_ABI');
  assert.equal(seen, []);
  handle.close();
  assert.equal(seen, ['drop bucket 1001']);
});

test('handles are bounded', async () => {
  const { host } = storeHost();
  const handle = await run(keeper, host, { handlesMax: 2 });
  call(handle, 'open', 1);
  call(handle, 'open', 1);
  traps(() => call(handle, 'open', 1), 'TRAP_LIMIT');
});

test('an interface of another semver track is not provided', async () => {
  const { host } = storeHost();
  const [provided] = host.values();
  if (provided === undefined) throw new Error('no host interface');
  const handle = await run(keeper, new Map([['test:kv/store@0.2.0', provided]]));
  traps(() => call(handle, 'open', 1), 'TRAP_MISSING');
});

test('the shape names the resource and who declares it', async () => {
  const { shape } = await stageWat(keeper);
  assert.equal(shape.imports[0]?.resources, ['bucket']);
  assert.equal(shape.imports[0]?.functions[0]?.result, { kind: 'own', resource: 'bucket' });
});

/** A component with a resource of its own, and one that uses it; both in one component. */
const composed = `(component
  (component $maker
    (core module $d
      (global $dropped (mut i32) (i32.const 0))
      (func (export "drop") (param i32)
        (global.set $dropped (i32.add (global.get $dropped) (local.get 0))))
      (func (export "dropped") (result i32) (global.get $dropped)))
    (core instance $d (instantiate $d))
    (type $thing (resource (rep i32) (dtor (core func $d "drop"))))
    (core func $new (canon resource.new $thing))
    (core func $rep (canon resource.rep $thing))
    (core module $m
      (import "" "new" (func $new (param i32) (result i32)))
      (func (export "make") (param i32) (result i32) (call $new (local.get 0)))
      (func (export "read") (param i32) (result i32) (local.get 0)))
    (core instance $m (instantiate $m (with "" (instance (export "new" (func $new))))))
    (export $out "thing" (type $thing))
    (func (export "make") (param "value" u32) (result (own $out))
      (canon lift (core func $m "make")))
    (func (export "read") (param "self" (borrow $out)) (result u32)
      (canon lift (core func $m "read")))
    (func (export "dropped") (result u32) (canon lift (core func $d "dropped"))))
  (component $user
    (import "thing" (type $thing (sub resource)))
    (import "make" (func $make (param "value" u32) (result (own $thing))))
    (import "read" (func $read (param "self" (borrow $thing)) (result u32)))
    (core func $make (canon lower (func $make)))
    (core func $read (canon lower (func $read)))
    (core func $drop (canon resource.drop $thing))
    (core module $m
      (import "" "make" (func $make (param i32) (result i32)))
      (import "" "read" (func $read (param i32) (result i32)))
      (import "" "drop" (func $drop (param i32)))
      (func (export "use") (param i32) (result i32)
        (local $handle i32) (local $value i32)
        (local.set $handle (call $make (local.get 0)))
        (local.set $value (call $read (local.get $handle)))
        (call $drop (local.get $handle))
        (local.get $value)))
    (core instance $m (instantiate $m (with "" (instance
      (export "make" (func $make)) (export "read" (func $read)) (export "drop" (func $drop))))))
    (func (export "use") (param "value" u32) (result u32) (canon lift (core func $m "use"))))
  (instance $maker (instantiate $maker))
  (instance $user (instantiate $user
    (with "thing" (type $maker "thing"))
    (with "make" (func $maker "make"))
    (with "read" (func $maker "read"))))
  (export "use" (func $user "use"))
  (export "dropped" (func $maker "dropped")))`;

test('a component uses the resource of another, whose destructor runs', async () => {
  const handle = await run(composed);
  assert.is(call(handle, 'use', 41), 41);
  assert.is(call(handle, 'use', 1), 1);
  assert.is(call(handle, 'dropped'), 42);
});

test.run();
