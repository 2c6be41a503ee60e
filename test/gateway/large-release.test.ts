import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { installedSchema } from '../../runtime/control/reports.ts';
import { fakeComponent } from '../manifest/support/signed-release.ts';
import { GatewayUnderTest } from './gateway-under-test.ts';
import { RELAY, signedRelease } from './releases.ts';

const test = suite('gateway: a large release');

const COMPONENT_BYTES = 30 * 1024 * 1024;
/** A busy machine may hold this process up for as long as one verification takes. */
const TRIES_MAX = 8;

const gateway = await GatewayUnderTest.start({ extra: '[simulation]\nmeter-port = "none"\n' });
const component = join(gateway.folder, 'large.wasm');
await writeFile(component, fakeComponent(COMPONENT_BYTES, 1));
const release = { controllers: [{ ...RELAY, component }] };
const envelope = await signedRelease(release, gateway.site.key);

test.after(() => gateway.close());

/**
 * Installs, asks for the status as soon as the verification has begun, and returns what happened in
 * its order. Whoever verifies without answering has the verdict before the status.
 */
async function installAndAsk(bytes: Uint8Array): Promise<string[]> {
  const events: string[] = [];
  const asked: Promise<unknown>[] = [];
  const params = { sizeBytes: bytes.length, wait: true };
  const onEvent = (value: unknown) => {
    const step = String(Object(value).step);
    events.push(step);
    if (step === 'verifying') asked.push(gateway.status().then(() => events.push('status')));
  };
  const request = { method: 'install', params } as const;
  await gateway.ask(request, installedSchema, { upload: bytes, onEvent }).then(
    () => events.push('installed'),
    error => events.push(error.code),
  );
  await Promise.all(asked);
  return events;
}

/** Tries until the status came before `verdict`. */
async function requireOverlap(bytes: Uint8Array, verdict: string): Promise<void> {
  const seen: string[] = [];
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    const events = await installAndAsk(bytes);
    assert.is(events[0], 'verifying');
    assert.ok(events.includes(verdict), events.join(' '));
    if (events.indexOf('status') < events.indexOf(verdict)) return;
    seen.push(events.join(' '));
  }
  assert.unreachable(seen.join('\n'));
}

test('the status is answered while a release of 30 MiB is verified, before it is accepted', () =>
  requireOverlap(envelope, 'staging'));

test('the status is answered while one is verified whose last byte was changed', () => {
  const changed = Uint8Array.from(envelope);
  changed[changed.length - 1] = 0x5a;
  return requireOverlap(changed, 'PAYLOAD_DIGEST');
});

test('the refusals left a gateway that runs nothing and takes a right release', async () => {
  const { slots, controllers } = await gateway.status();
  assert.equal([slots.a, slots.b, controllers.length], [null, null, 0]);
  assert.is((await gateway.installParts({ controllers: [RELAY] })).version, '1.0.0');
  await gateway.relayAnswers();
});

test.run();
