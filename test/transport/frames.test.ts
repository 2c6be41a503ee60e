import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  appendMessage,
  FRAME_BYTES_MAX,
  FRAME_HEADER_BYTES,
  FRAME_PAYLOAD_BYTES_MAX,
  FRAME_TYPE,
  FrameReader,
  MESSAGE_BYTES_MAX,
  messageSink,
  NONCE_BYTES,
  NonceGate,
  ProtocolError,
  STALE_BYTES_MAX,
} from '../../runtime/transport/index.ts';

const test = suite('transport/frames');
const SLOT = 3;
const TYPES = new Set<number>([FRAME_TYPE.call, FRAME_TYPE.wake]);

function message(id: number, payload: Uint8Array, type: number = FRAME_TYPE.call): Buffer {
  const sink = messageSink();
  appendMessage(sink, { type, id, slot: SLOT }, to => to.bytes(payload));
  return Buffer.from(sink.written());
}

function newReader(): FrameReader {
  return new FrameReader({ slot: SLOT, types: TYPES });
}

function payloadsOf(reader: FrameReader, chunks: Iterable<Buffer>) {
  const found: { id: number; payload: Buffer }[] = [];
  for (const chunk of chunks) {
    for (const { id, buffer, start, end } of reader.push(chunk)) {
      found.push({ id, payload: Buffer.from(buffer.subarray(start, end)) });
    }
  }
  return found;
}

function pattern(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let index = 0; index < length; index++) bytes[index] = (index * 31) % 251;
  return bytes;
}

function* pieces(bytes: Buffer, size: number): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield Buffer.from(bytes.subarray(at, at + size));
}

function refuses(bytes: Buffer): void {
  try {
    newReader().push(bytes);
  } catch (error) {
    assert.instance(error, ProtocolError);
    assert.is((error as ProtocolError).code, 'PROTOCOL_FRAME');
    return;
  }
  assert.unreachable('the frame was taken');
}

test('messages come back whole however the stream is split', () => {
  const payloads = [0, 1, 11, 12, 13, 64, 5_000].map(pattern);
  const stream = Buffer.concat(payloads.map((payload, index) => message(index, payload)));
  for (const size of [1, 2, 7, 11, 12, 13, 64, stream.length]) {
    const found = payloadsOf(newReader(), pieces(stream, size));
    assert.equal(
      found,
      payloads.map((payload, id) => ({ id, payload })),
      `in pieces of ${size}`,
    );
  }
});

test('a message over one frame is cut and put together again', () => {
  for (const length of [FRAME_PAYLOAD_BYTES_MAX, FRAME_PAYLOAD_BYTES_MAX + 1, MESSAGE_BYTES_MAX]) {
    const payload = pattern(length);
    const stream = Buffer.concat([message(1, payload), message(2, pattern(5))]);
    const found = payloadsOf(newReader(), pieces(stream, 40_000));
    assert.is(found.length, 2);
    assert.ok(found[0]?.payload.equals(payload), `${length} bytes`);
  }
});

test('one byte at a time, a message of two frames is put together', () => {
  const payload = pattern(FRAME_PAYLOAD_BYTES_MAX + 100);
  const found = payloadsOf(newReader(), pieces(message(9, payload), 1));
  assert.is(found.length, 1);
  assert.ok(found[0]?.payload.equals(payload));
});

test('a message over its bound is not written, and what was queued before stays', () => {
  const sink = messageSink();
  appendMessage(sink, { type: FRAME_TYPE.call, id: 1, slot: SLOT }, to => to.u8(1));
  const before = sink.at;
  assert.throws(
    () =>
      appendMessage(sink, { type: FRAME_TYPE.call, id: 2, slot: SLOT }, to => {
        to.bytes(new Uint8Array(MESSAGE_BYTES_MAX + 1));
      }),
    (error: unknown) => error instanceof ProtocolError && error.code === 'PROTOCOL_VALUE',
  );
  assert.is(sink.at, before);
});

for (const [what, at, value] of [
  ['an unknown type', 8, 99],
  ['a type of the other direction', 8, FRAME_TYPE.reply],
  ['unknown flags', 9, 2],
  ['a foreign slot', 10, SLOT + 1],
  ['another version', 11, 2],
  ['a length over the bound', 2, 1],
] as const) {
  test(`a frame with ${what} is refused`, () => {
    const bytes = message(1, pattern(FRAME_PAYLOAD_BYTES_MAX));
    assert.is(newReader().push(bytes).length, 1);
    bytes[at] = value;
    refuses(bytes);
  });
}

test('a frame within another message is refused', () => {
  const first = message(1, pattern(FRAME_PAYLOAD_BYTES_MAX + 1)).subarray(0, FRAME_BYTES_MAX);
  refuses(Buffer.concat([first, message(2, pattern(1))]));
  refuses(Buffer.concat([first, message(1, pattern(1), FRAME_TYPE.wake)]));
});

test('a part that is not full is refused, so parts cannot be many', () => {
  const bytes = message(1, pattern(5));
  bytes[9] = 1;
  refuses(bytes);
});

test('a message that grows over its bound while it is put together is refused', () => {
  const reader = newReader();
  const part = message(1, pattern(FRAME_PAYLOAD_BYTES_MAX));
  part[9] = 1;
  const partsMax = Math.floor(MESSAGE_BYTES_MAX / FRAME_PAYLOAD_BYTES_MAX);
  for (let count = 0; count < partsMax; count++) assert.is(reader.push(part).length, 0);
  assert.throws(
    () => reader.push(part),
    (error: unknown) => error instanceof ProtocolError,
  );
});

test('a nonce ends whatever came before it, however the stream is split', () => {
  // Values that the pattern does not have, and a start that repeats itself.
  const nonce = Buffer.alloc(NONCE_BYTES, 252);
  nonce[NONCE_BYTES - 1] = 253;
  const stale = Buffer.concat([pattern(100), nonce.subarray(0, 9), pattern(FRAME_HEADER_BYTES)]);
  const stream = Buffer.concat([stale, nonce, Buffer.from('after'), nonce]);
  for (const size of [1, 3, 15, 16, 17, 200]) {
    const gate = new NonceGate(nonce);
    const passed = Buffer.concat([...pieces(stream, size)].map(piece => gate.pass(piece)));
    assert.ok(passed.equals(Buffer.concat([Buffer.from('after'), nonce])), `pieces of ${size}`);
  }
});

test('without the nonce nothing passes, and not for ever', () => {
  const gate = new NonceGate(pattern(NONCE_BYTES));
  const chunk = Buffer.alloc(1024 * 1024);
  for (let round = 0; round < STALE_BYTES_MAX / chunk.length; round++) {
    assert.is(gate.pass(chunk).length, 0);
  }
  assert.not(gate.isOpen);
  assert.throws(
    () => gate.pass(Buffer.alloc(1)),
    (error: unknown) => error instanceof ProtocolError,
  );
});

test.run();
