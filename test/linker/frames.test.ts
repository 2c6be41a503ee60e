/**
 * Calls by frames against calls in values: the same components, the same random types and values.
 * What the guest tells the host and what it returns must be the same bytes either way.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { ValueType } from '../../runtime/base/value-type.ts';
import {
  type FrameFunction,
  type Handle,
  type HostFunction,
  type HostImports,
  Trap,
} from '../../runtime/linker/index.ts';
import {
  ByteSink,
  ByteSource,
  compileDecoder,
  compileEncoder,
  ProtocolError,
} from '../../runtime/transport/index.ts';
import { passThroughText, returnsTuple } from '../differential/pass-through.ts';
import { randomType, randomValue } from '../differential/random-types.ts';
import { seededRandom } from './seeded-random.ts';
import { activate, run, seedOf, stageWat, traps } from './support.ts';

const test = suite('linker: calls by frames');
const SEED = seedOf(20_261_122);
const ROUNDS = 1;
const TYPES_PER_ROUND = 16;
const VALUES_PER_TYPE = 8;
const SINK_BYTES_MAX = 4 * 1024 * 1024;
const PADS = [0, 0, 3, 17] as const;
const ENCODINGS = ['utf8', 'utf16', 'latin1+utf16'] as const;

/** A host function on frames that keeps what it is asked and answers with given bytes. */
class Echo implements FrameFunction {
  asked: Buffer = Buffer.alloc(0);
  answered: Buffer = Buffer.alloc(0);
  readonly #sink = new ByteSink(SINK_BYTES_MAX);

  ask(): ByteSink {
    this.#sink.at = 0;
    this.#sink.beginValues();
    return this.#sink;
  }

  answer(): ByteSource {
    this.asked = Buffer.from(this.#sink.written());
    return new ByteSource(this.answered);
  }
}

function encode(types: readonly ValueType[], values: readonly unknown[]): Buffer {
  const sink = new ByteSink(SINK_BYTES_MAX);
  for (const [at, type] of types.entries()) compileEncoder(type)(values[at], sink);
  return Buffer.from(sink.written());
}

function hostWithFrames(frames: ReadonlyMap<string, FrameFunction>): HostImports {
  return new Map([['$root', { functions: new Map<string, HostFunction>(), frames }]]);
}

/** Calls an export by frames; returns the bytes of its result. */
function callBytes(handle: Handle, index: number, args: Buffer): Buffer {
  const sink = new ByteSink(SINK_BYTES_MAX);
  let opened = 0;
  handle.callFrame(index, {
    // In the middle of other bytes, as in a chunk of frames.
    source: new ByteSource(Buffer.concat([Buffer.of(9, 9, 9), args]), 3),
    openResult: () => {
      opened += 1;
      return sink;
    },
  });
  assert.is(opened, 1, 'the result is opened once');
  return Buffer.from(sink.written());
}

for (const encoding of ENCODINGS) {
  test(`random values of random types are the same by frames, strings in ${encoding}`, async () => {
    const random = seededRandom(SEED + encoding.length);
    for (let round = 0; round < ROUNDS; round += 1) {
      const functions = Array.from({ length: TYPES_PER_ROUND }, () => ({
        type: randomType(random, 3),
        pads: PADS[random(PADS.length)] ?? 0,
      }));
      const text = passThroughText(functions, 'utf8').replaceAll(
        'string-encoding=utf8',
        `string-encoding=${encoding}`,
      );
      const staged = await stageWat(text);
      const echoes = functions.map(() => new Echo());
      const byFrames = activate(
        staged,
        hostWithFrames(new Map(echoes.map((echo, at) => [`h${at}`, echo]))),
      );
      let told: readonly unknown[] = [];
      let answer: unknown;
      const inValues = functions.map((_, at): [string, HostFunction] => [
        `h${at}`,
        (...args) => {
          told = args;
          return answer;
        },
      ]);
      const byValues = activate(staged, new Map([['$root', { functions: new Map(inValues) }]]));
      for (const [at, { type, pads }] of functions.entries()) {
        const shape = byValues.exports[at]?.function;
        const params = shape?.params.map(param => param.type) ?? [];
        const result = shape?.result;
        if (result === null || result === undefined) throw new Error('every one has a result');
        for (let left = VALUES_PER_TYPE; left > 0; left -= 1) {
          const value = randomValue(type, random);
          const args = [value, ...(pads > 0 ? [Array.from({ length: pads }, () => 7)] : [])];
          answer = returnsTuple(type) ? [value, at] : [value];
          const echo = echoes[at];
          if (echo === undefined) throw new Error('no echo');
          echo.answered = encode([result], [answer]);
          const about = `${JSON.stringify(type)} ${pads}`;
          const bytes = callBytes(byFrames, at, encode(params, args));
          const plain = byValues.call(at, args);
          assert.equal(bytes, encode([result], [plain]), `the result: ${about}`);
          assert.equal(echo.asked, encode(params, told), `the question: ${about}`);
        }
      }
    }
  });
}

test('what no decoder takes, no guest gets', async () => {
  const cases: readonly (readonly [type: string, bytes: readonly number[]])[] = [
    ['bool', [2]],
    ['char', [0, 0xd8, 0, 0]],
    ['char', [0, 0, 0x11, 0]],
    ['string', [1, 0, 0, 0, 0xff]],
    ['string', [2, 0, 0, 0, 0xc0, 0x80]],
    ['string', [255, 255, 255, 255, 0]],
    ['(list u8)', [2, 0, 0, 0, 1]],
    ['(list bool)', [2, 0, 0, 0, 1, 2]],
    ['(list u32)', [255, 255, 255, 255]],
    ['(option u8)', [2, 0]],
    ['(enum "a" "b")', [2]],
    ['(flags "a" "b" "c")', [0b1000]],
    ['u32', [1, 0, 0]],
    ['u32', [1, 0, 0, 0, 0]],
  ];
  for (const [type, bytes] of cases) {
    const handle = await taking(type);
    const trap = traps(() => callBytes(handle, 0, Buffer.from(bytes)), 'TRAP_HOST');
    assert.is(handle.dead, trap.message, `${type} ${bytes}`);
    traps(() => callBytes(handle, 0, Buffer.from(bytes)), 'TRAP_DEAD');
  }
});

test('a guest that lies about what it returns is dead, and nothing is left half-said', async () => {
  const cases: readonly (readonly [
    type: string,
    memory: string,
    code: 'TRAP_ABI' | 'TRAP_LIMIT',
  ])[] = [
    // Address and length of what is returned lie at 8.
    ['string', '\\ff\\ff\\00\\00\\08\\00\\00\\00', 'TRAP_ABI'],
    ['string', '\\20\\00\\00\\00\\01\\00\\00\\00', 'TRAP_ABI'],
    ['(list u8)', '\\00\\00\\00\\00\\ff\\ff\\ff\\7f', 'TRAP_ABI'],
    ['(list u32)', '\\02\\00\\00\\00\\01\\00\\00\\00', 'TRAP_ABI'],
    ['(list char)', '\\20\\00\\00\\00\\01\\00\\00\\00', 'TRAP_ABI'],
    ['(tuple (option u8) u8)', '\\02\\00\\00\\00', 'TRAP_ABI'],
  ];
  for (const [type, memory, code] of cases) {
    const handle = await returning(type, memory);
    traps(() => callBytes(handle, 0, Buffer.alloc(0)), code);
    assert.ok(handle.dead !== null, type);
  }
});

test('the lift budget and the value bound hold for frames', async () => {
  const two = '\\20\\00\\00\\00\\00\\20\\00\\00';
  const budget = await returning('(list u8)', two, { liftBytesMax: 0x1fff });
  traps(() => callBytes(budget, 0, Buffer.alloc(0)), 'TRAP_LIMIT');
  const enough = await returning('(list u8)', two, { liftBytesMax: 0x2000 });
  assert.is(callBytes(enough, 0, Buffer.alloc(0)).length, 4 + 0x2000);
  // Each element counts as much as it would cost as a value, here 8 bytes.
  const many = await returning('(list u32)', two, { liftBytesMax: 0x2000 * 8 - 1 });
  traps(() => callBytes(many, 0, Buffer.alloc(0)), 'TRAP_LIMIT');
  const bound = await returning('(list u8)', two, { valueBytesMax: 0x1fff });
  traps(() => callBytes(bound, 0, Buffer.alloc(0)), 'TRAP_LIMIT');
  const given = await taking('(list u8)', { valueBytesMax: 3 });
  traps(() => callBytes(given, 0, Buffer.of(4, 0, 0, 0, 1, 2, 3, 4)), 'TRAP_LIMIT');
});

test('lists within lists cannot say more values than a message may have', async () => {
  // A list of two lists, both of the same 40,000 bools.
  const one = '\\00\\01\\00\\00\\40\\9c\\00\\00';
  const lists = `\\10\\00\\00\\00\\02\\00\\00\\00${one}${one}`;
  const handle = await returning('(list (list bool))', lists);
  const trap = traps(() => callBytes(handle, 0, Buffer.alloc(0)), 'TRAP_HOST');
  assert.instance(trap.cause, ProtocolError);
});

test('a host function on frames that throws or says too much kills the guest', async () => {
  const wat = `(component (import "h" (func $h (result u8)))
    (core func $c (canon lower (func $h)))
    (core module $m (import "" "h" (func $h (result i32)))
      (func (export "f") (result i32) (call $h)))
    (core instance $i (instantiate $m (with "" (instance (export "h" (func $c))))))
    (func (export "f") (result u8) (canon lift (core func $i "f"))))`;
  const throwing: FrameFunction = {
    ask: () => new ByteSink(64),
    answer: () => {
      throw new Error('cancelled');
    },
  };
  const first = await run(wat, hostWithFrames(new Map([['h', throwing]])));
  traps(() => callBytes(first, 0, Buffer.alloc(0)), 'TRAP_HOST');
  assert.is(first.dead, 'cancelled');
  const echo = new Echo();
  echo.answered = Buffer.of(1, 2);
  const second = await run(wat, hostWithFrames(new Map([['h', echo]])));
  traps(() => callBytes(second, 0, Buffer.alloc(0)), 'TRAP_HOST');
  echo.answered = Buffer.of(5);
  const third = await run(wat, hostWithFrames(new Map([['h', echo]])));
  assert.equal(callBytes(third, 0, Buffer.alloc(0)), Buffer.of(5));
});

test('a host function on frames cannot call back into the component', async () => {
  const handle: { it: Handle | null } = { it: null };
  const back: FrameFunction = {
    ask: () => new ByteSink(64),
    answer: () => {
      if (handle.it !== null) callBytes(handle.it, 0, Buffer.alloc(0));
      return new ByteSource(Buffer.alloc(0));
    },
  };
  handle.it = await run(
    `(component (import "h" (func $h))
      (core func $c (canon lower (func $h)))
      (core module $m (import "" "h" (func $h)) (func (export "f") (call $h)))
      (core instance $i (instantiate $m (with "" (instance (export "h" (func $c))))))
      (func (export "f") (canon lift (core func $i "f"))))`,
    hostWithFrames(new Map([['h', back]])),
  );
  const caller = handle.it;
  traps(() => callBytes(caller, 0, Buffer.alloc(0)), 'TRAP_ABI');
});

test('an export that is itself an import takes no frames, and says so', async () => {
  const handle = await run(
    '(component (import "h" (func $h (result u8))) (export "f" (func $h)))',
    hostWithFrames(new Map([['h', new Echo()]])),
  );
  assert.throws(
    () => callBytes(handle, 0, Buffer.alloc(0)),
    (error: unknown) => error instanceof Trap && error.code === 'TRAP_HOST',
  );
});

test('handles of the host go through frames as representations', async () => {
  const echo = new Echo();
  const drops: number[] = [];
  const wat = `(component
    (import "r" (type $r (sub resource)))
    (import "h" (func $h (param "v" (borrow $r)) (result (own $r))))
    (core func $c (canon lower (func $h)))
    (core func $d (canon resource.drop $r))
    (core module $m (import "" "h" (func $h (param i32) (result i32)))
      (import "" "d" (func $d (param i32)))
      (func (export "f") (param i32) (result i32) (local $new i32)
        (local.set $new (call $h (local.get 0))) (call $d (local.get 0)) (local.get $new)))
    (core instance $i (instantiate $m (with "" (instance
      (export "h" (func $c)) (export "d" (func $d))))))
    (func (export "f") (param "v" (own $r)) (result (own $r)) (canon lift (core func $i "f"))))`;
  const handle = await run(
    wat,
    new Map([
      [
        '$root',
        {
          functions: new Map<string, HostFunction>(),
          frames: new Map([['h', echo]]),
          dropResource: (_: string, representation: number) => void drops.push(representation),
        },
      ],
    ]),
  );
  echo.answered = Buffer.of(8, 0, 0, 0x80);
  assert.equal(callBytes(handle, 0, Buffer.of(7, 0, 0, 0)), Buffer.of(8, 0, 0, 0x80));
  assert.equal(echo.asked, Buffer.of(7, 0, 0, 0));
  assert.equal(drops, [7]);
});

test('what a frame says is what a decoder reads', () => {
  const type: ValueType = { kind: 'list', element: { kind: 'string' } };
  const bytes = encode([type], [['a', 'ü']]);
  assert.equal(compileDecoder(type)(new ByteSource(bytes)), ['a', 'ü']);
});

/** Returns a component whose one export takes a value and does nothing. */
function taking(type: string, limits = {}): Promise<Handle> {
  const flat = ['string', '(list u8)', '(list bool)', '(list u32)', '(option u8)'].includes(type);
  return run(
    `(component
      ${MEMORY.replace('DATA', '')}
      (type $t ${type.startsWith('(') ? type : `(tuple ${type})`})
      (import "t" (type $n (eq $t)))
      (core module $m (func (export "f") (param i32 ${flat ? 'i32' : ''})))
      (core instance $i (instantiate $m))
      (func (export "f") (param "v" $n)
        (canon lift (core func $i "f") (memory $memory) (realloc $realloc))))`,
    new Map(),
    limits,
  );
}

/** Returns a component whose one export returns what lies at 8. */
function returning(type: string, data: string, limits = {}): Promise<Handle> {
  const text = `(data (i32.const 8) "${data}") (data (i32.const 32) "\\ff\\ff\\ff\\ff")`;
  return run(
    `(component
      ${MEMORY.replace('DATA', text)}
      (type $t ${type.startsWith('(') ? type : `(tuple ${type})`})
      (core module $m (func (export "f") (result i32) (i32.const 8)))
      (core instance $i (instantiate $m))
      (func (export "f") (result $t)
        (canon lift (core func $i "f") (memory $memory) (realloc $realloc))))`,
    new Map(),
    limits,
  );
}

const MEMORY = `(core module $l (memory (export "memory") 1) DATA
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024)))
  (core instance $l (instantiate $l))
  (alias core export $l "memory" (core memory $memory))
  (alias core export $l "realloc" (core func $realloc))`;

test.run();
