import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { errorCode, GatewayError } from '../../runtime/base/errors.ts';
import { signRelease } from '../../runtime/manifest/sign-release.ts';
import { type Roots, verifyEnvelope } from '../../runtime/manifest/verify-envelope.ts';
import { encodeDocument, newDocument, signDocument } from '../../runtime/trust/document.ts';
import {
  decodeRevocations,
  encodeRevocations,
  NO_REVOCATIONS,
  type Revocations,
  verifyRevocations,
} from '../../runtime/trust/revocations.ts';
import {
  fakeComponent,
  sha256,
  testController,
  testRelease,
} from '../manifest/support/signed-release.ts';
import { seedKey, seedRoot, seedTrusted } from './support/roots.ts';

const test = suite('trust/revocations');

const ROOT = seedRoot(1, [
  { name: 'root', seeds: [1, 2], threshold: 2 },
  { name: 'site', seeds: [3, 4], threshold: 2 },
  { name: 'release', seeds: [5, 6] },
  { name: 'release/both', seeds: [5, 6], threshold: 2 },
]);
const ID = 'ab'.repeat(32);
const LIST: Revocations = {
  version: 2,
  issuedS: 9,
  keyIds: [ID],
  releases: ['cd'.repeat(32), ID].sort(),
};

function signed(list: Revocations, ...seeds: readonly number[]): Uint8Array {
  const unsigned = newDocument('revocations', encodeRevocations(list));
  return encodeDocument(seeds.map(seedKey).reduce(signDocument, unsigned));
}

function codeOf(action: () => unknown): string {
  try {
    action();
    return 'ACCEPTED';
  } catch (error) {
    return error instanceof GatewayError ? errorCode(error) : `CRASHED ${error}`;
  }
}

const verdict = (bytes: Uint8Array, roots: Roots = [ROOT]) =>
  codeOf(() => verifyRevocations(bytes, roots, NO_REVOCATIONS));

test('a list comes back as it was, in one order, each entry once', () => {
  assert.equal(decodeRevocations(encodeRevocations(LIST)), LIST);
  const shuffled = { ...LIST, releases: [...LIST.releases].reverse(), keyIds: [ID, ID] };
  assert.equal(encodeRevocations(shuffled), encodeRevocations(LIST));
});

test('the role site signs it, or root, by threshold, and nobody else', () => {
  assert.equal(verifyRevocations(signed(LIST, 3, 4), [ROOT], NO_REVOCATIONS), {
    revocations: LIST,
    role: 'site',
    rootVersion: 1,
  });
  assert.is(verifyRevocations(signed(LIST, 1, 2), [ROOT], NO_REVOCATIONS).role, 'root');
  assert.is(verdict(signed(LIST, 3)), 'SIGNATURE_THRESHOLD');
  assert.is(verdict(signed(LIST, 1, 3)), 'SIGNATURE_THRESHOLD');
  assert.is(verdict(signed(LIST, 5, 6)), 'SIGNATURE_THRESHOLD');
  assert.is(verdict(signed(LIST, 9)), 'SIGNATURE_UNKNOWN_KEY');
  assert.is(verdict(signed(LIST)), 'SIGNATURE_MISSING');
});

test('a revoked key of the site signs no list any more; one of root still does', () => {
  const inForce = { ...NO_REVOCATIONS, keyIds: [seedTrusted(3).keyId, seedTrusted(1).keyId] };
  const by = (...seeds: readonly number[]) =>
    codeOf(() => verifyRevocations(signed(LIST, ...seeds), [ROOT], inForce));
  assert.is(by(3, 4), 'SIGNATURE_THRESHOLD');
  assert.is(by(1, 2), 'ACCEPTED');
});

test('a list of an older root counts where that root is asked', () => {
  const next = seedRoot(2, [{ name: 'root', seeds: [7] }]);
  assert.is(verdict(signed(LIST, 3, 4), [next]), 'SIGNATURE_UNKNOWN_KEY');
  assert.is(verifyRevocations(signed(LIST, 3, 4), [next, ROOT], NO_REVOCATIONS).rootVersion, 1);
});

test('what is no id, and what is malformed, is refused', () => {
  for (const id of ['', 'ab', 'AB'.repeat(32), 'zz'.repeat(32)]) {
    assert.is(
      codeOf(() => encodeRevocations({ ...LIST, keyIds: [id] })),
      'TRUST_REVOCATIONS_INVALID',
    );
  }
  const many = Array.from({ length: 1_025 }, (_, at) => at.toString(16).padStart(64, '0'));
  assert.is(
    codeOf(() => encodeRevocations({ ...LIST, keyIds: many })),
    'TRUST_REVOCATIONS_INVALID',
  );
  const bytes = encodeRevocations({ ...LIST, releases: [] });
  for (const payload of [bytes.subarray(1), bytes.subarray(0, -1), Uint8Array.of(0xa0)]) {
    assert.is(
      codeOf(() => decodeRevocations(payload)),
      'TRUST_MALFORMED',
    );
  }
  assert.is(
    codeOf(() => decodeRevocations(encodeRevocations({ ...LIST, version: 0 }))),
    'TRUST_MALFORMED',
  );
});

test('a revoked release is refused; what a revoked key signed counts for nothing', () => {
  const component = fakeComponent(64, 1);
  const bytes = (...seeds: readonly number[]) =>
    signRelease(
      testRelease(testController('pump', component)),
      new Map([[sha256(component), component]]),
      seeds.map(seedKey),
    );
  const outcome = (envelope: Uint8Array, more: Partial<Revocations>) => {
    const revocations = { ...NO_REVOCATIONS, version: 1, ...more };
    return codeOf(() => verifyEnvelope(envelope, [ROOT], { revocations, policy: () => undefined }));
  };
  const { manifestDigest } = verifyEnvelope(bytes(5), [ROOT], { policy: () => undefined });
  assert.is(outcome(bytes(5), { releases: [manifestDigest] }), 'SIGNATURE_REVOKED');
  assert.is(outcome(bytes(5), { releases: [ID] }), 'ACCEPTED');
  const { keyId } = seedTrusted(5);
  assert.is(outcome(bytes(5), { keyIds: [keyId] }), 'SIGNATURE_REVOKED');
  assert.is(outcome(bytes(5, 6), { keyIds: [keyId] }), 'ACCEPTED');
  const both: Roots = [{ ...ROOT, roles: ROOT.roles.filter(({ name }) => name !== 'release') }];
  const revocations = { ...NO_REVOCATIONS, version: 1, keyIds: [keyId] };
  const half = codeOf(() =>
    verifyEnvelope(bytes(5, 6), both, { revocations, policy: () => undefined }),
  );
  assert.is(half, 'SIGNATURE_THRESHOLD');
});

test.run();
