import { controllerText } from '../controller-text.ts';
import { type KindEntry, section } from '../kind.ts';

const OVER_BUDGET = /lifts over \d+ bytes/;

/** Writes `count` headers at 131072, each of which shows the same `bytes` bytes. */
function headers(count: number, bytes: number): string {
  return `(local $n i32)
      (loop $next
        (i32.store (i32.add (i32.const 131072) (i32.shl (local.get $n) (i32.const 3)))
          (i32.const 65536))
        (i32.store (i32.add (i32.const 131076) (i32.shl (local.get $n) (i32.const 3)))
          (i32.const ${bytes}))
        (local.set $n (i32.add (local.get $n) (i32.const 1)))
        (br_if $next (i32.lt_u (local.get $n) (i32.const ${count}))))`;
}

/** A controller that gives values to an import which nobody provides. */
function toAnImport(type: string, body: string, words = OVER_BUDGET): KindEntry {
  return {
    component: () =>
      controllerText({
        uses: [],
        memory: '40',
        component: `(import "wasi:http/outgoing-handler@0.2.0" (instance $http
    (export "handle" (func (param "all" ${type})))))
  (core func $handle (canon lower (func $http "handle") (memory $bytes)))`,
        coreImports: '(import "host" "handle" (func $handle (param i32 i32)))',
        coreArguments: '(export "handle" (func $handle))',
        message: body,
      }),
    stop: { at: 'call', words },
  };
}

/** A controller that gives values to a component of its own, through the linker. */
function toAnInner(type: string, body: string, words = OVER_BUDGET): KindEntry {
  return {
    component: () =>
      controllerText({
        memory: '40',
        component: `(component $sink
    (core module $m (memory (export "memory") 1)
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 8))
      (func (export "take") (param i32 i32)))
    (core instance $i (instantiate $m))
    (alias core export $i "memory" (core memory $memory))
    (alias core export $i "realloc" (core func $realloc))
    (func (export "take") (param "all" ${type})
      (canon lift (core func $i "take") (memory $memory) (realloc $realloc))))
  (instance $sink (instantiate $sink))
  (core func $take (canon lower (func $sink "take") (memory $bytes)))`,
        coreImports: '(import "host" "take" (func $take (param i32 i32)))',
        coreArguments: '(export "take" (func $take))',
        message: body,
      }),
    stop: { at: 'call', words },
  };
}

/** Little guest memory that becomes much on the host's side. */
export const AMPLIFICATION = section('amplification', {
  'alias-lists-of-bytes': toAnImport(
    '(list (list u8))',
    `${headers(8_000, 65_536)} (call $handle (i32.const 131072) (i32.const 8000))`,
  ),
  'alias-strings': toAnImport(
    '(list string)',
    `${headers(8_000, 65_536)} (call $handle (i32.const 131072) (i32.const 8000))`,
  ),
  'alias-lists-into-a-component': toAnInner(
    '(list (list u8))',
    `${headers(8_000, 65_536)} (call $take (i32.const 131072) (i32.const 8000))`,
  ),
  'alias-lists-of-tuples': toAnInner(
    '(list (list (tuple u8 u8)))',
    `${headers(8_000, 8_192)} (call $take (i32.const 131072) (i32.const 8000))`,
  ),
  'many-empty-lists': toAnImport(
    '(list (list u8))',
    '(call $handle (i32.const 131072) (i32.const 120000))',
    /lifts over|over \d+ bytes|not provided/,
  ),
  'many-tuples-of-one-byte': toAnImport(
    '(list (tuple u8))',
    '(call $handle (i32.const 65536) (i32.const 1000000))',
  ),
  'many-flags-and-options': toAnImport(
    '(list (tuple (option bool) (option bool) (option bool) (option bool)))',
    '(call $handle (i32.const 65536) (i32.const 120000))',
  ),
  'list-over-the-bound-of-a-value': toAnImport(
    '(list u8)',
    '(call $handle (i32.const 65536) (i32.const 1048577))',
    /over 1048576 bytes|1048576/,
  ),
});
