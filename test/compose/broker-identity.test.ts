import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { startBroker } from '../../drivers/broker/broker.ts';
import { createSystemClock } from '../../drivers/clock/system-clock.ts';
import { nodeFiles } from '../../drivers/files/node-files.ts';
import { openMqttConnections } from '../../drivers/mqtt/mqtt-connections.ts';
import { createSystemRandom } from '../../drivers/random/system-random.ts';
import { namedConnections } from '../../runtime/compose/broker-identity.ts';
import { parseGatewayConfig } from '../../runtime/manifest/gateway-config.ts';
import type { Files } from '../../runtime/ports/files.ts';

const test = suite('compose/broker-identity');

const random = createSystemRandom();
const MAIN = '[[mqtt]]\nlabel = "main"\nurl = "mqtt://127.0.0.1:1883"\n';

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'mark-'));
  try {
    await work(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function idsOf(text: string, folder: string, files: Files = nodeFiles()) {
  const config = parseGatewayConfig([{ file: '/etc/gateway.toml', text }]);
  const { connections, notice } = await namedConnections(config, { files, random, folder });
  return { ids: connections.map(({ clientId }) => clientId), notice };
}

test('two gateways without a name have different client ids, each its own again', () =>
  inFolder(one =>
    inFolder(async two => {
      const first = await idsOf(MAIN, one);
      assert.match(first.ids[0] ?? '', /^gateway-[0-9a-f]{12}-main$/);
      assert.is.not((await idsOf(MAIN, two)).ids[0], first.ids[0]);
      assert.equal(await idsOf(MAIN, one), first);
      assert.match(first.notice ?? '', first.ids[0]?.replace('-main', '') ?? '?');
    }),
  ));

test('what a person named is used as it is, and needs no mark', () =>
  inFolder(async folder => {
    assert.equal(await idsOf(`name = "roof"\n${MAIN}`, folder), {
      ids: ['roof-main'],
      notice: null,
    });
    assert.equal(await idsOf(`name = "gateway"\n${MAIN}`, folder), {
      ids: ['gateway-main'],
      notice: null,
    });
    const named = `${MAIN}client-id = "roof-7"\n`;
    assert.equal(await idsOf(named, folder), { ids: ['roof-7'], notice: null });
    assert.equal(await idsOf('', folder), { ids: [], notice: null });
    assert.is(await readFile(join(folder, 'broker-mark')).catch(() => null), null);
    const { ids } = await idsOf(`${named}${MAIN.replace('main', 'other')}`, folder);
    assert.is(ids[0], 'roof-7');
    assert.match(ids[1] ?? '', /^gateway-[0-9a-f]{12}-other$/);
  }));

test('a damaged mark is made anew; one that cannot be kept lasts for the run', () =>
  inFolder(async folder => {
    const before = await idsOf(MAIN, folder);
    await writeFile(join(folder, 'broker-mark'), '+/#\n');
    const after = await idsOf(MAIN, folder);
    assert.is.not(after.ids[0], before.ids[0]);
    assert.equal(await idsOf(MAIN, folder), after);
    await rm(join(folder, 'broker-mark'));
    const full: Files = { ...nodeFiles(), write: () => Promise.reject(new Error('ENOSPC')) };
    const held = await idsOf(MAIN, folder, full);
    assert.match(held.ids[0] ?? '', /^gateway-[0-9a-f]{12}-main$/);
    assert.match(held.notice ?? '', 'ENOSPC');
  }));

test('a broker keeps both of two nameless gateways', () =>
  inFolder(one =>
    inFolder(async two => {
      const broker = await startBroker();
      const clock = createSystemClock();
      const log = { write: () => undefined };
      const text = MAIN.replace('1883', String(broker.port));
      const config = parseGatewayConfig([{ file: '/etc/gateway.toml', text }]);
      const opened = await Promise.all(
        [one, two].map(async folder => {
          const parts = { files: nodeFiles(), random, folder };
          const { connections } = await namedConnections(config, parts);
          return openMqttConnections({ connections, clock, random, log });
        }),
      );
      const isUp = () => opened.every(mqtt => mqtt.connections()[0]?.connected === true);
      try {
        for (let look = 0; look < 500 && !isUp(); look += 1) {
          await new Promise(resolve => setTimeout(resolve, 20));
        }
        for (let look = 0; look < 25; look += 1) {
          assert.ok(isUp());
          await new Promise(resolve => setTimeout(resolve, 20));
        }
      } finally {
        for (const mqtt of opened) await mqtt.close();
        await broker.close();
      }
    }),
  ));

test.run();
