import process from 'node:process';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ComponentError } from '../../runtime/ports/component-host.ts';
import { EXPORT } from './support/test-contract.ts';
import { startTestHost } from './support/test-host.ts';

const test = suite('components/component-host');
const fixture = startTestHost();
const { host, events, violations } = fixture;

async function failure(promise: Promise<unknown>): Promise<ComponentError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof ComponentError) return error;
    throw error;
  }
  return assert.unreachable('it was answered') as never;
}

test.after(() => fixture.close());

test('bytes of every size come back through both processes', async () => {
  const guest = await fixture.activate();
  for (const size of [0, 1, 64, 4_096, 65_524, 65_525, 300_000]) {
    const bytes = Uint8Array.from({ length: size }, (_, index) => index % 253);
    assert.equal(await guest.call(EXPORT.echo, [bytes]), bytes, `${size} bytes`);
  }
  assert.ok(guest.exports(EXPORT.echo));
  assert.not(guest.exports(99));
  assert.is(guest.statistics().calls, 7);
  assert.ok(guest.statistics().memoryBytes >= 131_072);
  await guest.kill({ kind: 'stopped' });
  assert.equal(await guest.ended, { kind: 'stopped' });
  assert.is(host.status().workers, 0);
});

test('log lines, host calls and replies arrive in the order of the guest', async () => {
  const guest = await fixture.activate();
  events.length = 0;
  events.push(`reply ${await guest.call(EXPORT.logAndAsk, [])}`);
  events.push(`reply ${await guest.call(EXPORT.ask, [41])}`);
  assert.equal(events, [
    'info test before',
    'host call',
    'info test after',
    'reply 8',
    'host call',
    'reply 42',
  ]);
  await guest.kill({ kind: 'stopped' });
});

test('a promise of the gateway keeps only the guest waiting that asked', async () => {
  const answer = Promise.withResolvers<number>();
  const slow = await fixture.activate({ onHostCall: () => answer.promise });
  const quick = await fixture.activate();
  const waiting = slow.call(EXPORT.ask, [1]);
  assert.is(await quick.call(EXPORT.ask, [1]), 2);
  answer.resolve(99);
  assert.is(await waiting, 99);
  await Promise.all([slow.kill({ kind: 'stopped' }), quick.kill({ kind: 'stopped' })]);
});

test('a guest that loops is killed at its deadline while its neighbour goes on', async () => {
  const limits = { memoryBytesMax: 16_000_000, callDeadlineMs: 300, callsInFlightMax: 8 };
  const neighbour = await fixture.activate();
  const looping = await fixture.activate({ limits });
  const call = failure(looping.call(EXPORT.spin, []));
  const queued = failure(looping.call(EXPORT.echo, [new Uint8Array(1)]));
  assert.equal(await neighbour.call(EXPORT.echo, [new Uint8Array([5])]), new Uint8Array([5]));
  assert.is((await call).code, 'COMPONENT_ENDED');
  assert.is((await queued).code, 'COMPONENT_ENDED');
  assert.is((await looping.ended).kind, 'deadline');
  assert.is(await neighbour.call(EXPORT.ask, [1]), 2);
  assert.is(host.status().starts, 1);
  // Its slot is free again, and what was left in its sockets hurts nobody.
  const next = await fixture.activate();
  assert.is(await next.call(EXPORT.ask, [2]), 3);
  await Promise.all([next.kill({ kind: 'stopped' }), neighbour.kill({ kind: 'stopped' })]);
});

test('a guest can be killed while it loops, waits for an answer, or asks without end', async () => {
  const never = new Promise(() => {});
  for (const [id, args, onHostCall] of [
    [EXPORT.spin, [], () => 0],
    [EXPORT.ask, [1], () => never],
    [EXPORT.askForever, [], () => 1],
  ] as const) {
    const guest = await fixture.activate({ onHostCall });
    const call = failure(guest.call(id, args));
    await new Promise(resolve => setTimeout(resolve, 50));
    await guest.kill({ kind: 'stopped' });
    assert.is((await call).code, 'COMPONENT_ENDED');
  }
  assert.is(host.status().starts, 1);
});

test('a trap ends the instance, tells why, and rejects what waits behind it', async () => {
  const guest = await fixture.activate();
  const trapped = failure(guest.call(EXPORT.trap, []));
  const behind = failure(guest.call(EXPORT.echo, [new Uint8Array(1)]));
  const reason = await guest.ended;
  assert.is(reason.kind, 'trapped');
  assert.match(reason.kind === 'trapped' ? reason.message : '', /unreachable/);
  assert.is((await trapped).code, 'COMPONENT_ENDED');
  assert.is((await behind).code, 'COMPONENT_ENDED');
  assert.is((await failure(guest.call(EXPORT.trap, []))).code, 'COMPONENT_ENDED');
});

test('a guest that grows its table without end meets the cap, and nothing aborts', async () => {
  const guest = await fixture.activate();
  const size = await guest.call(EXPORT.growTable, []);
  assert.ok(Number(size) <= 10_000, `${size} entries`);
  assert.is(host.status().starts, 1);
  await guest.kill({ kind: 'stopped' });
});

test('a fifth instance in four slots is refused', async () => {
  const guests = await Promise.all([1, 2, 3, 4].map(() => fixture.activate()));
  assert.is((await failure(fixture.activate())).code, 'COMPONENT_SLOTS_FULL');
  await Promise.all(guests.map(guest => guest.kill({ kind: 'stopped' })));
});

for (const signal of ['SIGKILL', 'SIGABRT'] as const) {
  test(`after ${signal} every call is rejected exactly once and the host comes back`, async () => {
    const guests = await Promise.all([fixture.activate(), fixture.activate()]);
    let rejections = 0;
    const calls = guests.flatMap(guest =>
      [1, 2, 3].map(async () => {
        const { code } = await failure(guest.call(EXPORT.spin, []));
        rejections += 1;
        return code;
      }),
    );
    const { pid, starts } = host.status();
    process.kill(pid ?? Number.NaN, signal);
    assert.equal(await Promise.all(calls), Array(6).fill('COMPONENT_ENDED'));
    for (const guest of guests) assert.is((await guest.ended).kind, 'host-lost');
    const again = await fixture.activate();
    assert.is(await again.call(EXPORT.ask, [1]), 2);
    assert.is(host.status().starts, starts + 1);
    assert.is(rejections, 6);
    await again.kill({ kind: 'stopped' });
  });
}

test('none of this was a violation', () => {
  assert.equal(violations, []);
});

test.run();
