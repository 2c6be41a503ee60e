import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { GatewayUnderTest, until } from './gateway-under-test.ts';
import { RELAY } from './releases.ts';

const test = suite('gateway: the audit cannot be written');

/** Starts a gateway whose audit takes lines and makes none of them durable. */
async function started(extra: string): Promise<GatewayUnderTest> {
  const gateway = await GatewayUnderTest.make({ extra });
  try {
    const folder = join(gateway.site.stateDirectory, 'audit');
    await mkdir(folder, { recursive: true });
    await symlink('/dev/null', join(folder, 'audit-00000001.jsonl'));
    await gateway.startDaemon();
    await gateway.installParts({ controllers: [RELAY] });
    await until('the trouble is noticed', async () => {
      const { problems } = await gateway.status();
      return problems.some(({ what }) => what.startsWith('the audit log cannot be')) || null;
    });
    return gateway;
  } catch (error) {
    await gateway.close();
    throw error;
  }
}

test('without a word about it the gateway is degraded, says so, and works', async () => {
  const gateway = await started('');
  try {
    assert.is((await gateway.status()).verdict, 'degraded');
    const critical = (await gateway.logs()).filter(({ level }) => level === 'critical');
    assert.ok(critical.some(({ message }) => message.startsWith('the audit log cannot be')));
    await gateway.relayAnswers();
  } finally {
    await gateway.close();
  }
});

test('where it is required, an output is not switched on, and the guest handles that', async () => {
  const gateway = await started('\n[audit]\nrequired = true\n');
  try {
    await until('the refusal is logged, by the gateway and by the guest', async () => {
      await gateway.publish('site/relay/pump', 'on');
      const words = (await gateway.logs()).map(({ message }) => message).join('\n');
      return /leave no line/.test(words) && /write refused/.test(words) ? true : null;
    });
    assert.is(await gateway.line('pump'), 'inactive');
    const { problems } = await gateway.status();
    assert.ok(problems.some(({ what }) => what.includes('nothing unsafe until it can')));
    assert.is((await gateway.reached('relay', 'running')).restarts, 0);
  } finally {
    await gateway.close();
  }
});

test.run();
