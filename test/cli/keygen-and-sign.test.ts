import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createSigningFolder, RELEASE_TOML } from './support/signing-folder.ts';

const test = suite('cli/keygen and sign');

const { run, path, remove } = createSigningFolder();

test.before(async () => {
  writeFileSync(path('bad.toml'), RELEASE_TOML.replace('mem:8MiB', 'mem:lots'));
  await run('keygen', '--out', 'dev.key');
  await run('sign', 'release.toml', '--key', 'dev.key', '--out', 'heating.suit');
});

test.after(remove);

test('keygen writes a private key that only its owner reads, and never overwrites', async () => {
  assert.is(statSync(path('dev.key')).mode & 0o777, 0o600);
  const before = readFileSync(path('dev.key'));
  const again = await run('keygen', '--out', 'dev.key');
  assert.is(again.exit, 11);
  assert.equal(readFileSync(path('dev.key')), before);
  assert.match(again.err, /CLI_EXISTS/);
});

test('keygen prints the key id as data and nothing of the private key', async () => {
  const made = await run('keygen', '--out', 'third.key', '--json');
  assert.is(made.exit, 0);
  const document = JSON.parse(made.out);
  assert.is(document.schema, 'airssys.keygen/1');
  assert.match(document.keyId, /^[0-9a-f]{64}$/);
  const secret = readFileSync(path('third.key'), 'utf8').split('\n')[1] ?? '?';
  assert.not.ok((made.out + made.err).includes(secret));
});

test('signing twice gives the same file', async () => {
  const signed = await run('sign', 'release.toml', '--key', 'dev.key', '--out', 'again.suit');
  assert.is(signed.exit, 0, signed.err);
  assert.equal(readFileSync(path('again.suit')), readFileSync(path('heating.suit')));
});

test('sign refuses an open key and a faulty file, and leaves nothing', async () => {
  writeFileSync(path('open.key'), readFileSync(path('dev.key')));
  chmodSync(path('open.key'), 0o644);
  const [open, bad, missing] = await Promise.all([
    run('sign', 'release.toml', '--key', 'open.key', '--out', 'no.suit'),
    run('sign', 'bad.toml', '--key', 'dev.key', '--out', 'no.suit'),
    run('sign', 'release.toml', '--key', 'nowhere.key', '--out', 'no.suit'),
  ]);
  assert.equal([open?.exit, bad?.exit, missing?.exit], [5, 1, 4]);
  assert.match(open?.err ?? '', /fix: chmod 600 open\.key/);
  assert.match(bad?.err ?? '', /bad\.toml: controller\.0\.request\.0\.grant/);
  assert.not.ok(existsSync(path('no.suit')));
});

test.run();
