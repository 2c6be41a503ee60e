import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createSigningFolder, placeRealGuest } from './support/signing-folder.ts';

const test = suite('cli/key ceremony');

const folder = createSigningFolder();
const { run, runWith, path, remove } = folder;
const DOCUMENT = fileURLToPath(new URL('../../runtime/trust/key-ceremony.md', import.meta.url));
const CLI = fileURLToPath(new URL('../../runtime/entry/cli.ts', import.meta.url));

test.before(async () => {
  await placeRealGuest(folder);
});

test.after(remove);

/** The commands of the document, as one script that ends at the first that fails. */
function script(): string {
  const text = readFileSync(DOCUMENT, 'utf8');
  const blocks = [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block]) => block ?? '');
  return ['set -e', ...blocks].join('\n');
}

test('every command of the document runs, in its order', () => {
  mkdirSync(path('bin'));
  writeFileSync(path('bin/airssys-wasm'), `#!/bin/sh\nexec '${process.execPath}' '${CLI}' "$@"\n`);
  chmodSync(path('bin/airssys-wasm'), 0o755);
  const env = {
    PATH: `${path('bin')}:${process.env.PATH ?? ''}`,
    NODE_COMPILE_CACHE: path('cache'),
  };
  const output = execFileSync('sh', ['-c', script()], { cwd: path('.'), env, encoding: 'utf8' });
  assert.match(output, /signed by 0 of the 2 needed of its own keys: nobody; 2 missing/);
  assert.match(output, /signed by 2 of the 2 needed of its own keys: alice, bob; enough/);
  assert.match(output, /signed by 2 of the 2 needed of the keys before it: alice, bob; enough/);
  assert.match(
    output,
    /list 1: 1 keys and 0 releases\n {2}key +[0-9a-f]{64}\nlist 2: 1 keys and 1/,
  );
  assert.match(output, /ok +signature +operator [0-9a-f]{12} for release\/site, root 1/);
});

test('the vendor of the ceremony cannot sign a thermostat', async () => {
  await run('sign', 'release.toml', '--key', 'pump-vendor.key', '--out', 'vendor.suit');
  const refused = await run('verify', 'vendor.suit', '--root', 'root.1.cbor');
  assert.is(refused.exit, 6);
  assert.match(refused.err, /MANIFEST_ROLE_PATH/);
  assert.match(refused.out, /ok +signature *\nFAIL +manifest/);
});

test('a root that lacks signatures is not verified against', async () => {
  await run('root', 'init', 'root.toml', '--key', 'alice.key', '--out', 'half.cbor');
  const refused = await run('verify', 'heating.suit', '--root', 'half.cbor');
  assert.is(refused.exit, 6);
  assert.match(refused.err, /SIGNATURE_THRESHOLD/);
});

test('a key comes from standard input; another role than the required one is refused', async () => {
  const key = readFileSync(path('operator.key'));
  const out = ['--out', 'piped.suit', '--root', 'root.1.cbor'];
  const signed = await runWith(key, 'sign', 'release.toml', '--key', '-', ...out);
  assert.is(signed.exit, 0, signed.err);
  assert.equal(readFileSync(path('piped.suit')), readFileSync(path('heating.suit')));
  const other = [...out, '--role', 'release/pump'];
  const refused = await runWith(key, 'sign', 'release.toml', '--key', '-', ...other);
  assert.match(refused.err, /SIGNATURE_WRONG_ROLE/);
  const required = ['--root', 'root.1.cbor', '--require'];
  assert.is((await run('verify', 'piped.suit', ...required, 'release/site')).exit, 0);
  assert.is((await run('verify', 'piped.suit', ...required, 'release/pump')).exit, 6);
  assert.is((await run('verify', 'piped.suit', ...required, 'site')).exit, 2);
});

test('a list goes on from one that the same key signed, and from no other', async () => {
  const after = ['trust', 'revoke', '--after', 'revocations.2.cbor', '--out', 'other.cbor'];
  const foreign = await run(...after, '--key', 'alice.key');
  assert.is(foreign.exit, 2);
  assert.match(foreign.err, /no list by one of these keys/);
});

test('a token is made for one gateway and one release; what is none is refused', async () => {
  const digest = 'ab'.repeat(32);
  const token = (...more: readonly string[]) =>
    run('trust', 'token', '--gateway', 'gw-17', '--out', 'gw.token', ...more);
  const made = await token('--release', digest, '--counter', '1', '--key', 'alice.key');
  assert.is(made.out, `token 1 for gw-17: release ${digest.slice(0, 12)}\n`);
  const again = await token('--release', 'ab', '--counter', '1', '--key', 'alice.key');
  assert.match(again.err, /TRUST_TOKEN_INVALID/);
});

test('what root makes is told as data too', async () => {
  const shown = await run('root', 'show', 'root.2.cbor', '--after', 'root.1.cbor', '--json');
  const document = JSON.parse(shown.out);
  assert.is(document.schema, 'airssys.root/1');
  assert.is(document.version, 2);
  assert.is(document.follows, true);
  assert.equal(document.own, {
    signers: ['alice', 'bob'],
    threshold: 2,
    reached: true,
    fault: null,
  });
  assert.equal(document.roles[3].scope.paths, ['ctl/pump-*']);
});

test('faults are refused with their code, and nothing is written or replaced', async () => {
  const before = readFileSync(path('root.1.cbor'));
  const toml = readFileSync(path('root.toml'), 'utf8');
  writeFileSync(path('faulty.toml'), toml.replace('threshold = 2', 'threshold = 4'));
  for (const [args, code] of [
    [['sign', 'root.1.cbor', '--key', 'alice.key'], /TRUST_SIGNED_TWICE/],
    [['init', 'faulty.toml', '--out', 'new.cbor'], /TRUST_ROOT_INVALID/],
    [['init', 'root.toml', '--out', 'root.1.cbor'], /CLI_EXISTS/],
    [['rotate', 'root.toml', 'root.toml', '--out', 'new.cbor'], /SIGNATURE_MALFORMED/],
  ] as const) {
    const refused = await run('root', ...args);
    assert.is.not(refused.exit, 0, args.join(' '));
    assert.match(refused.err, code);
  }
  assert.equal(readFileSync(path('root.1.cbor')), before);
  assert.not.ok(existsSync(path('new.cbor')));
});

test.run();
