import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { GatewayUnderTest, until } from './gateway-under-test.ts';
import { listenToTelemetry } from './telemetry.ts';
import { exampleRelease } from './thermostat-release.ts';

const test = suite('gateway: stored state is damaged');

const gateway = await GatewayUnderTest.start();
const keyvalueFile = join(gateway.site.stateDirectory, 'keyvalue.db');
const telemetry = await listenToTelemetry(gateway);
await gateway.install(await exampleRelease(gateway.site.key));

test.after(() => gateway.close());

/** Publishes until a report shows it: a broker that was just found may not have us subscribed. */
async function setPoint(celsius: number): Promise<void> {
  await until(`the set-point is ${celsius}`, async () => {
    await gateway.publish('site/setpoint', String(celsius));
    return (await telemetry.next()).setpoint === celsius ? true : null;
  });
}

test('a damaged key-value database is moved aside, loudly, and a new one works', async () => {
  await setPoint(24);
  await gateway.stopDaemon();
  telemetry.forget();
  await readFile(keyvalueFile);
  for (const name of await readdir(gateway.site.stateDirectory)) {
    if (name.startsWith('keyvalue.db-')) await rm(join(gateway.site.stateDirectory, name));
  }
  await writeFile(keyvalueFile, Buffer.alloc(8_192, 0x5a));
  await gateway.startDaemon();
  await gateway.reached('thermostat', 'running');
  const names = await readdir(gateway.site.stateDirectory);
  const aside = names.filter(name => /^keyvalue\.db.*(damaged|corrupt|broken|aside)/.test(name));
  assert.is(aside.length, 1, names.join(' '));
  const loud = (await gateway.logs()).filter(
    ({ level }) => level === 'error' || level === 'critical',
  );
  assert.ok(
    loud.some(({ message }) => message.includes(aside[0] ?? '?')),
    loud.map(({ message }) => message).join('\n'),
  );
  assert.is((await telemetry.next()).setpoint, 21, 'the configuration, since nothing was kept');
  await setPoint(23);
  await gateway.stopDaemon();
  await gateway.startDaemon();
  telemetry.forget();
  assert.is((await telemetry.next()).setpoint, 23);
});

test('a damaged count of starts is told in log and audit, and stops nothing', async () => {
  await gateway.stopDaemon();
  const { stateDirectory } = gateway.site;
  for (const file of ['boots.0', 'boots.1']) await writeFile(join(stateDirectory, file), 'noise');
  await gateway.startDaemon();
  await gateway.reached('thermostat', 'running');
  const told = (await gateway.logs()).find(({ message }) => /count of starts is/.test(message));
  assert.is(told?.level, 'error');
  await gateway.stopDaemon();
  const audit = await readFile(join(stateDirectory, 'audit/audit-00000001.jsonl'), 'utf8');
  assert.match(audit, '"action":"state.boots-damaged"');
});

test.run();
