import { type ControllerParts, controllerText } from '../controller-text.ts';
import { HEATER, type KindEntry, section } from '../kind.ts';

/** An import that nobody provides: calling it kills. */
const MISSING: ControllerParts = {
  component: `(import "wasi:sockets/network@0.2.0" (instance $net
    (export "open" (func))))
  (core func $open (canon lower (func $net "open")))`,
  coreImports: '(import "host" "open" (func $open))',
  coreArguments: '(export "open" (func $open))',
};

const NOT_GRANTED = /"open" is not provided/;

function swallows(body: string, words = NOT_GRANTED, more: ControllerParts = {}): KindEntry {
  const parts = { ...MISSING, ...more, message: body };
  const grants = more.uses?.includes('write') ? [HEATER] : [];
  return { component: () => controllerText(parts), stop: { at: 'call', words }, grants };
}

const SWALLOW = '(block $out (try_table (catch_all $out) (call $open)))';

/** Goes on after a host call that killed the instance. */
export const SWALLOWING = section('swallowing', {
  'swallow-a-missing-import': swallows(SWALLOW),
  'swallow-and-write': swallows(
    `${SWALLOW}
      (call $write (i32.const 64) (i32.const 6) (i32.const 1) (i32.const 128))`,
    NOT_GRANTED,
    { uses: ['write'], memoryFields: '(data (i32.const 64) "heater")' },
  ),
  'swallow-in-a-loop': swallows(
    '(loop $again (block $out (try_table (catch_all $out) (call $open))) (br $again))',
    /"open" is not provided|took longer than/,
  ),
  'swallow-a-wild-string': swallows(
    `(block $out (try_table (catch_all $out)
        (call $log (i32.const 2) (i32.const -1) (i32.const 9) (i32.const 0) (i32.const 0))))
      (call $log (i32.const 2) (i32.const 64) (i32.const 4) (i32.const 64) (i32.const 4))`,
    /memory|bounds|outside/,
    { uses: ['log'] },
  ),
  'swallow-at-the-edge-of-the-stack': swallows(
    '(call $down)',
    /stack|not provided|memory access|took longer than/,
    {
      guest: `(func $down
      (block $out (try_table (catch_all $out) (call $open)))
      (block $out (try_table (catch_all $out) (call $down))))`,
    },
  ),
  'swallow-with-a-reference': swallows(
    `(block $out (result exnref)
        (try_table (catch_all_ref $out) (call $open)) (unreachable)) (throw_ref)`,
    NOT_GRANTED,
  ),
});

function reenters(parts: ControllerParts, words: RegExp): KindEntry {
  return { component: () => controllerText(parts), stop: { at: 'call', words } };
}

const SAY = '(call $log (i32.const 2) (i32.const 64) (i32.const 4) (i32.const 64) (i32.const 4))';
const CALLS_OUT = /calls out while it allocates or cleans up/;

/** Calls where none may be made. */
export const REENTRANCE = section('re-entrance', {
  'call-out-of-realloc': reenters({ uses: ['log'], realloc: `${SAY} (i32.const 4096)` }, CALLS_OUT),
  'call-out-after-a-call': reenters({ uses: ['log'], afterMessage: SAY }, CALLS_OUT),
  'call-out-of-realloc-for-the-host': reenters(
    {
      uses: ['log', 'granted'],
      memoryFields: `(type $log (func (param i32 i32 i32 i32 i32)))
    (table (export "table") 1 funcref)`,
      hostRealloc: `(call_indirect (type $log) (i32.const 2) (i32.const 64) (i32.const 4)
        (i32.const 64) (i32.const 4) (i32.const 0)) (i32.const 4096)`,
      coreImports: '(import "memory" "table" (table 1 funcref))',
      guest: '(elem (i32.const 0) func $log)',
      message: '(call $granted (i32.const 64))',
    },
    CALLS_OUT,
  ),
  'call-back-from-a-component': reenters(
    {
      component: `(core module $p (func (export "hear")))
  (core instance $p (instantiate $p))
  (func $hear (canon lift (core func $p "hear")))
  (component $child
    (import "hear" (func $hear))
    (core func $hear (canon lower (func $hear)))
    (core module $m (import "" "hear" (func $hear)) (func (export "tell") (call $hear)))
    (core instance $i (instantiate $m (with "" (instance (export "hear" (func $hear))))))
    (func (export "tell") (canon lift (core func $i "tell"))))
  (instance $child (instantiate $child (with "hear" (func $hear))))
  (core func $tell (canon lower (func $child "tell")))`,
      coreImports: '(import "host" "tell" (func $tell))',
      coreArguments: '(export "tell" (func $tell))',
      message: '(call $tell)',
    },
    /component and one that it made|entered while it runs/,
  ),
  'call-a-component-that-it-made': reenters(
    {
      component: `(component $keeper
    (type $thing (resource (rep i32)))
    (core func $new (canon resource.new $thing))
    (core module $m (import "" "new" (func $new (param i32) (result i32)))
      (func (export "make") (result i32) (call $new (i32.const 3)))
      (func (export "keep") (param i32)))
    (core instance $i (instantiate $m (with "" (instance (export "new" (func $new))))))
    (export $out "thing" (type $thing))
    (func (export "make") (result (own $out)) (canon lift (core func $i "make"))))
  (instance $keeper (instantiate $keeper))
  (alias export $keeper "thing" (type $thing))
  (component $borrower
    (import "thing" (type $thing (sub resource)))
    (core module $m (func (export "keep") (param i32)))
    (core instance $i (instantiate $m))
    (func (export "keep") (param "it" (borrow $thing)) (canon lift (core func $i "keep"))))
  (instance $borrower (instantiate $borrower (with "thing" (type $thing))))
  (core func $make (canon lower (func $keeper "make")))
  (core func $keep (canon lower (func $borrower "keep")))`,
      coreImports: `(import "host" "make" (func $make (result i32)))
    (import "host" "keep" (func $keep (param i32)))`,
      coreArguments: '(export "make" (func $make)) (export "keep" (func $keep))',
      message: '(call $keep (call $make))',
    },
    /component and one that it made/,
  ),
  'write-before-the-start': {
    component: () =>
      controllerText({
        uses: ['write'],
        memoryFields: '(data (i32.const 64) "heater")',
        guest: `(func $early
      (call $write (i32.const 64) (i32.const 6) (i32.const 1) (i32.const 128))) (start $early)`,
        start: '(unreachable)',
      }),
    stop: { at: 'trial', words: /unreachable/ },
    grants: [HEATER],
  },
});
