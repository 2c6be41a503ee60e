import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ComponentError } from '../../runtime/ports/component-host.ts';
import {
  type ByteSink,
  FRAME_TYPE,
  HOST_CALL_NONCE_BYTES,
  LOG_LINES_AHEAD_MAX,
  writeActivated,
  writeFault,
  writeLogLine,
} from '../../runtime/transport/index.ts';
import { type FakeWorker, fakeWorker } from './support/fake-worker.ts';
import { EXPORT } from './support/test-contract.ts';

const test = suite('components/slot-session');
const PING = 0;

function reply(bytes: readonly number[]): (sink: ByteSink) => void {
  return sink => {
    sink.u32(0);
    sink.u32(64);
    sink.u32(bytes.length);
    sink.bytes(Uint8Array.from(bytes));
  };
}

function ping(worker: FakeWorker, value = 1): (sink: ByteSink) => void {
  return sink => {
    sink.bytes(worker.nonce.subarray(0, HOST_CALL_NONCE_BYTES));
    sink.u16(PING);
    sink.u32(value);
  };
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    assert.instance(error, ComponentError);
    return (error as ComponentError).code;
  }
  return 'none';
}

test('calls of one turn travel in one write, and replies settle them in order', async () => {
  const worker = fakeWorker();
  const first = worker.session.call(EXPORT.echo, [new Uint8Array([1])]);
  const second = worker.session.call(EXPORT.echo, [new Uint8Array([2])]);
  assert.is(worker.calls.length, 1, 'only the nonce so far');
  worker.endTurn();
  assert.is(worker.calls.length, 2);
  worker.send(FRAME_TYPE.reply, 1, reply([1]));
  worker.send(FRAME_TYPE.reply, 2, reply([2]));
  assert.equal(await Promise.all([first, second]), [new Uint8Array([1]), new Uint8Array([2])]);
  assert.is(worker.session.statistics().calls, 2);
  assert.is(worker.violations.length, 0);
});

test('a call with wrong arguments is refused and nothing is sent', async () => {
  const worker = fakeWorker();
  assert.is(await codeOf(worker.session.call(EXPORT.echo, ['text'])), 'COMPONENT_ARGUMENT');
  assert.is(await codeOf(worker.session.call(99, [])), 'COMPONENT_ARGUMENT');
  const tooLarge = new Uint8Array(1024 * 1024 + 1);
  assert.is(await codeOf(worker.session.call(EXPORT.echo, [tooLarge])), 'COMPONENT_ARGUMENT');
  worker.endTurn();
  assert.is(worker.calls.length, 1);
});

test('a worker that does not answer holds a bounded number of calls and bytes', async () => {
  const worker = fakeWorker();
  const small = Array.from({ length: 100 }, () => codeOf(worker.session.call(EXPORT.spin, [])));
  worker.endTurn();
  worker.session.close('over');
  const codes = await Promise.all(small);
  assert.is(codes.filter(code => code === 'COMPONENT_ENDED').length, 8);
  assert.is(codes.filter(code => code === 'COMPONENT_BUSY').length, 92);
  const other = fakeWorker();
  const large = new Uint8Array(900_000);
  const calls = [1, 2, 3, 4].map(() => codeOf(other.session.call(EXPORT.echo, [large])));
  other.session.close('over');
  const busy = (await Promise.all(calls)).filter(code => code === 'COMPONENT_BUSY');
  assert.is(busy.length, 2);
});

test('closing rejects every call exactly once, and late replies change nothing', async () => {
  const worker = fakeWorker();
  let settled = 0;
  const calls = [1, 2, 3].map(async () => {
    const code = await codeOf(worker.session.call(EXPORT.spin, []));
    settled += 1;
    return code;
  });
  worker.endTurn();
  worker.session.close('gone');
  worker.session.close('again');
  worker.send(FRAME_TYPE.reply, 1, reply([]));
  assert.equal(await Promise.all(calls), Array(3).fill('COMPONENT_ENDED'));
  assert.is(settled, 3);
  assert.is(await codeOf(worker.session.call(EXPORT.spin, [])), 'COMPONENT_ENDED');
  assert.is(worker.violations.length, 0);
});

test('the deadline counts from when a call became the oldest', async () => {
  const worker = fakeWorker();
  const first = worker.session.call(EXPORT.echo, [new Uint8Array(0)]);
  worker.session.call(EXPORT.spin, []).catch(() => {});
  worker.endTurn();
  worker.advance(90);
  worker.send(FRAME_TYPE.reply, 1, reply([]));
  worker.advance(10);
  worker.afterReading();
  worker.advance(80);
  assert.is(worker.ends.length, 0);
  worker.advance(11);
  worker.afterReading();
  assert.is(worker.ends.length, 1);
  assert.is(worker.ends[0]?.kind, 'deadline');
  worker.session.close('deadline');
  await first;
});

test('an answer that lay unread when the deadline was over is still taken', async () => {
  const worker = fakeWorker();
  const call = worker.session.call(EXPORT.echo, [new Uint8Array(0)]);
  worker.endTurn();
  worker.advance(1_000);
  worker.send(FRAME_TYPE.reply, 1, reply([]));
  worker.afterReading();
  await call;
  assert.is(worker.ends.length, 0);
});

test('a guest that did not get the processor is not blamed, one that had its time is', async () => {
  const worker = fakeWorker();
  worker.useCpu(1_000);
  const call = codeOf(worker.session.call(EXPORT.spin, []));
  worker.endTurn();
  const pass = (ms: number, totalCpuMs: number) => {
    worker.useCpu(totalCpuMs);
    worker.advance(ms);
    worker.afterReading();
  };
  pass(50, 1_000);
  pass(60, 1_020);
  pass(60, 1_040);
  assert.is(worker.ends.length, 0);
  pass(60, 1_050);
  assert.is(worker.ends[0]?.kind, 'deadline');
  worker.session.close('deadline');
  assert.is(await call, 'COMPONENT_ENDED');
});

test('what the call before has used is not charged to the next', async () => {
  const worker = fakeWorker();
  worker.useCpu(0);
  const first = worker.session.call(EXPORT.echo, [new Uint8Array(0)]);
  const second = codeOf(worker.session.call(EXPORT.spin, []));
  worker.endTurn();
  worker.useCpu(50);
  worker.advance(50);
  worker.afterReading();
  worker.advance(1);
  worker.send(FRAME_TYPE.reply, 1, reply([]));
  await first;
  worker.useCpu(102);
  worker.advance(51);
  worker.afterReading();
  assert.is(worker.ends.length, 0);
  worker.useCpu(160);
  worker.advance(55);
  worker.afterReading();
  assert.is(worker.ends[0]?.kind, 'deadline');
  worker.session.close('deadline');
  assert.is(await second, 'COMPONENT_ENDED');
});

test('a host call is answered at once, and a promise keeps the worker waiting', async () => {
  const gate = Promise.withResolvers<number>();
  const worker = fakeWorker((_, [value]) => (value === 7 ? gate.promise : Number(value) + 1));
  const answersAt = worker.answers.length;
  worker.send(FRAME_TYPE.hostCall, 1, ping(worker, 1));
  assert.is(worker.answers.length, answersAt + 1);
  assert.is(worker.answers.at(-1)?.readUInt32LE(13), 2);
  worker.send(FRAME_TYPE.hostCall, 2, ping(worker, 7));
  assert.is(worker.answers.length, answersAt + 1);
  gate.resolve(40);
  await gate.promise;
  await Promise.resolve();
  assert.is(worker.answers.at(-1)?.readUInt32LE(13), 40);
});

test('a handler that throws, rejects or answers with another type ends the instance', async () => {
  for (const handler of [
    () => {
      throw new Error('driver broke');
    },
    () => Promise.reject(new Error('driver broke')),
    () => 'no number',
  ]) {
    const worker = fakeWorker(handler);
    worker.send(FRAME_TYPE.hostCall, 1, ping(worker));
    await new Promise(resolve => setImmediate(resolve));
    assert.is(worker.ends[0]?.kind, 'trapped');
    assert.is(worker.violations.length, 0);
  }
});

test('stopping a worker cancels its pending host call, and no value follows', async () => {
  const gate = Promise.withResolvers<number>();
  const worker = fakeWorker(() => gate.promise);
  worker.send(FRAME_TYPE.hostCall, 1, ping(worker));
  worker.session.close('deadline');
  worker.session.stopWorker();
  const types = worker.answers.slice(1).map(bytes => [bytes[8], bytes[12]]);
  assert.equal(types, [
    [FRAME_TYPE.answer, 1],
    [FRAME_TYPE.wake, undefined],
  ]);
  assert.is(worker.calls.at(-1)?.[8], FRAME_TYPE.wake);
  const count = worker.answers.length;
  gate.resolve(1);
  await new Promise(resolve => setImmediate(resolve));
  assert.is(worker.answers.length, count);
});

test('a guest that dies tells why', () => {
  const worker = fakeWorker();
  worker.send(FRAME_TYPE.fault, 0, sink =>
    writeFault(sink, { exited: false, text: 'unreachable' }),
  );
  assert.equal(worker.ends, [{ kind: 'trapped', message: 'unreachable' }]);
});

test('a guest that stops itself in good order has stopped', () => {
  const worker = fakeWorker();
  worker.send(FRAME_TYPE.fault, 0, sink => writeFault(sink, { exited: true, text: 'bye' }));
  assert.equal(worker.ends, [{ kind: 'stopped', message: 'bye' }]);
});

test('log lines are taken up to what was allowed; one more is a violation', () => {
  const worker = fakeWorker();
  const line = () => worker.send(FRAME_TYPE.log, 0, sink => writeLogLine(sink, 2, 'test', 'hello'));
  for (let count = 0; count < LOG_LINES_AHEAD_MAX; count++) line();
  assert.is(worker.logs.length, LOG_LINES_AHEAD_MAX);
  assert.is(worker.violations.length, 0);
  line();
  assert.is(worker.violations.length, 1);
  assert.is(worker.logs.length, LOG_LINES_AHEAD_MAX);
});

const HOSTILE: readonly (readonly [string, (worker: FakeWorker) => void])[] = [
  ['a reply to no call', worker => worker.send(FRAME_TYPE.reply, 1, reply([]))],
  [
    'a reply out of order',
    worker => {
      worker.session.call(EXPORT.spin, []).catch(() => {});
      worker.session.call(EXPORT.spin, []).catch(() => {});
      worker.send(FRAME_TYPE.reply, 2, sink => sink.bytes(new Uint8Array(8)));
      worker.session.close('done');
    },
  ],
  [
    'a reply of another type',
    worker => {
      worker.session.call(EXPORT.echo, [new Uint8Array(1)]).catch(() => {});
      worker.send(FRAME_TYPE.reply, 1, sink => sink.bytes(new Uint8Array(11).fill(255)));
      worker.session.close('done');
    },
  ],
  [
    'a reply with a byte too many',
    worker => {
      worker.session.call(EXPORT.spin, []).catch(() => {});
      worker.send(FRAME_TYPE.reply, 1, sink => sink.bytes(new Uint8Array(9)));
      worker.session.close('done');
    },
  ],
  [
    'a host call with another nonce',
    worker =>
      worker.send(FRAME_TYPE.hostCall, 1, sink => {
        sink.bytes(new Uint8Array(HOST_CALL_NONCE_BYTES));
        sink.u16(PING);
        sink.u32(1);
      }),
  ],
  [
    'a host call of a function that does not exist',
    worker =>
      worker.send(FRAME_TYPE.hostCall, 1, sink => {
        sink.bytes(worker.nonce.subarray(0, HOST_CALL_NONCE_BYTES));
        sink.u16(999);
      }),
  ],
  [
    'a second host call while one waits',
    worker => {
      worker.send(FRAME_TYPE.hostCall, 1, ping(worker));
      worker.send(FRAME_TYPE.hostCall, 2, ping(worker));
    },
  ],
  [
    'a second activation',
    worker =>
      worker.send(FRAME_TYPE.activated, 0, sink =>
        writeActivated(sink, { memoryKib: 1, exports: new Set() }),
      ),
  ],
  ['a log line of an unknown level', worker => worker.send(FRAME_TYPE.log, 0, badLogLine)],
  ['a call, which only travels down', worker => worker.send(FRAME_TYPE.call, 0, () => {})],
  ['a type nobody knows', worker => worker.send(77, 0, () => {})],
];

function badLogLine(sink: ByteSink): void {
  writeLogLine(sink, 6, 'test', 'hello');
}

for (const [what, act] of HOSTILE) {
  test(`${what} is a violation`, () => {
    const worker = fakeWorker(() => new Promise(() => {}));
    act(worker);
    assert.is(worker.violations.length, 1);
  });
}

test.run();
