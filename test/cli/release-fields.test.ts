import { copyFileSync, writeFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { buildGuests } from '../../scripts/guests.ts';
import {
  createSigningFolder,
  REAL_GUEST,
  REAL_REQUEST,
  RELEASE_TOML,
} from './support/signing-folder.ts';

const test = suite('cli: fields of a release');

const { run, path, remove } = createSigningFolder();

const FIELDS = `
issued = 2026-01-01T00:00:00Z
use-before = 2030-01-01T00:00:00Z
board-class = "sim"
sbom = "bom.json"
[text.en]
description = "Warm"
update = "Warmer"
[[controller]]`;
const BOM = { bomFormat: 'CycloneDX', specVersion: '1.6', metadata: 'a\u202eb ü \u001b[2J' };

test.before(async () => {
  const guests = await buildGuests([REAL_GUEST]);
  copyFileSync(guests.get(REAL_GUEST) ?? '', path('thermostat.wasm'));
  const toml = RELEASE_TOML.replace('request = [', `request = [\n  ${REAL_REQUEST}`);
  writeFileSync(path('told.toml'), toml.replace('[[controller]]', FIELDS));
  writeFileSync(path('bom.json'), JSON.stringify(BOM));
  await run('keygen', '--out', 'dev.key');
  await run('root', 'init', '--key', 'dev.key', '--out', 'root.cbor');
  await run('sign', 'told.toml', '--key', 'dev.key', '--out', 'told.suit');
});

test.after(remove);

test('an out-of-date release fails in the policy layer, at the time that --at names', async () => {
  const verify = (at: string) => run('verify', 'told.suit', '--root', 'root.cbor', '--at', at);
  const before = await verify('2029-12-31T23:59:59Z');
  assert.is(before.exit, 0, before.err);
  assert.match(before.out, /use before 2030-01-01T00:00:00Z/);
  const after = await verify('2030-01-01T00:00:00Z');
  assert.is(after.exit, 6);
  assert.match(after.err, /POLICY_EXPIRED/);
  assert.match(after.out, /FAIL {2}policy/);
});

test('info shows times, board and texts', async () => {
  const { out } = await run('info', 'told.suit');
  assert.match(out, /issued +2026-01-01T00:00:00Z/);
  assert.match(out, /use before +2030-01-01T00:00:00Z/);
  assert.match(out, /board +class sim/);
  assert.match(out, /in language en\n {2}Warm\n {2}new: Warmer/);
});

test('a bill of materials is printed so that nothing hides in it', async () => {
  const { out } = await run('info', 'told.suit', '--sbom');
  assert.equal(JSON.parse(out), BOM);
  assert.match(out, /^[\n\x20-\x7e]+$/);
});

test('what is no bill of materials is not signed', async () => {
  writeFileSync(path('bom.json'), '{"bomFormat":"SPDX"}');
  const refused = await run('sign', 'told.toml', '--key', 'dev.key', '--out', 'no.suit');
  assert.is(refused.exit, 1);
  assert.match(refused.err, /bom\.json.*RELEASE_TOML_SBOM/);
});

test.run();
