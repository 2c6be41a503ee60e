import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { transpile } from '@bytecodealliance/jco';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { ValueType } from '../../runtime/base/value-type.ts';
import { camelCase } from '../../runtime/base/value-type.ts';
import { DEFAULT_LINK_LIMITS, stageComponent } from '../../runtime/linker/index.ts';
import { activate, binaryOf, hostOf, seededRandom, seedOf } from './support.ts';

const test = suite('linker: the same answers as jco');
const TYPES = 16;
const VALUES_PER_TYPE = 6;
const NUMBERS = ['u8', 's8', 'u16', 's16', 'u32', 's32', 'f32', 'f64'] as const;

type Random = (below: number) => number;

function randomType(random: Random, depth: number): ValueType {
  const choice = random(depth === 0 ? 4 : 11);
  const inner = (): ValueType => randomType(random, depth - 1);
  const names = Array.from({ length: 1 + random(4) }, (_, at) => `part-${'abcdef'[at]}`);
  switch (choice) {
    case 0:
    case 1:
      return { kind: NUMBERS[random(NUMBERS.length)] ?? 'u8' };
    case 2:
      return { kind: (['bool', 'char', 'u64', 's64'] as const)[random(4)] ?? 'bool' };
    case 3:
      return { kind: 'string' };
    case 4:
      return { kind: 'list', element: inner() };
    case 5:
      return { kind: 'record', fields: names.map(name => ({ name, type: inner() })) };
    case 6:
      return { kind: 'tuple', items: names.map(inner) };
    case 7:
      return {
        kind: 'variant',
        cases: names.map(name => ({ name, type: random(3) === 0 ? null : inner() })),
      };
    case 8:
      return { kind: random(2) === 0 ? 'enum' : 'flags', names };
    case 9:
      return { kind: 'option', value: inner() };
    default:
      return { kind: 'result', ok: random(3) === 0 ? null : inner(), err: inner() };
  }
}

/** Writes type definitions for `type` to `lines`; returns how to refer to it. */
function define(type: ValueType, lines: string[]): string {
  const refer = (inner: ValueType): string => define(inner, lines);
  const optional = (inner: ValueType | null): string => (inner === null ? '' : refer(inner));
  let text: string;
  switch (type.kind) {
    case 'list':
      text = `(list ${refer(type.element)})`;
      break;
    case 'record':
      text = `(record ${type.fields.map(f => `(field "${f.name}" ${refer(f.type)})`).join(' ')})`;
      break;
    case 'tuple':
      text = `(tuple ${type.items.map(refer).join(' ')})`;
      break;
    case 'variant':
      text = `(variant ${type.cases.map(c => `(case "${c.name}" ${optional(c.type)})`).join(' ')})`;
      break;
    case 'enum':
    case 'flags':
      text = `(${type.kind} ${type.names.map(name => `"${name}"`).join(' ')})`;
      break;
    case 'option':
      text = `(option ${refer(type.value)})`;
      break;
    case 'result':
      text = type.err === null ? '' : `(error ${refer(type.err)})`;
      text = `(result ${optional(type.ok)} ${text})`;
      break;
    default:
      return type.kind;
  }
  const plain = `$t${lines.length}`;
  lines.push(`(type ${plain} ${text})`);
  if (!['record', 'variant', 'enum', 'flags'].includes(type.kind)) return plain;
  // Named types must be exported before a function may mention them.
  const named = `$n${lines.length}`;
  lines.push(`(import "type-${lines.length}" (type ${named} (eq ${plain})))`);
  return named;
}

function randomValue(type: ValueType, random: Random): unknown {
  const sub = (inner: ValueType): unknown => randomValue(inner, random);
  switch (type.kind) {
    case 'bool':
      return random(2) === 1;
    case 'u64':
      return [0n, 1n, 2n ** 64n - 1n, 2n ** 63n][random(4)];
    case 's64':
      return [0n, -1n, -(2n ** 63n), 2n ** 63n - 1n][random(4)];
    case 'f32':
      return [0, -1.5, Number.POSITIVE_INFINITY, Math.fround(0.1)][random(4)];
    case 'f64':
      return [0, 1e300, Number.NEGATIVE_INFINITY, 0.1][random(4)];
    case 'char':
      return ['a', 'é', '€', '😀'][random(4)];
    case 'string':
      return ['', 'ascii', 'grüße €', '😀'.repeat(random(40)), 'x'.repeat(random(100))][random(5)];
    case 'list': {
      const length = random(4);
      if (type.element.kind === 'u8') return new Uint8Array(length).map(() => random(256));
      return Array.from({ length }, () => sub(type.element));
    }
    case 'record':
      return Object.fromEntries(type.fields.map(f => [camelCase(f.name), sub(f.type)]));
    case 'tuple':
      return type.items.map(sub);
    case 'variant': {
      const { name, type: payload } = type.cases[random(type.cases.length)] ?? {};
      return payload ? { tag: name, val: sub(payload) } : { tag: name };
    }
    case 'enum':
      return type.names[random(type.names.length)];
    case 'flags':
      return Object.fromEntries(type.names.map(name => [camelCase(name), random(2) === 1]));
    case 'option': {
      const some = random(2) === 1;
      if (type.value.kind !== 'option') return some ? sub(type.value) : undefined;
      return some ? { tag: 'some', val: sub(type.value) } : { tag: 'none' };
    }
    case 'result': {
      const [tag, payload] = random(2) === 0 ? ['ok', type.ok] : ['err', type.err];
      return { tag, val: payload && typeof payload === 'object' ? sub(payload) : undefined };
    }
    case 'own':
    case 'borrow':
      return 0;
    default:
      return { u8: 255, s8: -128, u16: 65_535, s16: -1, u32: 4_294_967_295, s32: -5 }[type.kind];
  }
}

/** jco gives numeric lists as typed arrays and spells absent payloads its own way. */
function normal(value: unknown): unknown {
  if (value instanceof Uint8Array) return value;
  if (ArrayBuffer.isView(value) && 'length' in value) return Array.from(Object.values(value));
  if (Array.isArray(value)) return value.map(normal);
  if (typeof value !== 'object' || value === null) return value ?? undefined;
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
  return Object.fromEntries(entries.map(([key, inner]) => [key, normal(inner)]));
}

/** A component that hands each value from its caller to the host and back, through memory. */
function passThrough(types: readonly ValueType[]): string {
  const lines: string[] = [];
  const refs = types.map(type => define(type, lines));
  const each = (text: (at: number) => string): string => types.map((_, at) => text(at)).join('\n');
  const pad = `(type $pad (tuple ${'u32 '.repeat(17)}))`;
  const signature = (at: number): string =>
    `(param "v" ${refs[at]}) (param "pad" $pad) (result $r${at})`;
  return `(component ${pad} ${lines.join('\n')}
    ${each(at => `(type $r${at} (tuple ${refs[at]} u32))`)}
    ${each(at => `(import "h${at}" (func $h${at} ${signature(at)}))`)}
    (core module $l (memory (export "memory") 4) (global $next (mut i32) (i32.const 65536))
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) (local $at i32)
        (local.set $at (i32.and (i32.add (global.get $next) (i32.const 15)) (i32.const -16)))
        (global.set $next (i32.add (local.get $at) (local.get 3)))
        (if (i32.gt_u (global.get $next) (i32.const 200000)) (then
          (global.set $next (i32.const 65536))))
        (local.get $at)))
    (core instance $l (instantiate $l))
    (alias core export $l "memory" (core memory $memory))
    (alias core export $l "realloc" (core func $realloc))
    ${each(
      at => `(core func $c${at} (canon lower (func $h${at})
      (memory $memory) (realloc $realloc)))`,
    )}
    (core module $m
      ${each(at => `(import "" "h${at}" (func $h${at} (param i32 i32)))`)}
      ${each(
        at => `(func (export "f${at}") (param i32) (result i32)
        (call $h${at} (local.get 0) (i32.const 1024)) (i32.const 1024))`,
      )})
    (core instance $m (instantiate $m (with "" (instance
      ${each(at => `(export "h${at}" (func $c${at}))`)}))))
    ${each(
      at => `(func (export "f${at}") ${signature(at)}
      (canon lift (core func $m "f${at}") (memory $memory) (realloc $realloc)))`,
    )})`;
}

test('random values of random types pass both ways alike', async () => {
  const random = seededRandom(seedOf(7));
  const types = Array.from({ length: TYPES }, () => randomType(random, 3));
  const bytes = await binaryOf(passThrough(types));
  const heard: unknown[] = [];
  const functions = Object.fromEntries(
    types.map((_, at) => [
      `h${at}`,
      (value: unknown) => {
        heard.push(normal(value));
        return [value, at];
      },
    ]),
  );
  const ours = activate(stageComponent(bytes, DEFAULT_LINK_LIMITS), hostOf(functions));
  const folder = mkdtempSync(join(tmpdir(), 'linker-oracle-'));
  try {
    const { files } = await transpile(bytes, {
      name: 'oracle',
      instantiation: 'sync',
      noTypescript: true,
    });
    const modules = new Map<string, WebAssembly.Module>();
    for (const [name, content] of Object.entries(files)) {
      if (name.endsWith('.wasm')) modules.set(name, new WebAssembly.Module(content));
      else if (name.endsWith('.js'))
        writeFileSync(join(folder, name.replace('.js', '.mjs')), content);
    }
    const glue = await import(pathToFileURL(join(folder, 'oracle.mjs')).href);
    const imports = Object.fromEntries(
      Object.entries(functions).map(([name, run]) => [name, { default: run }]),
    );
    const theirs = glue.instantiate((path: string) => modules.get(path), imports);
    const pad = Array.from({ length: 17 }, (_, at) => at);
    for (const [at, type] of types.entries()) {
      for (let left = VALUES_PER_TYPE; left > 0; left -= 1) {
        const value = randomValue(type, random);
        const say = `${JSON.stringify(type)}`;
        heard.length = 0;
        const answer = normal(ours.call(at, [value, pad]));
        const expected = normal(theirs[`f${at}`](value, pad));
        assert.equal(heard[0], heard[1], say);
        assert.equal(answer, expected, say);
        assert.equal(answer, normal([value, at]), say);
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test.run();
