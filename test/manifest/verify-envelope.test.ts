import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CborTag, type CborValue, decodeCbor, encodeCbor } from '../../runtime/base/cbor.ts';
import { errorCode, GatewayError } from '../../runtime/base/errors.ts';
import { encodeEnvelope, parseEnvelope } from '../../runtime/manifest/envelope.ts';
import { ENVELOPE_BYTES_MAX } from '../../runtime/manifest/limits.ts';
import type { Release } from '../../runtime/manifest/release.ts';
import { signRelease } from '../../runtime/manifest/sign-release.ts';
import {
  VERIFICATION_LAYERS,
  type VerifyOptions,
  verifyEnvelope,
} from '../../runtime/manifest/verify-envelope.ts';
import { signDetached, signedBytes } from '../../runtime/signing/cose.ts';
import { signEd25519 } from '../../runtime/signing/ed25519.ts';
import {
  fakeComponent,
  sha256,
  testController,
  testKey,
  testRelease,
  testRoots,
} from './support/signed-release.ts';

const test = suite('manifest/verify-envelope');

const PUMP = fakeComponent(300, 1);
const FAN = fakeComponent(200, 2);
const RELEASE = testRelease(testController('pump', PUMP), testController('fan', FAN));
const COMPONENTS = new Map([PUMP, FAN].map(bytes => [sha256(bytes), bytes]));
const ENVELOPE = signRelease(RELEASE, COMPONENTS, [testKey(1)]);
const ROOTS = testRoots(1);
const OPTIONS: VerifyOptions = { policy: () => undefined };

function verifyCode(bytes: Uint8Array, roots = ROOTS, options = OPTIONS): string {
  try {
    verifyEnvelope(bytes, roots, options);
    return 'ACCEPTED';
  } catch (error) {
    return error instanceof GatewayError ? errorCode(error) : `CRASHED ${error}`;
  }
}

/** The envelope with some members changed; nothing is signed again. */
function changed(change: (members: Map<number | string, CborValue>) => void): Uint8Array {
  const tag = decodeCbor(ENVELOPE, { tags: [107], depthMax: 4, itemsMax: 100 });
  const members = new Map((tag as CborTag).value as Map<number | string, CborValue>);
  change(members);
  return encodeCbor(new CborTag(members, 107));
}

test('a signed release comes back as it was, with its components', () => {
  const layers: string[] = [];
  const verified = verifyEnvelope(ENVELOPE, testRoots(1), {
    policy: () => undefined,
    onPassed: layer => layers.push(layer),
  });
  assert.equal(verified.release, RELEASE);
  assert.equal([...verified.components.keys()].sort(), [...COMPONENTS.keys()].sort());
  for (const [digest, bytes] of verified.components) assert.is(sha256(bytes), digest);
  assert.is(verified.authority.keyIds[0], testRoots(1)[0].keys[0]?.keyId);
  assert.equal(layers, VERIFICATION_LAYERS);
});

test('the same release, components and key give the same bytes', () => {
  const reversed = new Map([...COMPONENTS].reverse());
  assert.equal(signRelease(RELEASE, reversed, [testKey(1)]), ENVELOPE);
});

test('two controllers may share one component', () => {
  const release = testRelease(testController('north', PUMP), testController('south', PUMP));
  const bytes = signRelease(release, new Map([[sha256(PUMP), PUMP]]), [testKey(1)]);
  assert.is(verifyEnvelope(bytes, testRoots(1), OPTIONS).components.size, 1);
});

test('every truncation is refused in the envelope layer', () => {
  for (let end = 0; end < ENVELOPE.length; end += 1) {
    assert.is(verifyCode(ENVELOPE.subarray(0, end)), 'ENVELOPE_MALFORMED', `at ${end}`);
  }
});

test('a byte behind the envelope is refused', () => {
  assert.is(verifyCode(Buffer.concat([ENVELOPE, new Uint8Array(1)])), 'ENVELOPE_MALFORMED');
});

test('a flipped bit is refused wherever it is', () => {
  const seen = new Set<string>();
  // Every byte of the authentication wrapper; of the rest a sample: each costs a verification.
  for (let at = 0; at < ENVELOPE.length; at += at < 220 ? 3 : 37) {
    const bytes = Uint8Array.from(ENVELOPE);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << (at % 8));
    const code = verifyCode(bytes);
    assert.match(code, /^(ENVELOPE|SIGNATURE|MANIFEST|PAYLOAD)_/, `byte ${at}: ${code}`);
    seen.add(code.split('_')[0] ?? '');
  }
  assert.ok(seen.has('ENVELOPE') && seen.has('SIGNATURE') && seen.has('PAYLOAD'));
});

test('bytes put in, taken out and overwritten at random are refused, and never crash', () => {
  const position = fc.nat(ENVELOPE.length - 1);
  const junk = fc.uint8Array({ minLength: 0, maxLength: 8 });
  fc.assert(
    fc.property(position, fc.nat(8), junk, (at, remove, insert) => {
      const head = ENVELOPE.subarray(0, at);
      const bytes = Buffer.concat([head, insert, ENVELOPE.subarray(at + remove)]);
      fc.pre(!bytes.equals(ENVELOPE));
      assert.match(verifyCode(bytes), /^(ENVELOPE|SIGNATURE|MANIFEST|PAYLOAD)_/);
    }),
    { numRuns: 40 },
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), bytes => {
      assert.match(verifyCode(bytes), /^ENVELOPE_/);
    }),
    { numRuns: 300 },
  );
});

test('a key that is not trusted does not sign', () => {
  assert.is(verifyCode(ENVELOPE, testRoots(2)), 'SIGNATURE_UNKNOWN_KEY');
});

test('a trusted key without the role does not sign', () => {
  const [root] = testRoots(1);
  const roles = root.roles.filter(({ name }) => name !== 'release');
  assert.is(verifyCode(ENVELOPE, [{ ...root, roles }]), 'SIGNATURE_WRONG_ROLE');
});

test('a signature that does not name its key is not tried, however many there are', () => {
  const parsed = parseEnvelope(ENVELOPE);
  const unnamed = (signer: number) => {
    const bodyProtected = encodeCbor(new Map([[1, -19]]));
    const none = { ownProtected: new Uint8Array(0) };
    const covered = signedBytes({ form: 'sign1', bodyProtected }, none, parsed.digestBytes);
    const signature = signEd25519(covered, testKey(signer));
    return encodeCbor(new CborTag([bodyProtected, new Map(), null, signature], 18));
  };
  const alone = encodeEnvelope({ ...parsed, signatureBlocks: [unnamed(1)] });
  assert.is(verifyCode(alone), 'SIGNATURE_UNKNOWN_KEY');
  const many = [...parsed.signatureBlocks, ...Array.from({ length: 15 }, () => unnamed(2))];
  assert.is(verifyCode(encodeEnvelope({ ...parsed, signatureBlocks: many })), 'ACCEPTED');
});

test('an envelope that nobody signed is refused', () => {
  const unsigned = encodeEnvelope({ ...parseEnvelope(ENVELOPE), signatureBlocks: [] });
  assert.is(verifyCode(unsigned), 'SIGNATURE_MISSING');
});

test('the signature of another release is refused', () => {
  const other = parseEnvelope(signRelease({ ...RELEASE, sequence: 8 }, COMPONENTS, [testKey(1)]));
  const { signatureBlocks } = other;
  const mixed = encodeEnvelope({ ...parseEnvelope(ENVELOPE), signatureBlocks });
  assert.is(verifyCode(mixed), 'SIGNATURE_INVALID');
});

test('the same signature twice is refused', () => {
  const parsed = parseEnvelope(ENVELOPE);
  const signatureBlocks = [...parsed.signatureBlocks, ...parsed.signatureBlocks];
  assert.is(verifyCode(encodeEnvelope({ ...parsed, signatureBlocks })), 'SIGNATURE_DUPLICATE');
});

test('a manifest with another digest than the signed one is refused', () => {
  const other = parseEnvelope(signRelease({ ...RELEASE, sequence: 8 }, COMPONENTS, [testKey(1)]));
  assert.is(verifyCode(changed(m => m.set(3, other.manifest))), 'ENVELOPE_DIGEST');
  // With its own digest put in, the signature no longer fits.
  const { manifest, digestBytes } = other;
  const { signatureBlocks, payloads } = parseEnvelope(ENVELOPE);
  const forged = encodeEnvelope({ manifest, digestBytes, signatureBlocks, payloads });
  assert.is(verifyCode(forged), 'SIGNATURE_INVALID');
});

test('a tampered payload is refused by its digest, a longer one by its size', () => {
  const uri = `#${sha256(PUMP)}`;
  assert.is(verifyCode(changed(m => m.set(uri, fakeComponent(300, 9)))), 'PAYLOAD_DIGEST');
  assert.is(verifyCode(changed(m => m.set(uri, fakeComponent(301, 1)))), 'PAYLOAD_SIZE');
  assert.is(verifyCode(changed(m => m.set(uri, new Uint8Array(0)))), 'PAYLOAD_SIZE');
  assert.is(verifyCode(changed(m => m.set(uri, 'text'))), 'ENVELOPE_MALFORMED');
});

test('a missing and an extra payload are refused', () => {
  assert.is(verifyCode(changed(m => m.delete(`#${sha256(FAN)}`))), 'PAYLOAD_MISSING');
  const extra = fakeComponent(9, 9);
  assert.is(verifyCode(changed(m => m.set(`#${sha256(extra)}`, extra))), 'PAYLOAD_UNKNOWN');
  assert.is(verifyCode(changed(m => m.set('#readme', extra))), 'PAYLOAD_UNKNOWN');
});

test('a payload that is not integrated is refused by the places where it can be had', () => {
  const uris = ['https://a.example/pump', 'mqtts://b.example/pump'];
  const release = testRelease({ ...testController('pump', PUMP), uris });
  const bytes = signRelease(release, new Map([[sha256(PUMP), PUMP]]), [testKey(1)]);
  assert.equal(verifyEnvelope(bytes, ROOTS, OPTIONS).release, release);
  const without = encodeEnvelope({ ...parseEnvelope(bytes), payloads: new Map() });
  assert.is(verifyCode(without), 'PAYLOAD_MISSING');
  assert.throws(
    () => verifyEnvelope(without, ROOTS, OPTIONS),
    /pump is missing.* at https:\/\/a\.example\/pump or mqtts:\/\/b\.example\/pump/,
  );
});

test('a core module in the place of a component is refused', () => {
  const module = Uint8Array.of(0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00);
  const release = testRelease(testController('pump', module));
  assert.throws(
    () => signRelease(release, new Map([[sha256(module), module]]), [testKey(1)]),
    (error: unknown) => errorCode(error) === 'PAYLOAD_NOT_COMPONENT',
  );
});

test('members outside the subset are refused by name', () => {
  for (const member of [1, 4, 14, 16, 20, 24, 1_000, -256, -300]) {
    const bytes = changed(m => m.set(member, new Uint8Array(1)));
    assert.is(verifyCode(bytes), 'ENVELOPE_MEMBER', String(member));
  }
  assert.throws(
    () =>
      verifyEnvelope(
        changed(m => m.set(20, new Uint8Array(1))),
        testRoots(1),
        OPTIONS,
      ),
    /install \(20\)/,
  );
});

test('an envelope without its parts, and a bare manifest, are refused', () => {
  assert.is(verifyCode(changed(m => m.delete(2))), 'ENVELOPE_MALFORMED');
  assert.is(verifyCode(changed(m => m.delete(3))), 'ENVELOPE_MALFORMED');
  assert.is(verifyCode(parseEnvelope(ENVELOPE).manifest), 'ENVELOPE_MALFORMED');
  assert.is(verifyCode(encodeCbor(new CborTag([], 107))), 'ENVELOPE_MALFORMED');
  assert.is(verifyCode(encodeCbor(new Map())), 'ENVELOPE_MALFORMED');
});

test('a digest of another algorithm or length is refused', () => {
  const { manifest, payloads } = parseEnvelope(ENVELOPE);
  for (const digest of [
    [-43, new Uint8Array(32)],
    [-16, new Uint8Array(31)],
    [-16, new Uint8Array(32), 0],
  ] as const) {
    const digestBytes = encodeCbor(digest);
    const signatureBlocks = [signDetached(digestBytes, testKey(1))];
    const bytes = encodeEnvelope({ digestBytes, signatureBlocks, manifest, payloads });
    assert.is(verifyCode(bytes), 'ENVELOPE_MALFORMED');
  }
});

test('an oversize envelope is refused before it is looked at', () => {
  assert.is(verifyCode(new Uint8Array(ENVELOPE_BYTES_MAX + 1)), 'ENVELOPE_TOO_LARGE');
  assert.is(verifyCode(new Uint8Array(ENVELOPE_BYTES_MAX)), 'ENVELOPE_MALFORMED');
});

test('the layers come in order: an earlier fault hides a later one', () => {
  const uri = `#${sha256(PUMP)}`;
  const tampered = changed(m => m.set(uri, fakeComponent(300, 9)));
  const refusing: VerifyOptions = {
    policy: () => {
      throw new RangeError('policy was asked');
    },
  };
  assert.is(verifyCode(tampered, testRoots(2), refusing), 'SIGNATURE_UNKNOWN_KEY');
  assert.is(verifyCode(tampered, testRoots(1), refusing), 'PAYLOAD_DIGEST');
  assert.match(verifyCode(ENVELOPE, testRoots(1), refusing), /policy was asked/);
});

test('what breaks a rule is not signed', () => {
  const [pump, fan] = RELEASE.controllers;
  if (pump === undefined || fan === undefined) throw new Error('controllers are missing');
  const request = (grant: string) => ({ grant, reason: 'x', optional: false });
  const faults: readonly (readonly [release: Release, code: string])[] = [
    [{ ...RELEASE, name: 'Heating' }, 'MANIFEST_INVALID'],
    [{ ...RELEASE, name: 'a'.repeat(65) }, 'MANIFEST_INVALID'],
    [{ ...RELEASE, sequence: -1 }, 'MANIFEST_INVALID'],
    [{ ...RELEASE, sequence: 2 ** 53 }, 'MANIFEST_INVALID'],
    [{ ...RELEASE, version: '1.2' }, 'MANIFEST_INVALID'],
    [{ ...RELEASE, vendor: 'Example.com' }, 'MANIFEST_INVALID'],
    [{ ...RELEASE, controllers: [] }, 'MANIFEST_INVALID'],
    [{ ...RELEASE, controllers: [pump, pump] }, 'MANIFEST_INVALID'],
    [{ ...RELEASE, controllers: [{ ...pump, healthIntervalMs: 999 }] }, 'MANIFEST_INVALID'],
    [{ ...RELEASE, controllers: [{ ...pump, requests: [] }] }, 'MANIFEST_GRANT'],
    [
      {
        ...RELEASE,
        controllers: [{ ...pump, requests: [...pump.requests, request('gpio: heater')] }],
      },
      'MANIFEST_GRANT',
    ],
    [
      { ...RELEASE, controllers: [{ ...pump, requests: [...pump.requests, ...pump.requests] }] },
      'MANIFEST_GRANT',
    ],
    [testRelease(pump, { ...fan, sizeBytes: 201 }), 'PAYLOAD_SIZE'],
    [testRelease(pump), 'PAYLOAD_UNKNOWN'],
  ];
  for (const [release, code] of faults) {
    assert.throws(
      () => signRelease(release, COMPONENTS, [testKey(1)]),
      (error: unknown) => {
        assert.is(errorCode(error), code, String(error));
        return true;
      },
    );
  }
});

test.run();
