import { type ControllerParts, controllerText } from '../controller-text.ts';
import { HEATER, type KindEntry, section } from '../kind.ts';

const FOREVER = '(loop (br 0))';
/** The same where a value is expected. */
const NEVER = `${FOREVER} (unreachable)`;
const DEADLINE = /took longer than \d+ ms/;
const ONCE_TOLD = '(global $told (mut i32) (i32.const 0))';

function atMessage(parts: ControllerParts, words = DEADLINE): KindEntry {
  return { component: () => controllerText(parts), stop: { at: 'call', words } };
}

function atTrial(parts: ControllerParts, words = DEADLINE): KindEntry {
  return { component: () => controllerText(parts), stop: { at: 'trial', words } };
}

/** A resource of the controller's own whose destructor has the given body. */
const DESTRUCTOR = `(core module $d (func (export "drop") (param i32) ${FOREVER}))
  (core instance $d (instantiate $d))
  (type $thing (resource (rep i32) (dtor (core func $d "drop"))))
  (core func $new (canon resource.new $thing))
  (core func $drop (canon resource.drop $thing))`;

/** Loops in every entry point, and loops that do something in each turn. */
export const LOOPS = section('loops', {
  'loop-in-core-start': atTrial(
    { guest: `(func $spin ${FOREVER}) (start $spin)` },
    /not (start|activated) within/,
  ),
  'loop-in-start': atTrial({ start: NEVER }),
  'loop-after-start': atTrial({ afterStart: FOREVER }),
  'loop-in-first-health': atTrial({ health: NEVER }),
  'loop-in-message': atMessage({ message: FOREVER }),
  'loop-after-message': atMessage({ afterMessage: FOREVER }),
  'loop-in-realloc': atMessage({ realloc: NEVER }),
  'loop-in-realloc-for-the-host': atMessage({
    uses: ['granted'],
    hostRealloc: NEVER,
    message: '(call $granted (i32.const 64))',
  }),
  'loop-in-destructor': atMessage({
    component: DESTRUCTOR,
    coreImports: `(import "host" "new" (func $new (param i32) (result i32)))
    (import "host" "drop" (func $drop (param i32)))`,
    coreArguments: '(export "new" (func $new)) (export "drop" (func $drop))',
    message: '(call $drop (call $new (i32.const 7)))',
  }),
  'loop-in-later-health': atMessage({
    guest: ONCE_TOLD,
    message: '(global.set $told (i32.const 1))',
    health: `(if (global.get $told) (then ${FOREVER})) (i32.const 32)`,
  }),
  'loop-in-tick': atMessage({
    uses: ['timer'],
    memoryFields: '(data (i32.const 64) "soon")',
    message: '(call $every (i32.const 64) (i32.const 4) (i32.const 100) (i32.const 128))',
    tick: FOREVER,
  }),
  'loop-in-stop': {
    component: () => controllerText({ stop: FOREVER }),
    stop: { at: 'replacement' },
  },
  'loop-of-branches': atMessage({
    message: `(local $n i32)
      (loop $all
        (block $b (block $a (br_table $a $b (i32.and (local.get $n) (i32.const 1)))))
        (local.set $n (i32.add (local.get $n) (i32.const 1)))
        (br $all))`,
  }),
  'loop-of-clock-readings': atMessage({
    uses: ['clock'],
    message: '(loop (drop (call $now)) (br 0))',
  }),
  'loop-of-random-bytes': atMessage({
    uses: ['random'],
    hostRealloc: '(i32.const 4096)',
    memory: '4',
    message: '(loop (call $random (i64.const 65536) (i32.const 64)) (br 0))',
  }),
  'loop-of-writes': {
    ...atMessage({
      uses: ['write'],
      memoryFields: '(data (i32.const 64) "heater")',
      message: `(loop
      (call $write (i32.const 64) (i32.const 6) (i32.const 1) (i32.const 128)) (br 0))`,
    }),
    grants: [HEATER],
  },
  'loop-of-log-lines': atMessage({
    uses: ['log'],
    message: `(loop
      (call $log (i32.const 2) (i32.const 64) (i32.const 4) (i32.const 64) (i32.const 4))
      (br 0))`,
  }),
});
