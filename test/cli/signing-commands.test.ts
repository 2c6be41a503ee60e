import { execFile } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

const test = suite('cli/signing-commands');

const CLI = fileURLToPath(new URL('../../runtime/entry/cli.ts', import.meta.url));
const FOLDER = mkdtempSync(join(tmpdir(), 'airssys-cli-'));
const TOML = `
name = "heating"
sequence = 1
version = "1.0.0"
vendor = "example.com"
class = "gateway"
minimum-runtime = "0.1.0"
[[controller]]
name = "thermostat"
version = "1.0.0"
component = "thermostat.wasm"
request = [
  { grant = "mem:8MiB", reason = "runs" },
  { grant = "cpu:call[<=250ms]", reason = "runs" },
]
`;

interface Outcome {
  readonly exit: number;
  readonly out: string;
  readonly err: string;
}

function run(...args: readonly string[]): Promise<Outcome> {
  return new Promise(resolve => {
    const child = execFile(
      process.execPath,
      [CLI, ...args],
      { cwd: FOLDER, env: { PATH: process.env.PATH ?? '', NODE_COMPILE_CACHE: path('cache') } },
      (_, out, err) => resolve({ exit: child.exitCode ?? -1, out, err }),
    );
  });
}

function path(name: string): string {
  return join(FOLDER, name);
}

function tampered(name: string, at: number): void {
  const bytes = readFileSync(path('heating.suit'));
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(path(name), bytes);
}

test.before(async () => {
  writeFileSync(path('release.toml'), TOML);
  writeFileSync(path('bad.toml'), TOML.replace('mem:8MiB', 'mem:lots'));
  writeFileSync(path('future.toml'), TOML.replace('"0.1.0"', '"99.0.0"'));
  writeFileSync(path('thermostat.wasm'), Buffer.from('\0asm\x0d\0\x01\0and more'));
  // One after the other: the first fills the cache of compiled sources for all others.
  await run('keygen', '--out', 'dev.key');
  await run('keygen', '--out', 'other.key');
  await run('sign', 'release.toml', '--key', 'dev.key', '--out', 'heating.suit');
});

test.after(() => rmSync(FOLDER, { recursive: true, force: true }));

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

test('a signed release passes all five layers', async () => {
  const [human, json] = await Promise.all([
    run('verify', 'heating.suit', '--trust', 'dev.key.pub'),
    run('--json', 'verify', 'heating.suit', '--trust', 'dev.key.pub'),
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

test('signing twice gives the same file', async () => {
  const signed = await run('sign', 'release.toml', '--key', 'dev.key', '--out', 'again.suit');
  assert.is(signed.exit, 0, signed.err);
  assert.equal(readFileSync(path('again.suit')), readFileSync(path('heating.suit')));
});

test('a key that is not trusted, and tampered files, fail with 6 and the code', async () => {
  tampered('signature.suit', 100);
  tampered('payload.suit', readFileSync(path('heating.suit')).length - 1);
  writeFileSync(path('cut.suit'), readFileSync(path('heating.suit')).subarray(0, 300));
  const outcomes = await Promise.all([
    run('verify', 'heating.suit', '--trust', 'other.key.pub'),
    run('verify', 'signature.suit', '--trust', 'dev.key.pub'),
    run('verify', 'payload.suit', '--trust', 'dev.key.pub'),
    run('verify', 'cut.suit', '--trust', 'dev.key.pub'),
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
  const outcome = await run('verify', 'future.suit', '--trust', 'dev.key.pub', '--json');
  assert.is(outcome.exit, 11);
  const document = JSON.parse(outcome.out);
  assert.is(document.schema, 'airssys.error/1');
  assert.is(document.code, 'POLICY_RUNTIME_TOO_OLD');
  assert.is(outcome.err, '');
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

test('info shows a release without verifying it, and says so', async () => {
  const [human, json] = await Promise.all([
    run('info', 'heating.suit', '--caps'),
    run('info', 'heating.suit', '--json'),
  ]);
  assert.is(human.exit, 0);
  assert.match(human.err, /not verified/);
  assert.match(human.out, /heating 1\.0\.0, sequence 1/);
  assert.match(human.out, /mem:8MiB\n {6}runs/);
  const document = JSON.parse(json.out);
  assert.is(document.verified, null);
  assert.is(document.release.controllers[0].name, 'thermostat');
});

test.run();
