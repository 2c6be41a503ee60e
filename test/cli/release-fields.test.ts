import { writeFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createSigningFolder, RELEASE_TOML } from './support/signing-folder.ts';

const test = suite('cli: fields of a release');

const { run, path, remove } = createSigningFolder();

test.before(async () => {
  await run('keygen', '--out', 'dev.key');
});

test.after(remove);

test('an out-of-date release fails in the policy layer, at the time that --at names', async () => {
  const dated = 'use-before = 2030-01-01T00:00:00Z\nissued = 2026-01-01T00:00:00Z\n[[controller]]';
  writeFileSync(path('dated.toml'), RELEASE_TOML.replace('[[controller]]', dated));
  await run('sign', 'dated.toml', '--key', 'dev.key', '--out', 'dated.suit');
  const verify = (at: string) => run('verify', 'dated.suit', '--trust', 'dev.key.pub', '--at', at);
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

test.run();
