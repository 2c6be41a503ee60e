import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { GatewayUnderTest, refusal, until } from './gateway-under-test.ts';
import { RELAY, signedRelease } from './releases.ts';

const test = suite('gateway: walls that the configuration demands');

const gateway = await GatewayUnderTest.start();
const { key, configFile } = gateway.site;
const overrides = join(dirname(configFile), 'conf.d');
const next = await signedRelease({ version: '2.0.0', sequence: 2, controllers: [RELAY] }, key);

test.after(() => gateway.close());

test('without a demanded wall nothing runs, is installed or is taken back', async () => {
  await gateway.installParts({ controllers: [RELAY] });
  await gateway.reached('relay', 'running');
  const slotsBefore = await gateway.slots();
  await gateway.stopDaemon();

  // Nobody gives the host a uid of its own here, so this wall does not stand.
  await mkdir(overrides, { recursive: true });
  await writeFile(join(overrides, 'walls.toml'), '[walls]\nrequire = ["own-uid"]\n');
  await gateway.startDaemon();
  const status = await until('the host told of its walls', async () => {
    const now = await gateway.status();
    return now.host.walls.length > 0 ? now : null;
  });
  assert.is(status.verdict, 'failing');
  assert.equal(status.controllers, []);
  assert.match(
    status.problems.map(({ what }) => what).join('\n'),
    /HOST_WALLS_MISSING: the configuration demands own-uid \(runs as uid \d+, like the gateway/,
  );
  assert.is((await refusal(gateway.install(next))).code, 'HOST_WALLS_MISSING');
  assert.equal(await gateway.slots(), slotsBefore);
  await gateway.stopDaemon();

  await rm(join(overrides, 'walls.toml'));
  await gateway.startDaemon();
  await gateway.reached('relay', 'running');
  assert.equal(await gateway.slots(), slotsBefore);
});

test('status has every wall, each once, with words', async () => {
  const walls = await until('the host told of its walls', async () => {
    const { host } = await gateway.status();
    return host.walls.length > 0 ? host.walls : null;
  });
  const names = walls.map(({ name }) => name);
  assert.is(new Set(names).size, names.length);
  assert.is(names.length, 14);
  for (const { name, detail } of walls) assert.ok(detail.length > 0, name);
});

test.run();
