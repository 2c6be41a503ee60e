import { writeFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createSigningFolder, RELEASE_TOML } from './support/signing-folder.ts';

const test = suite('cli: fields of a release');

const { run, path, remove } = createSigningFolder();

test.before(async () => {
  await run('keygen', '--out', 'dev.key');
  await run('root', 'init', '--key', 'dev.key', '--out', 'root.cbor');
});

test.after(remove);

test('an out-of-date release fails in the policy layer, at the time that --at names', async () => {
  const dated = 'use-before = 2030-01-01T00:00:00Z\nissued = 2026-01-01T00:00:00Z\n[[controller]]';
  writeFileSync(path('dated.toml'), RELEASE_TOML.replace('[[controller]]', dated));
  await run('sign', 'dated.toml', '--key', 'dev.key', '--out', 'dated.suit');
  const verify = (at: string) => run('verify', 'dated.suit', '--root', 'root.cbor', '--at', at);
  const [before, after, wrong] = await Promise.all([
    verify('2029-12-31T23:59:59Z'),
    verify('2030-01-01T00:00:00Z'),
    verify('2030-01-01'),
  ]);
  assert.is(before.exit, 0, before.err);
  assert.match(before.out, /use before 2030-01-01T00:00:00Z/);
  assert.is(after.exit, 6);
  assert.match(after.err, /POLICY_EXPIRED/);
  assert.match(after.out, /FAIL {2}policy/);
  assert.is(wrong.exit, 2);
  const info = await run('info', 'dated.suit');
  assert.match(info.out, /issued +2026-01-01T00:00:00Z/);
  assert.match(info.out, /use before +2030-01-01T00:00:00Z/);
});

test('texts are shown, and a bill of materials is printed so that nothing hides in it', async () => {
  const more = 'sbom = "bom.json"\n[text.en]\ndescription = "Warm"\nupdate = "Warmer"\n';
  writeFileSync(path('told.toml'), RELEASE_TOML.replace('[[controller]]', `${more}[[controller]]`));
  const document = { bomFormat: 'CycloneDX', specVersion: '1.6', metadata: 'a\u202eb ü \u001b[2J' };
  writeFileSync(path('bom.json'), JSON.stringify(document));
  const signed = await run('sign', 'told.toml', '--key', 'dev.key', '--out', 'told.suit');
  assert.is(signed.exit, 0, signed.err);
  const [info, json, sbom, none] = await Promise.all([
    run('info', 'told.suit'),
    run('info', 'told.suit', '--json'),
    run('info', 'told.suit', '--sbom'),
    run('info', 'dated.suit', '--sbom'),
  ]);
  assert.match(info.out, /in language en\n {2}Warm\n {2}new: Warmer/);
  assert.equal(JSON.parse(json.out).texts, { en: { description: 'Warm', update: 'Warmer' } });
  assert.equal(JSON.parse(sbom.out), document);
  assert.match(sbom.out, /^[\n\x20-\x7e]+$/);
  assert.is(none.exit, 4);
  assert.match(none.err, /CLI_NOT_FOUND/);
  writeFileSync(path('bom.json'), '{"bomFormat":"SPDX"}');
  const refused = await run('sign', 'told.toml', '--key', 'dev.key', '--out', 'no.suit');
  assert.is(refused.exit, 1);
  assert.match(refused.err, /bom\.json.*RELEASE_TOML_SBOM/);
});

test.run();
