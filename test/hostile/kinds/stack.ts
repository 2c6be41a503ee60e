import { type ControllerParts, controllerText } from '../controller-text.ts';
import { HEATER, type KindEntry, section } from '../kind.ts';

const OVERFLOW = /stack|memory access/;

function overflows(parts: ControllerParts, at: 'call' | 'trial' = 'call'): KindEntry {
  return { component: () => controllerText(parts), stop: { at, words: OVERFLOW } };
}

/** A resource whose destructor drops the next handle: each drop goes through the linker. */
const CHAIN = {
  component: `(core module $d
    (table (export "t") 1 funcref)
    (type $drop (func (param i32)))
    (func (export "drop") (param i32)
      (call_indirect (type $drop) (i32.add (local.get 0) (i32.const 1)) (i32.const 0))))
  (core instance $d (instantiate $d))
  (type $thing (resource (rep i32) (dtor (core func $d "drop"))))
  (core func $new (canon resource.new $thing))
  (core func $drop (canon resource.drop $thing))
  (alias core export $d "t" (core table $t))`,
  coreImports: `(import "host" "new" (func $new (param i32) (result i32)))
    (import "host" "drop" (func $drop (param i32)))
    (import "host" "t" (table 1 funcref))`,
  coreArguments: `(export "new" (func $new)) (export "drop" (func $drop))
      (export "t" (table $t))`,
};

/** Stacks that overflow: in the guest alone, and with the host's frames between. */
export const STACK = section('stack', {
  recurse: overflows({
    guest: '(func $down (param i32) (call $down (i32.add (local.get 0) (i32.const 1))))',
    message: '(call $down (i32.const 0))',
  }),
  'recurse-in-start': overflows(
    { guest: '(func $down (call $down) (nop))', start: '(call $down) (i32.const 16)' },
    'trial',
  ),
  'recurse-in-realloc': overflows({
    guest: '(func $down (result i32) (i32.add (call $down) (i32.const 1)))',
    realloc: '(call $down)',
  }),
  'recurse-with-large-frames': overflows({
    guest: `(func $down (param i32) (local ${'i64 '.repeat(20_000)})
      (local.set 9000 (i64.extend_i32_u (local.get 0)))
      (call $down (i32.wrap_i64 (i64.add (local.get 9000) (i64.const 1)))))`,
    message: '(call $down (i32.const 0))',
  }),
  'recurse-through-a-table': overflows({
    guest: `(type $f (func (param i32) (result i32))) (table 2 funcref) (elem (i32.const 0) $a $b)
    (func $a (type $f)
      (i32.add (i32.const 1) (call_indirect (type $f) (local.get 0) (i32.const 1))))
    (func $b (type $f)
      (i32.add (i32.const 1) (call_indirect (type $f) (local.get 0) (i32.const 0))))`,
    message: '(drop (call $a (i32.const 0)))',
  }),
  'recurse-through-destructors': overflows({
    ...CHAIN,
    guest: `(elem (i32.const 0) func $drop)`,
    message: `(local $n i32)
      (loop
        (local.set $n (call $new (i32.add (local.get $n) (i32.const 1))))
        (br_if 0 (i32.lt_u (local.get $n) (i32.const 60000))))
      (call $drop (i32.const 1))`,
  }),
  'call-the-host-at-the-edge': overflows({
    uses: ['clock'],
    guest: '(func $down (drop (call $now)) (call $down) (nop))',
    message: '(call $down)',
  }),
  'ask-the-gateway-at-the-edge': {
    grants: [HEATER],
    ...overflows({
      uses: ['write'],
      memoryFields: '(data (i32.const 64) "heater")',
      guest: `(func $down (param $depth i32)
      (if (i32.eqz (i32.and (local.get $depth) (i32.const 1023))) (then
        (call $write (i32.const 64) (i32.const 6) (i32.const 0) (i32.const 128))))
      (call $down (i32.add (local.get $depth) (i32.const 1))) (nop))`,
      message: '(call $down (i32.const 0))',
    }),
  },
});
