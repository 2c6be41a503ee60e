import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { GatewayUnderTest, until } from './gateway-under-test.ts';
import { CULPRIT, RELAY } from './releases.ts';

const test = suite('gateway: controllers that flood');

const MESSAGES = 10_000;
const QUICK = { intensity: 1_000, 'backoff-min': '20ms', 'backoff-max': '200ms' };

/** On a busy machine a flood may keep a worker waiting; only what hangs must be ended. */
const PATIENT_RELAY = { ...RELAY, deadline: '5s' };

const gateway = await GatewayUnderTest.start();
const culprit = { ...CULPRIT, restart: QUICK, memory: '8MiB', deadline: '3s' };
await gateway.installParts({ controllers: [PATIENT_RELAY, culprit] });

test.after(() => gateway.close());

/** Adds a case after which the sibling and component-host are as they were. */
function culpritCase(name: string, task: () => Promise<void>): void {
  test(name, async () => {
    const { pid } = (await gateway.status()).host;
    await task();
    await gateway.relayAnswers();
    const relay = await gateway.controller('relay');
    assert.is(relay?.restarts, 0, 'the sibling was left alone');
    assert.is((await gateway.status()).host.pid, pid, 'component-host went on');
  });
}

/** Shows that the culprit still does what it is told. */
async function switchOn(): Promise<void> {
  const { handled } = await gateway.reached('culprit', 'running');
  await gateway.publish('site/culprit/do', 'on');
  await gateway.lineBecomes('heater', 'active');
  await until('the message is handled', async () => {
    return ((await gateway.controller('culprit'))?.handled ?? 0) > handled || null;
  });
}

for (const payload of [
  'grow-memory',
  'big-string',
  'big-publish',
  'log-flood',
  'publish-flood',
  'gpio-flood',
]) {
  culpritCase(`${payload}: bounded, the gateway and the sibling go on`, async () => {
    await gateway.reached('culprit', 'running');
    const before = await gateway.controller('culprit');
    await gateway.publish('site/culprit/do', payload);
    await gateway.relayAnswers();
    await until('the culprit has handled it or was ended', async () => {
      const now = await gateway.controller('culprit');
      const done = (now?.handled ?? 0) > (before?.handled ?? 0);
      return done || (now?.restarts ?? 0) > (before?.restarts ?? 0) || null;
    });
    await switchOn();
  });
}

culpritCase(
  `${MESSAGES} messages: what does not fit is counted as lost, the last one is there`,
  async () => {
    await gateway.reached('culprit', 'running');
    const before = await gateway.controller('culprit');
    const mqtt = await gateway.mqtt();
    for (let sent = 0; sent < MESSAGES; sent += 1) mqtt.publish('site/culprit/do', 'nothing');
    await gateway.relayAnswers();
    await switchOn();
    const after = await gateway.controller('culprit');
    const handled = (after?.handled ?? 0) - (before?.handled ?? 0);
    assert.ok(handled > 0 && handled <= MESSAGES + 2, `${handled} handled`);
    assert.is(after?.restarts, before?.restarts);
  },
);

test.run();
