import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { camelCase, type ValueType } from '../../runtime/base/value-type.ts';
import {
  ByteSink,
  ByteSource,
  compileDecoder,
  compileEncoder,
  ProtocolError,
} from '../../runtime/transport/index.ts';
import { randomType, randomValue, seededRandom } from './support/random-values.ts';

const test = suite('transport/value-codec');
const SEED = Number(process.argv.find(arg => arg.startsWith('--seed='))?.slice(7) ?? 20_261);
const ROUNDS = 400;

function encode(type: ValueType, value: unknown): Buffer {
  const sink = new ByteSink(4 * 1024 * 1024);
  compileEncoder(type)(value, sink);
  return Buffer.from(sink.written());
}

function decode(type: ValueType, bytes: Buffer): unknown {
  const source = new ByteSource(bytes);
  const value = compileDecoder(type)(source);
  source.finish();
  return value;
}

function refusesBytes(type: ValueType, bytes: readonly number[]): void {
  try {
    decode(type, Buffer.from(bytes));
  } catch (error) {
    assert.instance(error, ProtocolError);
    assert.is((error as ProtocolError).code, 'PROTOCOL_BYTES');
    return;
  }
  assert.unreachable(`${JSON.stringify(type)} took ${bytes}`);
}

function refusesValue(type: ValueType, value: unknown): void {
  try {
    encode(type, value);
  } catch (error) {
    assert.instance(error, ProtocolError);
    assert.is((error as ProtocolError).code, 'PROTOCOL_VALUE');
    return;
  }
  assert.unreachable(`${JSON.stringify(type)} took ${String(value)}`);
}

test(`random values come back as they were, seed ${SEED}`, () => {
  const random = seededRandom(SEED);
  for (let round = 0; round < ROUNDS; round++) {
    const type = randomType(random, 4);
    const value = randomValue(type, random);
    assert.equal(decode(type, encode(type, value)), value, `round ${round}`);
  }
});

test('every truncation of every random value is refused', () => {
  const random = seededRandom(SEED + 1);
  for (let round = 0; round < ROUNDS / 4; round++) {
    const type = randomType(random, 3);
    const bytes = encode(type, randomValue(type, random));
    for (let length = 0; length < bytes.length; length++) {
      assert.throws(
        () => decode(type, bytes.subarray(0, length)),
        (error: unknown) => error instanceof ProtocolError,
        `round ${round}, ${length} of ${bytes.length} bytes`,
      );
    }
  }
});

test('random bytes are refused or decode to a value with exactly these bytes', () => {
  const random = seededRandom(SEED + 2);
  for (let round = 0; round < ROUNDS; round++) {
    const type = randomType(random, 3);
    const bytes = Buffer.from(Array.from({ length: random.below(40) }, () => random.below(256)));
    let value: unknown;
    try {
      value = decode(type, bytes);
    } catch (error) {
      assert.instance(error, ProtocolError);
      continue;
    }
    // A NaN has many encodings, of which the runtime keeps one.
    if (!JSON.stringify(type).match(/f32|f64/)) assert.equal(encode(type, value), bytes);
  }
});

test('bytes outside of a type are refused', () => {
  refusesBytes({ kind: 'bool' }, [2]);
  refusesBytes({ kind: 'char' }, [0, 0xd8, 0, 0]);
  refusesBytes({ kind: 'char' }, [0, 0, 0x11, 0]);
  refusesBytes({ kind: 'string' }, [1, 0, 0, 0, 0xff]);
  refusesBytes({ kind: 'string' }, [2, 0, 0, 0, 0xc0, 0x80]);
  refusesBytes({ kind: 'string' }, [3, 0, 0, 0, 0xed, 0xa0, 0x80]);
  refusesBytes({ kind: 'enum', names: ['a', 'b'] }, [2]);
  refusesBytes({ kind: 'option', value: { kind: 'u8' } }, [2, 0]);
  refusesBytes({ kind: 'result', ok: null, err: null }, [2]);
  refusesBytes({ kind: 'flags', names: ['a', 'b', 'c'] }, [0b1000]);
  refusesBytes({ kind: 'u8' }, [1, 1]);
  refusesBytes({ kind: 'list', element: { kind: 'u8' } }, [255, 255, 255, 255, 1]);
});

test('a list without bytes of its own cannot become endless', () => {
  const empty: ValueType = { kind: 'list', element: { kind: 'tuple', items: [] } };
  refusesBytes(empty, [255, 255, 255, 255]);
  assert.is((decode(empty, Buffer.from([3, 0, 0, 0])) as unknown[]).length, 3);
});

test('values outside of a type are refused', () => {
  refusesValue({ kind: 'u8' }, 256);
  refusesValue({ kind: 'u8' }, -1);
  refusesValue({ kind: 'u8' }, 1.5);
  refusesValue({ kind: 's8' }, 128);
  refusesValue({ kind: 'u64' }, 2n ** 64n);
  refusesValue({ kind: 's64' }, 2n ** 63n);
  refusesValue({ kind: 'u64' }, 1);
  refusesValue({ kind: 'char' }, 'ab');
  refusesValue({ kind: 'char' }, '\ud800');
  refusesValue({ kind: 'string' }, 'a\udc00');
  refusesValue({ kind: 'bool' }, 1);
  refusesValue({ kind: 'enum', names: ['a'] }, 'b');
  refusesValue({ kind: 'list', element: { kind: 'u8' } }, [1]);
  refusesValue({ kind: 'tuple', items: [{ kind: 'u8' }] }, [1, 2]);
  refusesValue({ kind: 'record', fields: [{ name: 'a', type: { kind: 'u8' } }] }, {});
  refusesValue({ kind: 'variant', cases: [{ name: 'a', type: null }] }, { tag: 'b' });
  refusesValue({ kind: 'list', element: { kind: 'bool' } }, new Array(65_537).fill(true));
});

test('a decoded list of bytes does not keep the received buffer alive', () => {
  const type: ValueType = { kind: 'list', element: { kind: 'u8' } };
  const bytes = decode(type, encode(type, new Uint8Array([1, 2, 3]))) as Uint8Array;
  assert.is(bytes.buffer.byteLength, 3);
});

test('record fields have their names in camelCase', () => {
  const type: ValueType = {
    kind: 'record',
    fields: [{ name: 'timestamp-ns', type: { kind: 'u8' } }],
  };
  assert.is(camelCase('timestamp-ns'), 'timestampNs');
  assert.equal(decode(type, Buffer.from([5])), { timestampNs: 5 });
});

test.run();
