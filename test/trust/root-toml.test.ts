import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { errorCode, GatewayError } from '../../runtime/base/errors.ts';
import type { Root } from '../../runtime/trust/root.ts';
import {
  formatKeyToml,
  parseRootToml,
  rootOfKeys,
  rootWarnings,
} from '../../runtime/trust/root-toml.ts';
import { seedTrusted } from './support/roots.ts';

const test = suite('trust/root-toml');

const ISSUED_S = 1_700_000_000;
const [ALICE, BOB, VENDOR] = [1, 2, 3].map(seedTrusted);
if (ALICE === undefined || BOB === undefined || VENDOR === undefined) throw new Error('three keys');

const TOML = `expires = 2036-01-01T01:00:00+01:00
${formatKeyToml('alice', ALICE.key)}
${formatKeyToml('bob', BOB.key)}
${formatKeyToml('vendor', VENDOR.key)}
[[role]]
name = "root"
threshold = 2
keys = ["alice", "bob"]
[[role]]
name = "release/pump"
keys = ["vendor"]
paths = ["ctl/pump-*"]
ceiling = ["mem:16MiB", "mem:1024KiB"]
`;

function parse(text: string): Root {
  return parseRootToml(text, 'root.toml', { version: 1, issuedS: ISSUED_S });
}

function refusal(text: string): string {
  try {
    parse(text);
    return 'ACCEPTED';
  } catch (error) {
    return error instanceof GatewayError ? `${errorCode(error)} ${error.message}` : 'CRASHED';
  }
}

test('a root.toml becomes a root: defaults filled in, grants in canonical text', () => {
  const root = parse(TOML);
  assert.is(root.version, 1);
  assert.is(root.issuedS, ISSUED_S);
  assert.is(root.expiresS, Date.UTC(2036, 0) / 1_000);
  assert.equal(
    root.keys.map(({ name, keyId }) => [name, keyId]),
    [
      ['alice', ALICE.keyId],
      ['bob', BOB.keyId],
      ['vendor', VENDOR.keyId],
    ],
  );
  assert.equal(
    root.roles.map(({ name, threshold, keys }) => [name, threshold, keys.map(key => key.name)]),
    [
      ['root', 2, ['alice', 'bob']],
      ['release/pump', 1, ['vendor']],
    ],
  );
  assert.equal(root.roles[1]?.scope, { paths: ['ctl/pump-*'], ceiling: ['mem:16MiB', 'mem:1MiB'] });
});

test('times may be said, and a version that is the expected one', () => {
  const said = parse(`version = 1\nissued = 2026-01-01T00:00:00Z\n${TOML}`);
  assert.is(said.issuedS, Date.UTC(2026, 0) / 1_000);
  assert.is(parse(TOML.replace(/expires = .*/, 'expires = "never"')).expiresS, null);
});

test('what breaks a rule is refused with file, place and reason', () => {
  const faults: readonly (readonly [text: string, refused: RegExp])[] = [
    ['[[role', /TRUST_TOML root\.toml/],
    [`version = 2\n${TOML}`, /TRUST_TOML .*has to be 1/],
    [`${TOML}\nceilings = 1\n`, /TRUST_TOML root\.toml: role\.1\.ceilings/],
    [TOML.replace(/expires = .*/, ''), /TRUST_TOML root\.toml: expires/],
    [TOML.replace(/expires = .*/, 'expires = 2036-01-01'), /TRUST_TOML root\.toml: expires/],
    [TOML.replace(/expires = .*/, 'expires = 2036-01-01T00:00:00'), /TRUST_TOML .*expires/],
    [TOML.replace(/expires = .*/, 'expires = 1999-01-01T00:00:00Z'), /TRUST_ROOT_INVALID/],
    [TOML.replace('threshold = 2', 'threshold = 3'), /TRUST_ROOT_INVALID .*needs 3 keys, has 2/],
    [TOML.replace('threshold = 2', 'threshold = 0'), /TRUST_TOML .*threshold/],
    [TOML.replace('["alice", "bob"]', '["alice", "eve"]'), /TRUST_TOML .*no key "eve"/],
    [TOML.replace('["alice", "bob"]', '["alice", "alice"]'), /TRUST_TOML .*listed twice/],
    [TOML.replace('"root"', '"boss"'), /TRUST_ROOT_INVALID/],
    [TOML.replace('"ctl/pump-*"', '"pump"'), /TRUST_ROOT_INVALID .*no path/],
    [TOML.replace('paths = ["ctl/pump-*"]', ''), /TRUST_TOML .*both paths and ceiling/],
    [TOML.replace('"mem:16MiB"', '"mem:lots"'), /TRUST_TOML .*ceiling/],
    [TOML.replace('"mem:16MiB"', '"mem:1MiB"'), /TRUST_ROOT_INVALID .*listed twice/],
    [TOML.replace(/ed25519:/, 'ed448:'), /TRUST_TOML .*ed25519/],
    [TOML.replace(/ed25519:\w+/, `ed25519:01${'00'.repeat(31)}`), /KEY_WEAK/],
    [`__proto__ = 1\n${TOML}`, /TRUST_TOML/],
    [`${TOML}# ${'x'.repeat(70_000)}`, /TRUST_TOML .*longer/],
  ];
  for (const [text, refused] of faults) assert.match(refusal(text), refused);
});

test('a root of keys that may do everything says what that means', () => {
  assert.equal(rootWarnings(rootOfKeys([ALICE], ISSUED_S)), [
    'one stolen key is enough to replace this root',
    'keys of role root also sign for site, runtime, recovery, release',
    'it never expires',
  ]);
  assert.equal(rootWarnings(parse(TOML)), []);
});

test.run();
