import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { buildGuests } from '../../scripts/guests.ts';
import {
  createSigningFolder,
  REAL_GUEST,
  REAL_REQUEST,
  RELEASE_TOML,
} from './support/signing-folder.ts';

const test = suite('cli/verify and info');

const { run, path, remove } = createSigningFolder();

function tampered(name: string, at: number): void {
  const bytes = readFileSync(path('heating.suit'));
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(path(name), bytes);
}

test.before(async () => {
  await realGuest();
  await run('keygen', '--out', 'dev.key');
  await run('keygen', '--out', 'other.key');
  await run('root', 'init', '--key', 'dev.key', '--out', 'root.cbor');
  await run('root', 'init', '--key', 'other.key', '--out', 'other.cbor');
  await run('sign', 'release.toml', '--key', 'dev.key', '--out', 'heating.suit');
});

/** Puts a real controller in the place of the component that only looks like one. */
async function realGuest(): Promise<void> {
  copyFileSync(path('thermostat.wasm'), path('fake.wasm'));
  const guests = await buildGuests([REAL_GUEST]);
  copyFileSync(guests.get(REAL_GUEST) ?? '', path('thermostat.wasm'));
  const toml = RELEASE_TOML.replace('request = [', `request = [\n  ${REAL_REQUEST}`);
  writeFileSync(path('release.toml'), toml);
  writeFileSync(path('future.toml'), toml.replace('"0.1.0"', '"99.0.0"'));
  writeFileSync(path('silent.toml'), RELEASE_TOML);
  writeFileSync(path('fake.toml'), RELEASE_TOML.replace('thermostat.wasm', 'fake.wasm'));
}

test.after(remove);

test('a signed release passes all five layers', async () => {
  const [human, json] = await Promise.all([
    run('verify', 'heating.suit', '--root', 'root.cbor'),
    run('--json', 'verify', 'heating.suit', '--root', 'root.cbor'),
  ]);
  assert.is(human.exit, 0, human.err);
  const ticks = human.out.trimEnd().split('\n');
  assert.equal(
    ticks.map(line => line.split(/ +/).slice(0, 2).join(' ')),
    ['ok envelope', 'ok signature', 'ok manifest', 'ok payload', 'ok policy'],
  );
  assert.ok(ticks.every(line => line.length <= 80));
  const document = JSON.parse(json.out);
  assert.is(document.schema, 'airssys.verify/1');
  assert.is(document.verified, true);
});

test('a key that is not trusted, and tampered files, fail with 6 and the code', async () => {
  tampered('signature.suit', 100);
  tampered('payload.suit', readFileSync(path('heating.suit')).length - 1);
  writeFileSync(path('cut.suit'), readFileSync(path('heating.suit')).subarray(0, 300));
  const outcomes = await Promise.all([
    run('verify', 'heating.suit', '--root', 'other.cbor'),
    run('verify', 'signature.suit', '--root', 'root.cbor'),
    run('verify', 'payload.suit', '--root', 'root.cbor'),
    run('verify', 'cut.suit', '--root', 'root.cbor'),
  ]);
  assert.equal(
    outcomes.map(({ exit }) => exit),
    [6, 6, 6, 6],
  );
  const codes = ['SIGNATURE_UNKNOWN_KEY', 'SIGNATURE_', 'PAYLOAD_DIGEST', 'ENVELOPE_MALFORMED'];
  for (const [index, code] of codes.entries()) {
    assert.ok(outcomes[index]?.err.includes(code), outcomes[index]?.err);
    assert.match(outcomes[index]?.out ?? '', /FAIL {2}\w+/);
  }
  assert.match(outcomes[2]?.out ?? '', /ok +manifest *\nFAIL +payload *\n- +policy/);
});

test('a release for a newer runtime fails in the policy layer, as a precondition', async () => {
  await run('sign', 'future.toml', '--key', 'dev.key', '--out', 'future.suit');
  const outcome = await run('verify', 'future.suit', '--root', 'root.cbor', '--json');
  assert.is(outcome.exit, 11);
  const document = JSON.parse(outcome.out);
  assert.is(document.schema, 'airssys.error/1');
  assert.is(document.code, 'POLICY_RUNTIME_TOO_OLD');
  assert.is(outcome.err, '');
});

test('an author sees what a gateway would refuse of the components', async () => {
  for (const [name, code, words] of [
    ['silent', 'POLICY_IMPORT', /imports airssys:gpio\/digital.*requests no "gpio:"/],
    ['fake', 'COMPONENT_REFUSED', /controller "thermostat": LINK_/],
  ] as const) {
    await run('sign', `${name}.toml`, '--key', 'dev.key', '--out', `${name}.suit`);
    const outcome = await run('verify', `${name}.suit`, '--root', 'root.cbor');
    assert.is(outcome.exit, 6, outcome.out + outcome.err);
    assert.match(outcome.err, code);
    assert.match(outcome.err, words);
    assert.match(outcome.out, /ok +manifest *\nFAIL +payload *\n- +policy/);
  }
});

test('info shows a release without verifying it, and says so', async () => {
  const [human, json] = await Promise.all([
    run('info', 'heating.suit', '--caps', '--wit'),
    run('info', 'heating.suit', '--wit', '--json'),
  ]);
  assert.is(human.exit, 0);
  assert.match(human.err, /not verified/);
  assert.match(human.out, /heating 1\.0\.0, sequence 1/);
  assert.match(human.out, /mem:8MiB\n {6}runs/);
  assert.match(human.out, /thermostat speaks\n {2}import airssys:gpio\/digital/);
  const document = JSON.parse(json.out);
  assert.is(document.shapes.thermostat.kind, 'shape');
  assert.is(document.verified, null);
  assert.is(document.release.controllers[0].name, 'thermostat');
});

test.run();
