import process from 'node:process';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { GatewayUnderTest, until } from './gateway-under-test.ts';
import { CULPRIT, RELAY } from './releases.ts';

const test = suite('gateway: controllers of several vendors');

const gateway = await GatewayUnderTest.start();

test.after(() => gateway.close());

test('each vendor has a host, and the death of one leaves the other vendor untouched', async () => {
  await gateway.installParts({
    controllers: [
      { ...RELAY, vendor: 'relay.example' },
      { ...CULPRIT, vendor: 'culprit.example' },
    ],
  });
  await gateway.reached('culprit', 'running');
  const before = await gateway.status();
  const [other, ...none] = before.otherHosts ?? [];
  assert.equal([other?.vendor, none], ['culprit.example', []]);
  assert.is.not(other?.pid, before.host.pid);
  process.kill(other?.pid ?? Number.NaN, 'SIGKILL');
  await until('the host of the culprit is back', async () => {
    const now = (await gateway.status()).otherHosts?.[0];
    return (now?.state === 'running' && now.starts === 2) || null;
  });
  await gateway.reached('culprit', 'running');
  const relay = await gateway.reached('relay', 'running');
  assert.is(relay.restarts, 0);
  const { host } = await gateway.status();
  assert.equal([host.pid, host.starts], [before.host.pid, before.host.starts]);
  await gateway.relayAnswers();
});

test('a vendor that the next release has not loses its host', async () => {
  await gateway.installParts({
    version: '2.0.0',
    sequence: 2,
    controllers: [{ ...RELAY, vendor: 'relay.example' }],
  });
  assert.is((await gateway.status()).otherHosts, undefined);
});

test.run();
