import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ManualClock } from '../../../drivers/simulated/manual-clock.ts';
import { collect, isUp, openSite, until } from './mqtt-cases.ts';
import { type RecordingBrokerSettings, startRecordingBroker } from './recording-broker.ts';

const test = suite('drivers/mqtt: subscriptions that come and go');

const SETTLE_MS = 300;
const settle = () => new Promise(resolve => setTimeout(resolve, SETTLE_MS));

/** A broker, one connection to it that is up, and both closed at the end. */
function withSite(
  name: string,
  settings: RecordingBrokerSettings,
  task: (parts: Awaited<ReturnType<typeof openParts>>) => Promise<void>,
): void {
  test(name, async () => {
    const parts = await openParts(settings);
    try {
      await task(parts);
    } finally {
      await parts.mqtt.close();
      await parts.broker.close();
    }
  });
}

async function openParts(settings: RecordingBrokerSettings) {
  const broker = await startRecordingBroker(settings);
  const site = openSite(broker.port);
  await until('it is up', () => isUp(site.mqtt));
  return { broker, ...site };
}

/** Both orders at the broker: a subscription that takes effect at once, and one that is late. */
for (const subscribeDelayMs of [0, 100]) {
  const kind = subscribeDelayMs === 0 ? 'a prompt broker' : 'a broker that is late';

  withSite(
    `${kind}: stopped and asked for again in one tick, the filter is subscribed`,
    { subscribeDelayMs },
    async ({ broker, mqtt }) => {
      const first = collect(mqtt, 'a/b');
      await until('it is subscribed', () => broker.subscribed().includes('a/b'));
      first.subscription.stop();
      const second = collect(mqtt, 'a/b');
      first.subscription.stop();
      // Without the first unsubscription where its subscription was not yet confirmed.
      await until('it is subscribed anew', () => /\+a\/b.*\+a\/b$/.test(broker.requests.join()));
      await settle();
      assert.equal(broker.subscribed(), ['a/b']);
      await broker.publish('a/b', 'x');
      await until('it arrives', () => second.messages.length > 0);
      await settle();
      assert.equal([first.texts(), second.texts()], [[], ['x']]);
    },
  );

  withSite(
    `${kind}: asked for and stopped in one tick, the filter is not subscribed`,
    { subscribeDelayMs },
    async ({ broker, mqtt }) => {
      const other = collect(mqtt, 'other');
      collect(mqtt, 'a/b').subscription.stop();
      await until('it is gone again', () => broker.requests.includes('-a/b'));
      await settle();
      assert.equal(broker.subscribed(), ['other']);
      await broker.publish('other', 'x');
      await until('the other arrives', () => other.messages.length === 1);
    },
  );

  withSite(
    `${kind}: many changes of mind in one tick, the last one counts`,
    { subscribeDelayMs },
    async ({ broker, mqtt }) => {
      for (let round = 0; round < 20; round += 1) collect(mqtt, 'gone').subscription.stop();
      for (let round = 0; round < 20; round += 1) collect(mqtt, 'kept').subscription.stop();
      const kept = collect(mqtt, 'kept');
      await until('both have settled', () => {
        return broker.requests.includes('-gone') && broker.subscribed().join() === 'kept';
      });
      await settle();
      assert.equal(broker.subscribed(), ['kept']);
      assert.ok(broker.requests.length <= 6, `${broker.requests.length} requests`);
      await broker.publish('kept', 'x');
      await until('it arrives', () => kept.messages.length === 1);
    },
  );
}

test('changes of mind while there is no broker: what is wanted at its return counts', async () => {
  const clock = new ManualClock();
  const first = await startRecordingBroker();
  const { mqtt, lines } = openSite(first.port, { clock });
  await until('it is up', () => isUp(mqtt));
  const kept = collect(mqtt, 'kept');
  const gone = collect(mqtt, 'gone');
  const again = collect(mqtt, 'again');
  await until('all are subscribed', () => first.subscribed().length === 3);
  await first.close();
  await until('it is down', () => !isUp(mqtt));
  gone.subscription.stop();
  again.subscription.stop();
  const anew = collect(mqtt, 'again');
  collect(mqtt, 'never').subscription.stop();
  const second = await startRecordingBroker({ port: first.port });
  try {
    await until('it is up again', () => {
      clock.advance(1_000);
      return isUp(mqtt);
    });
    await until('the filters are there', () => second.subscribed().length >= 2);
    await settle();
    assert.equal(second.subscribed(), ['again', 'kept']);
    assert.equal([...second.requests].sort(), ['+again', '+kept']);
    for (const topic of ['gone', 'again', 'kept']) await second.publish(topic, topic);
    await until('both arrive', () => anew.messages.length + kept.messages.length === 2);
    assert.equal([gone.texts(), again.texts(), anew.texts()], [[], [], ['again']]);
    assert.not.ok(lines.some(line => line.includes('refused the subscription')));
  } finally {
    await mqtt.close();
    await second.close();
  }
});

withSite(
  'the connection is cut with requests open: after the return all is as the last call asked',
  { subscribeDelayMs: 100 },
  async ({ broker, mqtt, lines }) => {
    const gone = collect(mqtt, 'gone');
    await until('it is subscribed', () => broker.subscribed().length === 1);
    gone.subscription.stop();
    const kept = collect(mqtt, 'kept');
    broker.cut();
    await until('it is down', () => !isUp(mqtt));
    await until('it is up again', () => isUp(mqtt));
    await until('what is wanted is subscribed', () => broker.subscribed().includes('kept'));
    await settle();
    assert.equal(broker.subscribed(), ['kept']);
    await broker.publish('kept', 'x');
    await until('it arrives', () => kept.messages.length === 1);
    assert.not.ok(lines.some(line => line.includes('refused the subscription')));
  },
);

withSite(
  'of several filters the refused one is told, and the others are subscribed',
  { refused: ['secret'] },
  async ({ broker, mqtt, lines }) => {
    // Asked for in one request, as after each reconnect.
    collect(mqtt, 'first');
    collect(mqtt, 'secret');
    collect(mqtt, 'last');
    await until('all are answered', () => broker.requests.length === 3);
    lines.length = 0;
    broker.cut();
    await until('it is told again', () => lines.some(line => line.includes('"secret"')));
    await settle();
    const told = lines.filter(line => line.includes('refused the subscription'));
    assert.is(told.length, 1, told.join('\n'));
    assert.equal(broker.subscribed(), ['first', 'last']);
    assert.match(mqtt.connections()[0]?.lastError ?? '', '"secret"');
  },
);

test.run();
