import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { MOSQUITTO_ENV, startMosquitto } from './mosquitto.ts';
import { addDeliveryCases, collect, freePort, isUp, openSite, send, until } from './mqtt-cases.ts';

const mosquitto = suite('drivers/mqtt: Mosquitto');

addDeliveryCases(mosquitto, startMosquitto);

mosquitto(
  'credentials come from their file at each attempt, and never appear in words',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'mqtt-'));
    const passwords = join(folder, 'passwords');
    const made = spawnSync('mosquitto_passwd', ['-c', '-b', passwords, 'gateway', 's3cret-new'], {
      env: MOSQUITTO_ENV,
    });
    assert.is(made.status, 0);
    const credentialsFile = join(folder, 'site.credentials');
    writeFileSync(credentialsFile, 'gateway\ns3cret-old\n');
    const port = await freePort();
    const broker = await startMosquitto(port, [
      'allow_anonymous false',
      `password_file ${passwords}`,
    ]);
    const { mqtt, lines } = openSite(port, {}, { credentialsFile });
    try {
      await until('it is refused', () => /refused/i.test(mqtt.connections()[0]?.lastError ?? ''));
      send(mqtt, 'a', 'kept meanwhile', { retain: true });
      writeFileSync(credentialsFile, 'gateway\ns3cret-new\n');
      await until('it is up', () => isUp(mqtt));
      const seen = collect(mqtt, 'a');
      await until('the message', () => seen.messages.length >= 1);
      assert.not.match(JSON.stringify([lines, mqtt.connections()]), /s3cret/);
    } finally {
      await mqtt.close();
      await broker.close();
      rmSync(folder, { recursive: true });
    }
  },
);

mosquitto('a filter that the broker refuses is said and harms nothing else', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mqtt-'));
  const rules = join(folder, 'acl');
  writeFileSync(rules, 'topic readwrite allowed/#\n');
  const port = await freePort();
  const broker = await startMosquitto(port, ['allow_anonymous true', `acl_file ${rules}`]);
  const { mqtt } = openSite(port);
  try {
    await until('it is up', () => isUp(mqtt));
    const allowed = collect(mqtt, 'allowed/a');
    collect(mqtt, 'forbidden/a');
    send(mqtt, 'forbidden/a', 'x');
    send(mqtt, 'allowed/a', 'y');
    await until('the allowed one', () => allowed.texts().includes('y'));
    assert.is(isUp(mqtt), true);
  } finally {
    await mqtt.close();
    await broker.close();
    rmSync(folder, { recursive: true });
  }
});

mosquitto('overlapping filters: every listener gets the message', async () => {
  const port = await freePort();
  const broker = await startMosquitto(port);
  const { mqtt } = openSite(port);
  try {
    await until('it is up', () => isUp(mqtt));
    const wide = collect(mqtt, 'a/#');
    const narrow = collect(mqtt, 'a/b');
    await new Promise(resolve => setTimeout(resolve, 100));
    send(mqtt, 'a/b', 'x');
    send(mqtt, 'a/end', 'end');
    await until('the end', () => wide.texts().includes('end'));
    assert.equal([wide.texts(), narrow.texts()], [['x', 'end'], ['x']]);
  } finally {
    await mqtt.close();
    await broker.close();
  }
});

mosquitto.run();
