import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { activate, call, fixture, run, stageWat, traps } from './support.ts';

const test = suite('linker: the echo component');
const echo = fixture('echo.wat');

test('a staged component lists its exports with their types', async () => {
  const { shape } = await stageWat(echo);
  assert.equal(shape.imports, []);
  assert.is(shape.exports.length, 1);
  assert.is(shape.exports[0]?.name, 'airssys:bench/echo@0.1.0');
  assert.equal(shape.exports[0]?.functions[0], {
    name: 'echo',
    params: [
      { name: 'topic', type: { kind: 'string' } },
      { name: 'payload', type: { kind: 'list', element: { kind: 'u8' } } },
    ],
    result: {
      kind: 'result',
      ok: { kind: 'list', element: { kind: 'u8' } },
      err: { kind: 'string' },
    },
  });
});

test('a plan survives serialisation and activates from it', async () => {
  const staged = await stageWat(echo);
  const handle = activate({ ...staged, plan: JSON.parse(JSON.stringify(staged.plan)) });
  assert.is(call(handle, 'nop'), undefined);
  assert.is(call(handle, 'nop32', 4_294_967_295), 4_294_967_295);
});

test('bytes come back as they went, whatever their number', async () => {
  const handle = await run(echo);
  for (const size of [0, 1, 12, 13, 64, 65, 1_000, 1_048_576]) {
    const payload = new Uint8Array(size).map((_, index) => index % 251);
    assert.equal(call(handle, 'echo', 'site/topic', payload), { tag: 'ok', val: payload });
  }
});

test('the memory grows under the linker and the answer is still right', async () => {
  const handle = await run(echo);
  const before = handle.memoryBytes();
  const payload = new Uint8Array(900_000).fill(3);
  assert.equal(call(handle, 'echo', 'x', payload), { tag: 'ok', val: payload });
  assert.ok(handle.memoryBytes() > before);
});

test('the answer is a copy that later calls leave alone', async () => {
  const handle = await run(echo);
  const first = call(handle, 'echo', 'x', Uint8Array.of(1, 2, 3));
  call(handle, 'echo', 'x', Uint8Array.of(9, 9, 9));
  assert.equal(first, { tag: 'ok', val: Uint8Array.of(1, 2, 3) });
});

test('a value of over 1 MiB kills the instance in either direction', async () => {
  const handle = await run(echo);
  traps(() => call(handle, 'echo', 'x', new Uint8Array(1_048_577)), 'TRAP_LIMIT');
  assert.ok(handle.dead !== null);
  traps(() => call(handle, 'nop'), 'TRAP_DEAD');
});

test('arguments that do not fit kill the instance', async () => {
  for (const args of [['x'], [1, new Uint8Array()], ['x', [1]], ['\ud800', new Uint8Array()]]) {
    const handle = await run(echo);
    traps(() => call(handle, 'echo', ...args), 'TRAP_HOST');
    traps(() => call(handle, 'nop'), 'TRAP_DEAD');
  }
  for (const value of [-1, 4_294_967_296, 1.5, Number.NaN, '1', 1n, undefined]) {
    const handle = await run(echo);
    traps(() => call(handle, 'nop32', value), 'TRAP_HOST');
  }
});

test('closing ends the instance', async () => {
  const handle = await run(echo);
  handle.close();
  traps(() => call(handle, 'nop'), 'TRAP_DEAD');
});

test.run();
