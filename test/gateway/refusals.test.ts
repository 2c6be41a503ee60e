import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parsePrivateKey } from '../../runtime/signing/ed25519.ts';
import { componentBytes, REFUSED_CORES } from './components.ts';
import { GatewayUnderTest, type Refused, refusal } from './gateway-under-test.ts';
import { type ControllerParts, RELAY, signedRelease } from './releases.ts';

const test = suite('gateway: releases that are refused');

const gateway = await GatewayUnderTest.start();
const { key } = gateway.site;
const good = await signedRelease({ controllers: [RELAY] }, key);
const next = await signedRelease({ version: '2.0.0', sequence: 2, controllers: [RELAY] }, key);
await gateway.install(good);
const slotsBefore = await gateway.slots();
const startsBefore = (await gateway.status()).host.starts;

test.after(() => gateway.close());

async function requireRefused(envelope: Uint8Array, code: RegExp): Promise<Refused> {
  const refused = await refusal(gateway.install(envelope));
  assert.match(refused.code, code, refused.message);
  assert.equal(await gateway.slots(), slotsBefore, 'nothing is stored');
  const [cause] = await gateway.why('offered');
  assert.is(cause?.kind, 'refusal');
  assert.ok(cause?.what.includes(refused.message.slice(0, 100)), `why says: ${cause?.what}`);
  return refused;
}

async function requireReleaseRefused(
  controllers: readonly ControllerParts[],
  code: RegExp,
): Promise<Refused> {
  const parts = { version: '2.0.0', sequence: 2, controllers };
  return requireRefused(await signedRelease(parts, key), code);
}

test('bytes that are no envelope', async () => {
  await requireRefused(new Uint8Array(1_000).fill(0xff), /^ENVELOPE_/);
  await requireRefused(new TextEncoder().encode('name = "not signed"'), /^ENVELOPE_/);
});

test('an envelope that ends too early', async () => {
  for (const part of [0.01, 0.3, 0.9]) {
    await requireRefused(next.subarray(0, Math.floor(next.length * part)), /^ENVELOPE_/);
  }
  await requireRefused(next.subarray(0, next.length - 1), /^ENVELOPE_/);
});

test('an envelope with something behind it', async () => {
  await requireRefused(Buffer.concat([next, new Uint8Array(1)]), /^ENVELOPE_/);
});

test('a payload that was changed after signing', async () => {
  const tampered = next.slice();
  const at = tampered.length - 100;
  tampered[at] = (tampered[at] ?? 0) ^ 1;
  await requireRefused(tampered, /^(PAYLOAD|ENVELOPE)_DIGEST$/);
});

test('a manifest that was changed after signing', async () => {
  const tampered = next.slice();
  const at = Buffer.from(tampered).indexOf('test-site');
  assert.ok(at > 0);
  tampered[at] = 'b'.charCodeAt(0);
  await requireRefused(tampered, /^ENVELOPE_DIGEST$/);
});

test('a signature of a key that this gateway does not trust', async () => {
  const other = parsePrivateKey(new Uint8Array(32).fill(7));
  const parts = { version: '2.0.0', sequence: 2, controllers: [RELAY] };
  await requireRefused(await signedRelease(parts, other), /^SIGNATURE_/);
});

test('more than an envelope may have', async () => {
  const refused = await refusal(gateway.install(new Uint8Array(33 * 1_024 * 1_024)));
  assert.match(refused.code, /^(ENVELOPE|CONTROL)_TOO_LARGE$/);
});

test('a controller that policy grants nothing', async () => {
  const stranger = { ...RELAY, name: 'stranger' };
  const { message } = await requireReleaseRefused([stranger], /^POLICY_CAPABILITY$/);
  assert.match(message, 'gpio:pump[dir=out]');
});

test('a request beyond policy names the line that would allow it', async () => {
  const grants = [...(RELAY.grants ?? []), 'gpio:heater[dir=out]'];
  const { message } = await requireReleaseRefused([{ ...RELAY, grants }], /^POLICY_CAPABILITY$/);
  assert.match(message, /gpio:heater\[dir=out\]/);
  assert.is((await gateway.why('offered'))[0]?.fix, 'gpio:heater[dir=out]');
});

test('a component that imports what its manifest does not request', async () => {
  const grants = ['mqtt:main/site/relay/pump[sub]'];
  const { message } = await requireReleaseRefused([{ ...RELAY, grants }], /^POLICY_IMPORT$/);
  assert.match(message, 'airssys:gpio/digital');
  assert.match(message, '"gpio:"');
});

test('a release for another kind of gateway', async () => {
  const parts = { version: '2.0.0', sequence: 2, controllers: [RELAY], gatewayClass: 'crane' };
  const { message } = await requireRefused(await signedRelease(parts, key), /^POLICY_CLASS$/);
  assert.match(message, '"crane"');
});

test('a release that is out of date', async () => {
  const more = { 'use-before': new Date('2020-01-01T00:00:00Z') };
  const parts = { version: '2.0.0', sequence: 2, controllers: [RELAY], more };
  const { message } = await requireRefused(await signedRelease(parts, key), /^POLICY_EXPIRED$/);
  assert.match(message, '2020-01-01T00:00:00Z');
});

test('a release for another class of boards', async () => {
  const more = { 'board-class': 'crane' };
  const parts = { version: '2.0.0', sequence: 2, controllers: [RELAY], more };
  const { message } = await requireRefused(await signedRelease(parts, key), /^POLICY_BOARD$/);
  assert.match(message, '"crane", and this is a "sim"');
});

test('a component that does not keep to the world that its manifest claims', async () => {
  const claims = (world: string) =>
    requireReleaseRefused([{ ...RELAY, more: { world } }], /^COMPONENT_REFUSED$/);
  const less = await claims('airssys:worlds/base@0.1.0');
  assert.match(less.message, /imports airssys:gpio\/digital@0\.1\.0, which is not in its world/);
  const more = await claims('airssys:worlds/everything@0.1.0');
  assert.match(more.message, /does not export airssys:gpio\/edge-handler@0\.1\.0/);
});

test('a controller that asks for what this runtime does not do yet', async () => {
  const more = { replicas: 2 };
  const { message } = await requireReleaseRefused([{ ...RELAY, more }], /^POLICY_UNSUPPORTED$/);
  assert.match(message, 'relay: replicas = 2');
});

test('a memory or a deadline beyond what this gateway allows', async () => {
  await requireReleaseRefused([{ ...RELAY, memory: '64MiB' }], /^POLICY_/);
  await requireReleaseRefused([{ ...RELAY, deadline: '6s' }], /^POLICY_/);
});

for (const [what, core, words] of REFUSED_CORES) {
  test(`a component with ${what}`, async () => {
    const component = join(gateway.folder, 'hostile.wasm');
    await writeFile(component, await componentBytes(core));
    const controllers = [{ ...RELAY, component }];
    const { message } = await requireReleaseRefused(controllers, /^COMPONENT_/);
    assert.match(message, words);
  });
}

test('a component that is cut in half, and one of random bytes', async () => {
  const component = join(gateway.folder, 'hostile.wasm');
  const whole = await componentBytes('(memory 1) (func)');
  const { length } = whole;
  for (const bytes of [
    whole.subarray(0, length - 3),
    Buffer.concat([whole.subarray(0, 8), Buffer.alloc(4_096, 0x5a)]),
  ]) {
    await writeFile(component, bytes);
    await requireReleaseRefused([{ ...RELAY, component }], /^COMPONENT_REFUSED$/);
  }
});

test('after all of them the release from before runs, in the same process', async () => {
  const { controllers, host } = await gateway.status();
  assert.equal(
    controllers.map(({ name, state, restarts }) => [name, state, restarts]),
    [['relay', 'running', 0]],
  );
  assert.is(host.starts, startsBefore);
  await gateway.relayAnswers();
  const lines = await gateway.logs();
  assert.ok(lines.some(line => line.fields?.code === 'POLICY_IMPORT'));
});

test('and a right release installs', async () => {
  assert.is((await gateway.install(next)).version, '2.0.0');
  await gateway.relayAnswers();
});

test.run();
