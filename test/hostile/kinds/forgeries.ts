import { watBinary } from '../../../scripts/guests/wat-io.ts';
import { aroundCore, componentOf, leb } from '../binary.ts';
import { controllerText } from '../controller-text.ts';
import { type HostileKind, type KindEntry, section } from '../kind.ts';

type Code = 'LINK_INVALID' | 'LINK_MALFORMED' | 'LINK_UNSUPPORTED' | 'LINK_LIMIT' | 'LINK_CORE';

function refused(text: string, code: Code, words = /./): KindEntry {
  return { component: () => text, stop: { at: 'link', code, words } };
}

function raw(bytes: readonly number[], code: Code, words = /./): KindEntry {
  return {
    component: () => componentOf(bytes),
    stop: { at: 'link', code, words },
  };
}

/** A component that imports a type under a name, given in bytes. */
function named(name: string | readonly number[], code: Code, words = /./): KindEntry {
  const bytes = typeof name === 'string' ? [...Buffer.from(name, 'utf8')] : name;
  const body = [1, 0x00, ...leb(bytes.length), ...bytes, 0x03, 0x01];
  return raw([10, ...leb(body.length), ...body], code, words);
}

/** Names that mean something elsewhere, or that look like others. */
export const NAMES = section('names', {
  'name-too-long': named('a'.repeat(257), 'LINK_LIMIT', /name/),
  'name-of-a-prototype': named('__proto__', 'LINK_INVALID'),
  'name-that-is-empty': named('', 'LINK_INVALID'),
  'name-with-a-quote': named("a'+process.exit()+'", 'LINK_INVALID'),
  'name-with-a-line-end': named('a\nb', 'LINK_INVALID'),
  'name-in-other-letters': named('а', 'LINK_INVALID'),
  'name-that-is-not-utf8': named([0x61, 0xff], 'LINK_MALFORMED', /UTF-8/),
  'name-with-a-lone-surrogate': named([0x61, 0xed, 0xa0, 0x80], 'LINK_MALFORMED', /UTF-8/),
  'name-that-fetches': named('url=<https://example.com/a.wasm>', 'LINK_INVALID'),
  'name-with-a-locked-dependency': named('locked-dep=<a:b@1.0.0>', 'LINK_INVALID'),
  'names-that-collide': refused(
    '(component (import "ab-c" (func)) (import "AB-C" (func)))',
    'LINK_INVALID',
  ),
  'name-twice': refused('(component (import "a" (func)) (import "a" (func)))', 'LINK_INVALID'),
  'core-names-of-prototypes': {
    component: () =>
      controllerText({
        component: `(core module $odd
    (func (export "__proto__")) (func (export "constructor")) (func (export "then"))
    (func (export "toString")) (func (export "'];process.exit();//")))
  (core instance $odd (instantiate $odd))
  (core module $user
    (import "__proto__" "__proto__" (func)) (import "__proto__" "then" (func))
    (import "__proto__" "constructor" (func)) (import "constructor" "toString" (func))
    (import "constructor" "'];process.exit();//" (func)))
  (core instance (instantiate $user
    (with "__proto__" (instance $odd)) (with "constructor" (instance $odd))))`,
      }),
    stop: { at: 'bounds' },
  },
  'core-name-too-long': refused(
    `(component (core module (func (export "${'a'.repeat(1_025)}"))))`,
    'LINK_LIMIT',
    /name/,
  ),
  'method-of-nothing': named('[method]a.b', 'LINK_INVALID'),
});

/** A lift of a function, with one lie about it. */
function lift(core: string, type: string, options = ''): string {
  return `(component
    (core module $m (memory (export "memory") 1)
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 0))
      (func (export "short") (param i32) (result i32) (i32.const 0))
      (func (export "post") (param i64))
      (func (export "f") ${core}))
    (core instance $i (instantiate $m))
    (alias core export $i "memory" (core memory $memory))
    (alias core export $i "realloc" (core func $realloc))
    (alias core export $i "short" (core func $short))
    (alias core export $i "post" (core func $post))
    (func (export "f") ${type} (canon lift (core func $i "f") ${options})))`;
}

/** Core functions that are not what the component says of them. */
export const SIGNATURES = section('signatures', {
  'lift-with-fewer-parameters': refused(lift('', '(param "a" u32)'), 'LINK_INVALID'),
  'lift-with-more-parameters': refused(lift('(param i32)', ''), 'LINK_INVALID'),
  'lift-with-a-wider-result': refused(
    lift('(result i64) (i64.const 0)', '(result u32)'),
    'LINK_INVALID',
  ),
  'lift-with-two-results': refused(
    lift('(result i32 i32) (i32.const 0) (i32.const 0)', '(result u32)'),
    'LINK_INVALID',
  ),
  'lift-without-memory': refused(
    lift('(result i32) (i32.const 0)', '(result string)'),
    'LINK_INVALID',
    /memory/,
  ),
  'lift-without-realloc': refused(
    lift('(param i32 i32)', '(param "a" string)', '(memory $memory)'),
    'LINK_INVALID',
    /realloc/,
  ),
  'realloc-of-another-type': refused(
    lift('(param i32 i32)', '(param "a" string)', '(memory $memory) (realloc $short)'),
    'LINK_INVALID',
    /realloc/,
  ),
  'post-return-of-another-type': refused(
    lift('(result i32) (i32.const 0)', '(result u32)', '(post-return $post)'),
    'LINK_INVALID',
    /post/,
  ),
  'lowered-into-another-type': refused(
    `(component (import "a" (func $f (param "x" u32)))
      (core func $f (canon lower (func $f)))
      (core module $m (import "" "f" (func (param i64))))
      (core instance (instantiate $m (with "" (instance (export "f" (func $f)))))))`,
    'LINK_INVALID',
  ),
  'destructor-of-another-type': refused(
    `(component (core module $m (func (export "d") (param i64)))
      (core instance $i (instantiate $m))
      (type (resource (rep i32) (dtor (core func $i "d")))))`,
    'LINK_INVALID',
  ),
  'memory-smaller-than-imported': refused(
    `(component (core module $a (memory (export "m") 1))
      (core instance $a (instantiate $a))
      (core module $b (import "a" "m" (memory 5)))
      (core instance (instantiate $b (with "a" (instance $a)))))`,
    'LINK_INVALID',
  ),
  'export-that-is-not-there': refused(
    `(component (core module $m) (core instance $i (instantiate $m))
      (alias core export $i "f" (core func)))`,
    'LINK_INVALID',
  ),
  'code-of-another-type': {
    component: () =>
      '(component (core module (func (result i32) (i64.const 1)))\n' +
      '(core instance (instantiate 0)))',
    stop: { at: 'compile', words: /type|expected/ },
  },
});

/** The smallest component with an instantiated module, for what is changed in its bytes. */
async function small(): Promise<Uint8Array> {
  return watBinary('(component (core module (func)) (core instance (instantiate 0)))');
}

function changed(change: (bytes: Uint8Array) => Uint8Array, stop: HostileKind['stop']): KindEntry {
  return { component: async () => change(await small()), stop };
}

const MALFORMED = { at: 'link', code: 'LINK_MALFORMED', words: /./ } as const;

/** Bytes that are no component. */
export const FORGED_BYTES = section('forged bytes', {
  'bytes-of-noise': raw(
    Array.from({ length: 4_096 }, () => 0x5a),
    'LINK_MALFORMED',
  ),
  'bytes-cut-off': changed(bytes => bytes.subarray(0, bytes.length - 2), MALFORMED),
  'bytes-behind-the-end': changed(bytes => Buffer.concat([bytes, Buffer.of(0)]), MALFORMED),
  'sections-of-a-core-module': raw([1, 4, 1, 0x60, 0, 0], 'LINK_MALFORMED'),
  'section-longer-than-the-file': raw([1, 0xff, 0xff, 0xff, 0xff, 0x0f], 'LINK_MALFORMED'),
  'count-beyond-the-section': raw([7, 1, 0x7f], 'LINK_MALFORMED', /beyond the end/),
  'number-without-end': raw([7, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00], 'LINK_MALFORMED', /integer/),
  'section-of-no-kind': raw([0x2a, 0], 'LINK_MALFORMED', /unknown section/),
  'start-section': refused('(component (import "f" (func $f)) (start $f))', 'LINK_UNSUPPORTED'),
  'async-lift': raw([8, 2, 1, 0x05], 'LINK_UNSUPPORTED', /asynchronous/),
  'core-type-section': refused('(component (core type (func)))', 'LINK_UNSUPPORTED', /core types/),
  'code-without-functions': {
    component: () => aroundCore([10, 4, 1, 2, 0, 0x0b]),
    stop: { at: 'compile', words: /function|code/ },
  },
  'functions-without-code': {
    component: () => aroundCore([1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0]),
    stop: { at: 'compile', words: /function|code/ },
  },
  'sections-out-of-order': {
    component: () => aroundCore([3, 1, 0, 1, 1, 0]),
    stop: { at: 'link', code: 'LINK_MALFORMED', words: /out of order/ },
  },
});

const GUESTS = controllerText({});

/** Components that are in order, and not what a gateway runs. */
export const CONTRACTS = section('contract', {
  'exports-nothing': {
    component: () => '(component)',
    stop: { at: 'contract', words: /does not export airssys:lifecycle/ },
  },
  'exports-another-type': {
    component: () =>
      GUESTS.replace(
        '(func $stop (param "deadline-ms" u32)',
        '(func $stop (param "deadline-ms" s32)',
      ).replace(
        '(import "b" (func $stop (param "deadline-ms" u32)))',
        '(import "b" (func $stop (param "deadline-ms" s32)))',
      ),
    stop: { at: 'contract', words: /"stop" with other parameters/ },
  },
  'imports-of-no-contract': {
    component: () =>
      GUESTS.replace('(component', '(component (import "evil:root/shell@1.0.0" (instance))'),
    stop: { at: 'contract', words: /evil:root\/shell/ },
  },
  'imports-what-it-does-not-request': {
    component: () =>
      GUESTS.replace(
        '(component',
        `(component (import "wasi:keyvalue/store@0.2.0-draft2" (instance))`,
      ),
    stop: { at: 'contract', words: /keyvalue/ },
  },
});
