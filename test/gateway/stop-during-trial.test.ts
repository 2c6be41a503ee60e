import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { GatewayUnderTest, refusal, until } from './gateway-under-test.ts';
import { RELAY, signedRelease } from './releases.ts';

const test = suite('gateway: an orderly stop during a trial');

const gateway = await GatewayUnderTest.start();

test.after(() => gateway.close());

test('the release on trial is not condemned, and its trial goes on at the next start', async () => {
  await gateway.installParts({ controllers: [RELAY] });
  const parts = { version: '2.0.0', sequence: 2, controllers: [{ ...RELAY, version: '2.0.0' }] };
  const next = await signedRelease(parts, gateway.site.key);
  const configFile = join(gateway.site.folder, 'conf.d', 'extra.toml');
  const config = await readFile(configFile, 'utf8');
  assert.match(config, 'soak-ms = 200');
  await gateway.stopDaemon();
  await writeFile(configFile, config.replace('soak-ms = 200', 'soak-ms = 15000'));
  await gateway.startDaemon();
  const ended = refusal(gateway.install(next));
  const begun = until('the trial has begun', async () =>
    (await gateway.controller('relay'))?.version === '2.0.0' ? true : null,
  );
  const early = ended.then(({ code, message }) => `refused: ${code} ${message}`);
  assert.is(await Promise.race([begun, early]), true);
  await gateway.stopDaemon();
  await ended;

  await writeFile(configFile, config);
  await gateway.startDaemon();
  await until('it is committed', async () => ((await gateway.slots()).b?.active ? true : null));
  const { b, bad } = await gateway.slots();
  assert.equal([b?.version, b?.state, bad], ['2.0.0', 'good', []]);
  await bootIsOver();
  await gateway.relayAnswers();
});

/** Until then a message may find nobody subscribed. */
async function bootIsOver(): Promise<void> {
  await gateway.reached('relay', 'running');
  await until('boot is over', async () => (gateway.output().includes('started (') ? true : null));
  await new Promise(resolve => setTimeout(resolve, 1_000));
}

test.run();
