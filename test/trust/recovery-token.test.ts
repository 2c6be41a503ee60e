import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { errorCode, GatewayError } from '../../runtime/base/errors.ts';
import { encodeDocument, newDocument, signDocument } from '../../runtime/trust/document.ts';
import {
  decodeRecoveryToken,
  encodeRecoveryToken,
  type RecoveryToken,
  verifyRecoveryToken,
} from '../../runtime/trust/recovery-token.ts';
import { encodeRevocations, NO_REVOCATIONS } from '../../runtime/trust/revocations.ts';
import { seedKey, seedRoot, seedTrusted } from './support/roots.ts';

const test = suite('trust/recovery-token');

const ROOT = seedRoot(1, [
  { name: 'root', seeds: [1] },
  { name: 'recovery', seeds: [2, 3], threshold: 2 },
]);
const TOKEN: RecoveryToken = {
  gateway: 'gw-17',
  manifestDigest: 'ab'.repeat(32),
  counter: 4,
  issuedS: 9,
};

function signed(payload: Uint8Array, ...seeds: readonly number[]): Uint8Array {
  return encodeDocument(seeds.map(seedKey).reduce(signDocument, newDocument('recovery', payload)));
}

function codeOf(action: () => unknown): string {
  try {
    action();
    return 'ACCEPTED';
  } catch (error) {
    return error instanceof GatewayError ? errorCode(error) : `CRASHED ${error}`;
  }
}

const verdict = (bytes: Uint8Array, root = ROOT, gateway = 'gw-17') =>
  codeOf(() => verifyRecoveryToken(bytes, root, gateway, NO_REVOCATIONS));

test('a token that the role recovery signed for this gateway comes back as it was', () => {
  const bytes = signed(encodeRecoveryToken(TOKEN), 2, 3);
  assert.equal(verifyRecoveryToken(bytes, ROOT, 'gw-17', NO_REVOCATIONS), TOKEN);
  assert.is(verdict(bytes, ROOT, 'gw-18'), 'TRUST_TOKEN_GATEWAY');
});

test('too few keys, keys of another role, and a root without the role are refused', () => {
  const payload = encodeRecoveryToken(TOKEN);
  assert.is(verdict(signed(payload, 2)), 'SIGNATURE_THRESHOLD');
  assert.is(verdict(signed(payload, 1)), 'SIGNATURE_UNKNOWN_KEY');
  assert.is(verdict(signed(payload)), 'SIGNATURE_MISSING');
  const none = seedRoot(1, [{ name: 'root', seeds: [1] }]);
  assert.is(verdict(signed(payload, 2, 3), none), 'SIGNATURE_WRONG_ROLE');
});

test('a revoked key of recovery signs no token', () => {
  const bytes = signed(encodeRecoveryToken(TOKEN), 2, 3);
  const revoked = { keyIds: [seedTrusted(3).keyId] };
  const code = codeOf(() => verifyRecoveryToken(bytes, ROOT, 'gw-17', revoked));
  assert.is(code, 'SIGNATURE_THRESHOLD');
});

test('another kind of document by the same keys is no token', () => {
  const list = newDocument('revocations', encodeRevocations({ ...NO_REVOCATIONS, version: 1 }));
  const bytes = encodeDocument([2, 3].map(seedKey).reduce(signDocument, list));
  assert.is(verdict(bytes), 'TRUST_KIND');
  assert.is(
    verdict(signed(encodeRevocations({ ...NO_REVOCATIONS, version: 1 }), 2, 3)),
    'TRUST_MALFORMED',
  );
});

test('what is no token is not made, and what is malformed is not read', () => {
  for (const fault of [
    { gateway: '' },
    { gateway: 'x'.repeat(65) },
    { manifestDigest: 'ab' },
    { manifestDigest: 'AB'.repeat(32) },
    { counter: 0 },
    { counter: 1.5 },
  ]) {
    const code = codeOf(() => encodeRecoveryToken({ ...TOKEN, ...fault }));
    assert.is(code, 'TRUST_TOKEN_INVALID', JSON.stringify(fault));
  }
  const payload = encodeRecoveryToken(TOKEN);
  for (let end = 0; end < payload.length; end += 1) {
    assert.is(
      codeOf(() => decodeRecoveryToken(payload.subarray(0, end))),
      'TRUST_MALFORMED',
    );
  }
});

test.run();
