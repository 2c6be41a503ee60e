import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { WorkerSession } from '../../runtime/components/host/worker-session.ts';
import {
  ANSWER_OK,
  ANSWER_TYPES,
  appendMessage,
  compileContract,
  FRAME_TYPE,
  FrameReader,
  messageSink,
} from '../../runtime/transport/index.ts';
import { testContract } from './support/test-contract.ts';

const test = suite('components/worker-session');

const SLOT = 1;
const PING = 0;

/** The answer to question `id`, and what else is in the same chunk. */
function chunkOf(id: number, value: number, ...types: readonly number[]): Buffer {
  const sink = messageSink();
  appendMessage(sink, { type: FRAME_TYPE.answer, id, slot: SLOT }, into => {
    into.u8(ANSWER_OK);
    into.u32(value);
  });
  for (const type of types) appendMessage(sink, { type, id: 0, slot: SLOT }, () => {});
  return Buffer.from(sink.written());
}

/** A session whose gateway sends these chunks, one a read; reading on is a failure. */
function session(...chunks: readonly Buffer[]) {
  const reader = new FrameReader({ slot: SLOT, types: ANSWER_TYPES });
  const left = [...chunks];
  const written: Buffer[] = [];
  const activate = {
    slot: SLOT,
    nonce: new Uint8Array(16),
    memoryBytesMax: 65_536n,
    identity: { name: 'n', version: '1.0.0', slot: 'a', instance: 1n },
    granted: [],
    config: [],
  } as const;
  const worker = new WorkerSession(activate, compileContract(testContract), {
    readAnswer: take => {
      const chunk = left.shift();
      if (chunk === undefined) throw new Error('it waits for what never comes');
      reader.each(chunk, take);
    },
    write: bytes => void written.push(Buffer.from(bytes)),
  });
  return { worker, written };
}

test('a question has its answer', () => {
  const { worker, written } = session(chunkOf(1, 7), chunkOf(2, 8));
  assert.is(worker.hostCall(PING, [1]), 7);
  assert.is(worker.hostCall(PING, [1]), 8);
  assert.is(written.length, 2);
});

test('a wake behind an answer ends the next question before it is sent', () => {
  const { worker, written } = session(chunkOf(1, 7, FRAME_TYPE.wake));
  assert.is(worker.hostCall(PING, [1]), 7);
  assert.throws(() => worker.hostCall(PING, [1]), 'cancelled');
  assert.throws(() => worker.hostCall(PING, [1]), 'cancelled');
  assert.is(written.length, 1);
});

test('a wake instead of an answer cancels the question', () => {
  const sink = messageSink();
  appendMessage(sink, { type: FRAME_TYPE.wake, id: 0, slot: SLOT }, () => {});
  const { worker } = session(Buffer.from(sink.written()));
  assert.throws(() => worker.hostCall(PING, [1]), 'cancelled');
});

test('an answer to another question cancels', () => {
  const { worker } = session(chunkOf(2, 7));
  assert.throws(() => worker.hostCall(PING, [1]), 'cancelled');
});

test.run();
