import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { freePort } from '../drivers/mqtt/mqtt-cases.ts';
import { startRecordingBroker } from '../drivers/mqtt/recording-broker.ts';
import { GatewayUnderTest, until } from './gateway-under-test.ts';

const test = suite('gateway: an hour without a broker');

/** What chatters.c publishes for each edge, and what the driver's queue holds at most. */
const BATCH = 300;
const QUEUE_MESSAGES_MAX = 1_000;
/** An hour of one message a second; the first half with QoS 0. */
const EDGES = 12;
const HALF = (EDGES / 2) * BATCH;
/** Between batches: no controller publishes more than 1,000 messages a second. */
const PACE_MS = 500;
const RSS_GROWTH_KIB_MAX = 64 * 1_024;

const POLICY = `
[[policy]]
controller = "chatters"
grants = [
  "gpio:button[dir=in]",
  "gpio:door[dir=in]",
  "gpio:heater[dir=out]",
  "mqtt:main/site/log/+[pub]",
  "mqtt:main/site/count[pub]",
  "mem:1MiB",
  "cpu:call[<=5s]",
]
`;

const brokerPort = await freePort();
const gateway = await GatewayUnderTest.start({ brokerPort, extra: POLICY });

test.after(() => gateway.close());

async function link() {
  const [state] = (await gateway.status()).mqtt;
  if (state === undefined) throw new Error('no connection');
  return state;
}

async function rssKib(): Promise<number> {
  const [daemon] = gateway.processes().filter(({ command }) => command.includes('gatewayd'));
  const status = await readFile(`/proc/${daemon?.pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]);
}

/** The lines of the log that tell of the queue. */
async function told(): Promise<readonly string[]> {
  const lines = (await gateway.logs(4_000)).map(({ message }) => message);
  return lines.filter(message => message.includes('its queue is'));
}

test('the queue is bounded and counted, control goes on, the rest arrives in order', async () => {
  await gateway.installParts({
    controllers: [
      {
        name: 'chatters',
        component: 'chatters',
        deadline: '5s',
        grants: [
          'gpio:button[dir=in]',
          'gpio:door[dir=in]',
          'gpio:heater[dir=out]',
          'mqtt:main/site/log/+[pub]',
          'mqtt:main/site/count[pub]',
        ],
      },
    ],
  });
  let rssBefore = 0;
  for (let edge = 0; edge < EDGES; edge += 1) {
    const state = edge % 2 === 0 ? 'active' : 'inactive';
    await sleep(PACE_MS);
    await gateway.drive('button', state);
    // Written after the batch: local control does not wait for a broker.
    await gateway.lineBecomes('heater', state);
    const { queued, connected } = await link();
    assert.is(connected, false);
    assert.ok(queued <= QUEUE_MESSAGES_MAX, `${queued} queued`);
    if (edge === EDGES / 2) rssBefore = await rssKib();
  }
  const grown = (await rssKib()) - rssBefore;
  assert.ok(grown < RSS_GROWTH_KIB_MAX, `grew by ${grown} KiB`);

  // Every message of QoS 0 has given way to one of QoS 1; those beyond the bound were refused.
  const { queued, dropped, refused } = await link();
  assert.is(queued, QUEUE_MESSAGES_MAX);
  assert.is(queued + dropped + refused, 2 * HALF);
  assert.ok(dropped > 0 && refused > 0, `${dropped} dropped, ${refused} refused`);
  assert.is((await told()).length, 1, (await told()).join('\n'));

  const broker = await startRecordingBroker({ port: brokerPort });
  try {
    await gateway.brokerIs(true);
    await until('the queue is empty', async () => (await link()).queued === 0 || null);
    const log = broker.published.filter(line => line.startsWith('site/log/'));
    assert.is(log.length, QUEUE_MESSAGES_MAX);
    assert.equal(
      log,
      Array.from({ length: QUEUE_MESSAGES_MAX }, (_, i) => `site/log/1 ${i + 1}`),
    );
    assert.is((await told()).length, 2, (await told()).join('\n'));
    assert.match((await told()).at(-1) ?? '', `${dropped + refused} message(s) found no room`);

    // The controller was told of each refusal, and of no loss of QoS 0.
    await gateway.drive('door', 'active');
    const counted = await until('the count arrives', async () => {
      return broker.published.find(line => line.startsWith('site/count ')) ?? null;
    });
    assert.is(counted, `site/count ${queued + dropped}/${refused}`);
    await gateway.drive('button', 'active');
    await until('what comes now arrives at once', async () => {
      return broker.published.includes(`site/log/0 ${HALF + BATCH}`) || null;
    });
    assert.is((await gateway.controller('chatters'))?.restarts, 0);
  } finally {
    await broker.close();
  }
});

test.run();
