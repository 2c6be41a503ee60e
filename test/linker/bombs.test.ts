import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { binaryOf, refusedBytes } from './support.ts';

const test = suite('linker: bombs');

/** Processor time that a bomb may take; unbounded ones take minutes. */
const REFUSED_WITHIN_US = 4_000_000;

async function refusedSoon(wat: string): Promise<void> {
  const bytes = await binaryOf(wat);
  const started = process.cpuUsage();
  refusedBytes(bytes, 'LINK_LIMIT');
  const { user, system } = process.cpuUsage(started);
  assert.ok(user + system < REFUSED_WITHIN_US, `${user + system} us`);
}

test('a type that doubles with every line is refused', async () => {
  const lines = Array.from({ length: 40 }, (_, at) => `(type (tuple ${at} ${at}))`);
  await refusedSoon(`(component (type (tuple u8)) ${lines.join(' ')})`);
});

test('a type that nests deeply is refused', async () => {
  const lines = Array.from({ length: 5_000 }, (_, at) => `(type (list ${at}))`);
  await refusedSoon(`(component (type (list u8)) ${lines.join(' ')})`);
});

test('instances that multiply are refused', async () => {
  const levels = Array.from({ length: 6 }, (_, at) => {
    const make = `(instance (instantiate $c${at}))`.repeat(16);
    return `(component $c${at + 1} (alias outer 1 ${at} (component $c${at})) ${make})`;
  });
  await refusedSoon(`(component (component $c0) ${levels.join(' ')} (instance (instantiate $c6)))`);
});

test('instances that multiply within components that nothing makes are refused', async () => {
  const levels = Array.from({ length: 6 }, (_, at) => {
    const make = `(instance (instantiate $c${at}))`.repeat(16);
    return `(component $c${at + 1} (alias outer 1 ${at} (component $c${at})) ${make})`;
  });
  await refusedSoon(`(component (component $c0) ${levels.join(' ')})`);
});

test('instance types that multiply are refused', async () => {
  const levels = Array.from({ length: 6 }, (_, at) => {
    const names = Array.from({ length: 30 }, (_, n) => `(export "e${n}" (instance (type $p)))`);
    return `(type $t${at + 1} (instance (alias outer 1 $t${at} (type $p)) ${names.join(' ')}))`;
  });
  const first = '(type $t0 (instance (export "f" (func))))';
  await refusedSoon(`(component ${first} ${levels.join(' ')} (import "a" (instance (type $t6))))`);
});

test('instance types that nest by reference are refused', async () => {
  const levels = Array.from({ length: 2_000 }, (_, at) => {
    const inner = `(alias outer 1 $t${at} (type $p)) (export "e" (instance (type $p)))`;
    return `(type $t${at + 1} (instance ${inner}))`;
  });
  const first = '(type $t0 (instance (export "f" (func))))';
  const all = `${first} ${levels.join(' ')}`;
  await refusedSoon(`(component ${all} (import "a" (instance (type $t2000))))`);
});

test('components that nest deeply are refused', async () => {
  await refusedSoon(`${'(component '.repeat(60)}${')'.repeat(60)}`);
});

test('a function whose types are large many times over is refused', async () => {
  const fields = Array.from({ length: 900 }, (_, at) => `(field "f${at}" 0)`).join(' ');
  const record = `(type (tuple u8 u8 u8 u8 u8 u8 u8 u8 u8 u8)) (type $r (record ${fields}))`;
  const functions = Array.from({ length: 300 }, (_, at) => {
    return `(import "f${at}" (func (param "p${at}" $named)))`;
  });
  const named = '(import "r" (type $named (eq $r)))';
  await refusedSoon(`(component ${record} ${named} ${functions.join(' ')})`);
});

test('instances within instances that double with every line are refused', async () => {
  const lines = Array.from({ length: 40 }, (_, at) => {
    return `(instance (export "a" (instance ${at})) (export "b" (instance ${at})))`;
  });
  await refusedSoon(`(component (instance) ${lines.join(' ')} (export "i" (instance 40)))`);
});

test('core modules with many instances of many imports are refused', async () => {
  const imports = Array.from({ length: 2_000 }, (_, at) => `(import "a" "f${at}" (func))`);
  const exports = Array.from({ length: 2_000 }, (_, at) => `(export "f${at}" (func 0))`);
  const make = '(core instance (instantiate $b (with "a" (instance $i))))'.repeat(150);
  await refusedSoon(`(component (core module $a (func) ${exports.join(' ')})
    (core module $b ${imports.join(' ')}) (core instance $i (instantiate $a)) ${make})`);
});

test.run();
