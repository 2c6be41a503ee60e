import { type ControllerParts, controllerText } from '../controller-text.ts';
import { type KindEntry, section } from '../kind.ts';

function atMessage(words: RegExp, parts: ControllerParts): KindEntry {
  return { component: () => controllerText(parts), stop: { at: 'call', words } };
}

function atTrial(words: RegExp, parts: ControllerParts): KindEntry {
  return { component: () => controllerText(parts), stop: { at: 'trial', words } };
}

function bounded(parts: ControllerParts): KindEntry {
  return { component: () => controllerText(parts), stop: { at: 'bounds' } };
}

/** Logs the text that lies at an address, of a length. */
function logs(at: number, length: number, level = 2): ControllerParts {
  return {
    uses: ['log'],
    memoryFields: '(data (i32.const 64) "\\ff\\fe\\c0\\80\\ed\\a0\\80 text")',
    message: `(call $log (i32.const ${level}) (i32.const 72) (i32.const 4)
      (i32.const ${at}) (i32.const ${length}))`,
  };
}

/** Logs through a `string-encoding` of its own. */
function logsAs(encoding: string, at: number, length: number): ControllerParts {
  return {
    uses: ['log'],
    memoryFields: '(data (i32.const 64) "\\00\\d8\\00\\d8text")',
    component: `(core func $wide
    (canon lower (func $logging "log") (memory $bytes) string-encoding=${encoding}))`,
    coreImports: '(import "host" "wide" (func $wide (param i32 i32 i32 i32 i32)))',
    coreArguments: '(export "wide" (func $wide))',
    message: `(call $wide (i32.const 2) (i32.const 68) (i32.const 2)
      (i32.const ${at}) (i32.const ${length}))`,
  };
}

/** Writes to a line and has the answer put at an address. */
function answeredAt(address: string): ControllerParts {
  return {
    uses: ['write'],
    memoryFields: '(data (i32.const 64) "heater")',
    message: `(call $write (i32.const 64) (i32.const 6) (i32.const 0) ${address})`,
  };
}

/** Puts three words at 128 and returns their address. */
function words(first: number, second: number, third: number): string {
  return `(i32.store (i32.const 128) (i32.const ${first}))
      (i32.store (i32.const 132) (i32.const ${second}))
      (i32.store (i32.const 136) (i32.const ${third}))
      (i32.const 128)`;
}

const OUTSIDE = /outside|beyond|bounds|memory/;
const LATER_HEALTH = '(global $told (mut i32) (i32.const 0))';

/** From the first message on, `health` returns this. */
function laterHealth(address: string): ControllerParts {
  return {
    guest: LATER_HEALTH,
    message: '(global.set $told (i32.const 1))',
    health: `(if (result i32) (global.get $told) (then ${address}) (else (i32.const 32)))`,
  };
}

/** Values that are not what they say. */
export const LIES = section('lies', {
  'string-beyond-memory': atMessage(OUTSIDE, logs(65_530, 100)),
  'string-of-four-gigabytes': atMessage(OUTSIDE, logs(-1, -1)),
  'string-that-is-not-utf8': atMessage(/UTF-8/i, logs(64, 2)),
  'string-with-an-overlong-form': atMessage(/UTF-8/i, logs(66, 2)),
  'string-with-a-surrogate': atMessage(/UTF-8/i, logs(68, 3)),
  'string-of-lone-utf16': atMessage(/UTF-16|surrogate/i, logsAs('utf16', 64, 2)),
  'string-at-an-odd-address': atMessage(/align/, logsAs('utf16', 65, 2)),
  'string-with-a-lying-tag': atMessage(OUTSIDE, logsAs('latin1+utf16', 64, -1)),
  'enum-without-a-case': atMessage(/case|discriminant/, logs(72, 4, 9)),
  'answer-beyond-memory': atMessage(OUTSIDE, answeredAt('(i32.const 65532)')),
  'answer-at-an-odd-address': atMessage(/align/, answeredAt('(i32.const 129)')),
  'payload-beyond-memory': atMessage(OUTSIDE, {
    uses: ['publish'],
    memoryFields: '(data (i32.const 64) "mainsite/flood")',
    message: `(call $publish (i32.const 64) (i32.const 4) (i32.const 68) (i32.const 10)
      (i32.const 65000) (i32.const 60000) (i32.const 0) (i32.const 0) (i32.const 128))`,
  }),
  'realloc-beyond-memory': atMessage(OUTSIDE, { realloc: '(i32.const 65536)' }),
  'realloc-negative': atMessage(OUTSIDE, { realloc: '(i32.const -8)' }),
  'realloc-at-an-odd-address': atMessage(/align/, {
    uses: ['granted'],
    hostRealloc: '(i32.const 4097)',
    message: '(call $granted (i32.const 64))',
  }),
  'realloc-always-the-same': bounded({
    uses: ['granted'],
    realloc: '(i32.const 4096)',
    hostRealloc: '(i32.const 4096)',
    message: '(call $granted (i32.const 4096))',
  }),
  'realloc-that-traps': atMessage(/unreachable/, { realloc: '(unreachable)' }),
  'start-returns-a-wild-address': atTrial(OUTSIDE, { start: '(i32.const -4)' }),
  'start-returns-no-case': atTrial(/case|discriminant/, { start: words(7, 0, 0) }),
  'start-refuses-with-much-text': atTrial(/start-refused/, {
    memory: '20',
    start: words(1, 65_536, 1_000_000),
  }),
  'start-refuses-with-a-wild-text': atTrial(OUTSIDE, { start: words(1, 65_000, 1_000_000) }),
  'health-returns-a-wild-address': atMessage(OUTSIDE, laterHealth('(i32.const 65528)')),
  'health-returns-no-case': atMessage(/case|discriminant/, laterHealth(words(200, 0, 0))),
  'health-returns-a-wild-text': atMessage(OUTSIDE, laterHealth(words(1, 3, -1))),
  'health-speaks-at-length': bounded({
    ...laterHealth(words(1, 65_536, 1_000_000)),
    memory: '20',
  }),
  'division-by-zero': atMessage(/divide by zero|division/i, {
    message: '(drop (i32.div_u (i32.const 1) (i32.const 0)))',
  }),
  'load-beyond-memory': atMessage(OUTSIDE, {
    message: '(drop (i32.load offset=4294967295 (i32.const -1)))',
  }),
  'call-of-another-type': atMessage(/signature|null function|indirect/, {
    guest: '(type $f (func)) (table 1 funcref) (elem (i32.const 0) $g) (func $g (param i64))',
    message: '(call_indirect (type $f) (i32.const 0))',
  }),
  'wait-for-a-wake-up': atMessage(/wait/i, {
    message: `(drop (memory.atomic.wait32 (i32.const 64) (i32.const 0) (i64.const -1)))`,
  }),
  'handle-of-nothing': atMessage(/unknown handle/, {
    component: `(type $thing (resource (rep i32)))
  (core func $drop (canon resource.drop $thing))`,
    coreImports: '(import "host" "drop" (func $drop (param i32)))',
    coreArguments: '(export "drop" (func $drop))',
    message: '(call $drop (i32.const 77))',
  }),
  'handle-dropped-twice': atMessage(/unknown handle/, {
    component: `(type $thing (resource (rep i32)))
  (core func $new (canon resource.new $thing))
  (core func $drop (canon resource.drop $thing))`,
    coreImports: `(import "host" "new" (func $new (param i32) (result i32)))
    (import "host" "drop" (func $drop (param i32)))`,
    coreArguments: '(export "new" (func $new)) (export "drop" (func $drop))',
    message: `(local $h i32) (local.set $h (call $new (i32.const 5)))
      (call $drop (local.get $h)) (call $drop (local.get $h))`,
  }),
});
