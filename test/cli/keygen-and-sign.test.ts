import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
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

test('sign never replaces what it reads, under whatever name', async () => {
  linkSync(path('dev.key'), path('hard.key'));
  mkdirSync(path('folder'), { recursive: true });
  for (const out of ['release.toml', 'thermostat.wasm', 'hard.key', './folder/../dev.key']) {
    const before = readFileSync(path(out));
    const signed = await run('sign', 'release.toml', '--key', 'dev.key', '--out', out);
    assert.is(signed.exit, 11, out);
    assert.match(signed.err, /is an input of this command .*CLI_EXISTS/, out);
    assert.equal(readFileSync(path(out)), before, out);
  }
});

test('sign replaces nothing that is no regular file', async () => {
  mkdirSync(path('a-folder'));
  writeFileSync(path('target'), 'kept');
  symlinkSync('target', path('a-link'));
  symlinkSync('nowhere', path('dangling'));
  execFileSync('mkfifo', [path('a-pipe')]);
  const before = readdirSync(path('.'));
  for (const out of ['a-folder', 'a-link', 'dangling', 'a-pipe']) {
    const signed = await run('sign', 'release.toml', '--key', 'dev.key', '--out', out);
    assert.is(signed.exit, 11, `${out}: ${signed.err}`);
    assert.match(signed.err, /is no regular file.*CLI_EXISTS/, out);
  }
  assert.ok(lstatSync(path('a-link')).isSymbolicLink());
  assert.is(readFileSync(path('target'), 'utf8'), 'kept');
  assert.equal(readdirSync(path('.')), before);
});

test.run();
