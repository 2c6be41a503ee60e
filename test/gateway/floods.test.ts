import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { culpritCases, PATIENT_RELAY, QUICK_RESTART, switchOn } from './culprit-cases.ts';
import { GatewayUnderTest, until } from './gateway-under-test.ts';
import { CULPRIT } from './releases.ts';

const test = suite('gateway: controllers that flood');

const MESSAGES = 10_000;
const gateway = await GatewayUnderTest.start();
const culprit = { ...CULPRIT, restart: QUICK_RESTART, memory: '8MiB', deadline: '3s' };
await gateway.installParts({ controllers: [PATIENT_RELAY, culprit] });

test.after(() => gateway.close());

const culpritCase = culpritCases(test, gateway);

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
    await switchOn(gateway);
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
    await switchOn(gateway);
    const after = await gateway.controller('culprit');
    const handled = (after?.handled ?? 0) - (before?.handled ?? 0);
    assert.ok(handled > 0 && handled <= MESSAGES + 2, `${handled} handled`);
    assert.is(after?.restarts, before?.restarts);
  },
);

test.run();
