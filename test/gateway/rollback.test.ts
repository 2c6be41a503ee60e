import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { installedSchema } from '../../runtime/control/reports.ts';
import { GatewayUnderTest, refusal, until } from './gateway-under-test.ts';
import { CULPRIT, RELAY, signedRelease } from './releases.ts';

const test = suite('gateway: install, roll back, take back');

const gateway = await GatewayUnderTest.start();
const { key } = gateway.site;
const one = await signedRelease({ controllers: [RELAY] }, key);
const two = await signedRelease(
  { version: '2.0.0', sequence: 2, controllers: [{ ...RELAY, version: '2.0.0' }] },
  key,
);
const REFUSES = { ...CULPRIT, config: { 'in-start': 'refuse' }, restart: { intensity: 0 } };
const bad = await signedRelease(
  { version: '3.0.0', sequence: 3, controllers: [RELAY, REFUSES] },
  key,
);

test.after(() => gateway.close());

test('a second release takes the other slot, and the first stays as the way back', async () => {
  assert.is((await gateway.install(one)).slot, 'a');
  const committed = await gateway.install(two);
  assert.is(committed.version, '2.0.0');
  const { a, b } = await gateway.slots();
  assert.equal([a?.version, a?.state, a?.active], ['1.0.0', 'good', false]);
  assert.equal([b?.version, b?.state, b?.active], ['2.0.0', 'good', true]);
  await gateway.relayAnswers();
});

test('rollback returns to the first release, which works', async () => {
  const params = { reason: 'a test' };
  const back = await gateway.ask({ method: 'rollback', params }, installedSchema);
  assert.is(back.version, '1.0.0');
  assert.is((await gateway.slots()).a?.active, true);
  assert.is((await gateway.reached('relay', 'running')).version, '1.0.0');
  await gateway.relayAnswers();
  const causes = await gateway.why('test-site');
  assert.is(causes[0]?.kind, 'rollback');
  assert.equal(causes[0]?.causedBy, ['a test']);
});

test('after a rollback a release below the highest committed sequence is a downgrade', async () => {
  const other = await signedRelease({ version: '1.0.1', controllers: [RELAY] }, key);
  assert.is((await refusal(gateway.install(other))).code, 'DEPLOY_DOWNGRADE');
  const same = await signedRelease({ version: '2.0.1', sequence: 2, controllers: [RELAY] }, key);
  assert.is((await refusal(gateway.install(same))).code, 'DEPLOY_SEQUENCE_REUSED');
  assert.is((await gateway.slots()).a?.active, true);
});

test('a release that fails its trial is taken back by itself and never tried again', async () => {
  const failed = await refusal(gateway.install(bad));
  assert.is(failed.code, 'DEPLOY_TRIAL_FAILED');
  assert.match(failed.message, 'refused on purpose');
  const { a, b, lastCause } = await gateway.slots();
  assert.equal([a?.version, a?.active], ['1.0.0', true]);
  assert.equal([b?.version, b?.state, b?.active], ['3.0.0', 'bad', false]);
  assert.match(lastCause ?? '', 'refused on purpose');
  await gateway.reached('relay', 'running');
  await gateway.relayAnswers();
  const [cause] = await gateway.why('test-site@3.0.0');
  assert.is(cause?.kind, 'rollback');
  assert.match(cause?.causedBy[0] ?? '', 'refused on purpose');
  assert.is((await refusal(gateway.install(bad))).code, 'DEPLOY_KNOWN_BAD');
});

test('with the other slot bad there is nothing to roll back to', async () => {
  const params = { reason: 'a test' };
  const task = gateway.ask({ method: 'rollback', params }, installedSchema);
  assert.is((await refusal(task)).code, 'DEPLOY_NOTHING_TO_ROLL_BACK');
  await gateway.relayAnswers();
});

test('a start of the gateway runs the committed release and remembers the bad one', async () => {
  await gateway.stopDaemon();
  await gateway.startDaemon();
  await until('a release runs', async () => (await gateway.status()).controllers[0] ?? null);
  assert.is((await gateway.reached('relay', 'running')).version, '1.0.0');
  assert.is((await refusal(gateway.install(bad))).code, 'DEPLOY_KNOWN_BAD');
  assert.is((await gateway.install(two)).version, '2.0.0');
  await gateway.relayAnswers();
});

test('what was staged for releases that are gone is gone too', async () => {
  // Slots hold 1.0.0 and 2.0.0 now, which share a component; 3.0.0 was staged twice and is bad.
  const names = await readdir(join(gateway.site.stateDirectory, 'staged'));
  const { length } = names.filter(name => name.startsWith('of-'));
  assert.equal([names.length, length], [3, 2], names.join(' '));
});

test.run();
