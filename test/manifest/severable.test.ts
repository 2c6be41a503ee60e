import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type CborValue, decodeCbor, encodeCbor } from '../../runtime/base/cbor.ts';
import { errorCode, errorMessage, GatewayError } from '../../runtime/base/errors.ts';
import { encodeEnvelope, parseEnvelope } from '../../runtime/manifest/envelope.ts';
import { inspectEnvelope } from '../../runtime/manifest/inspect-envelope.ts';
import { SBOM_BYTES_MAX, TEXT_BYTES_MAX } from '../../runtime/manifest/limits.ts';
import { decodeManifest } from '../../runtime/manifest/manifest-decode.ts';
import { encodeManifest } from '../../runtime/manifest/manifest-encode.ts';
import { digestOfMember } from '../../runtime/manifest/member-digest.ts';
import { decodeTexts, encodeTexts, readSbom } from '../../runtime/manifest/severable.ts';
import { signRelease } from '../../runtime/manifest/sign-release.ts';
import { verifyEnvelope } from '../../runtime/manifest/verify-envelope.ts';
import {
  fakeComponent,
  sha256,
  testController,
  testKey,
  testRelease,
  testRoots,
} from './support/signed-release.ts';

const test = suite('manifest/severable');

const TEXT = 23;
const SBOM = -260;
const PUMP = fakeComponent(300, 1);
const TEXTS = {
  en: { description: 'Keeps the house warm', update: 'Warmer' },
  'de-AT': { update: 'Wärmer' },
};
const text = encodeTexts(TEXTS);
const sbom = new TextEncoder().encode('{ "bomFormat": "CycloneDX", "specVersion": "1.6" }\n');
const RELEASE = {
  ...testRelease(testController('pump', PUMP)),
  textDigest: digestOfMember(text),
  sbomDigest: digestOfMember(sbom),
};
const COMPONENTS = new Map([[sha256(PUMP), PUMP]]);
const ENVELOPE = signRelease(RELEASE, COMPONENTS, [testKey(1)], { text, sbom });
const TRUST = testRoots(1);

function outcome(task: () => unknown): string {
  try {
    task();
    return 'ACCEPTED';
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    return `${errorCode(error)} ${errorMessage(error)}`;
  }
}

function verify(bytes: Uint8Array): string {
  return outcome(() => verifyEnvelope(bytes, TRUST, { policy: () => undefined }));
}

/** The envelope with other contents; nothing is signed again. */
function withContents(change: (contents: Map<string | number, Uint8Array>) => void): Uint8Array {
  const parsed = parseEnvelope(ENVELOPE);
  const payloads = new Map(parsed.payloads);
  change(payloads);
  return encodeEnvelope({ ...parsed, payloads });
}

test('a release brings its texts and its bill of materials, and its manifest their digests', () => {
  const { release } = verifyEnvelope(ENVELOPE, TRUST, { policy: () => undefined });
  assert.equal(release, RELEASE);
  const { severable } = inspectEnvelope(ENVELOPE);
  assert.equal(decodeTexts(severable.text ?? new Uint8Array()), TEXTS);
  assert.equal(Buffer.from(severable.sbom ?? []), Buffer.from(sbom));
  assert.equal(signRelease(RELEASE, COMPONENTS, [testKey(1)], { sbom, text }), ENVELOPE);
});

test('the envelope verifies with either of them severed, and with both', () => {
  for (const severed of [[TEXT], [SBOM], [TEXT, SBOM]]) {
    const bytes = withContents(contents => {
      for (const member of severed) assert.ok(contents.delete(member));
    });
    assert.is(verify(bytes), 'ACCEPTED');
    assert.ok(bytes.length < ENVELOPE.length);
  }
  const signedWithout = signRelease(RELEASE, COMPONENTS, [testKey(1)]);
  assert.is(verify(signedWithout), 'ACCEPTED');
});

test('one that was changed is refused by its digest, in verification and in info', () => {
  const flipped = (bytes: Uint8Array, at: number) => {
    const changed = Uint8Array.from(bytes);
    changed[at] = (changed[at] ?? 0) ^ 1;
    return changed;
  };
  for (const [member, bytes, name] of [
    [TEXT, flipped(text, text.length - 1), /text \(23\)/],
    [TEXT, encodeTexts({ en: TEXTS.en }), /text \(23\)/],
    [SBOM, flipped(sbom, 5), /airssys-sbom \(-260\)/],
    [SBOM, sbom.subarray(0, -1), /airssys-sbom/],
    [SBOM, text, /airssys-sbom/],
  ] as const) {
    const envelope = withContents(contents => contents.set(member, bytes));
    for (const answer of [verify(envelope), outcome(() => inspectEnvelope(envelope))]) {
      assert.match(answer, /^PAYLOAD_DIGEST /);
      assert.match(answer, name);
    }
  }
  assert.match(verify(withContents(c => c.set(TEXT, new Uint8Array(0)))), /^ENVELOPE_MALFORMED/);
});

test('one that the manifest does not name is refused', () => {
  const { textDigest: _, sbomDigest: __, ...plain } = RELEASE;
  const parsed = parseEnvelope(signRelease(plain, COMPONENTS, [testKey(1)]));
  for (const [member, bytes] of [
    [TEXT, text],
    [SBOM, sbom],
  ] as const) {
    const payloads = new Map([...parsed.payloads, [member, bytes] as const]);
    assert.match(verify(encodeEnvelope({ ...parsed, payloads })), /^PAYLOAD_UNKNOWN /);
  }
  assert.match(
    outcome(() => signRelease(plain, COMPONENTS, [testKey(1)], { text })),
    /^PAYLOAD_UNKNOWN /,
  );
});

test('more than they may have is refused before it is hashed', () => {
  const large = (member: number, bytes: number) =>
    verify(withContents(contents => contents.set(member, new Uint8Array(bytes))));
  assert.match(large(TEXT, TEXT_BYTES_MAX), /^PAYLOAD_DIGEST/);
  assert.match(large(TEXT, TEXT_BYTES_MAX + 1), /^ENVELOPE_MALFORMED .*text/);
  assert.match(large(SBOM, SBOM_BYTES_MAX), /^PAYLOAD_DIGEST/);
  assert.match(large(SBOM, SBOM_BYTES_MAX + 1), /^ENVELOPE_MALFORMED .*sbom/);
});

test('the digest of a severed member is that of the draft', () => {
  // draft-ietf-suit-manifest B.3: the severed install sequence of example 2.
  const uri = 'http://example.com/very/long/path/to/file/file.bin';
  const install = encodeCbor([20, new Map([[21, uri]]), 21, 2, 3, 15]);
  assert.is(
    digestOfMember(install),
    'cfa90c5c58595e7f5119a72f803fd0370b3e6abbec6315cd38f63135281bc498',
  );
});

test('the digest covers the head of every length', () => {
  for (const length of [0, 23, 24, 255, 256, 65_535, 65_536]) {
    const bytes = new Uint8Array(length).fill(7);
    assert.is(digestOfMember(bytes), sha256(encodeCbor(bytes)), String(length));
  }
});

test('a digest in the manifest is one of SHA-256', () => {
  const { textDigest: _, sbomDigest: __, ...plain } = RELEASE;
  const members = decodeCbor(encodeManifest(plain)) as ReadonlyMap<number, CborValue>;
  const decode = (member: number, value: CborValue) =>
    outcome(() => decodeManifest(encodeCbor(new Map(members).set(member, value))));
  for (const member of [TEXT, SBOM]) {
    assert.is(decode(member, [-16, new Uint8Array(32)]), 'ACCEPTED');
    assert.match(decode(member, [-43, new Uint8Array(32)]), /^MANIFEST_MALFORMED/);
    assert.match(decode(member, [-16, new Uint8Array(31)]), /^MANIFEST_MALFORMED/);
    assert.match(decode(member, encodeCbor([-16, new Uint8Array(32)])), /^MANIFEST_MALFORMED/);
  }
});

test('texts of any language come back as they were', () => {
  const words = fc.string({ unit: 'grapheme', maxLength: 40 });
  const one = fc
    .record({ description: words, update: words }, { requiredKeys: [], noNullPrototype: true })
    .filter(texts => Object.keys(texts).length > 0);
  const tag = fc.stringMatching(/^[a-z]{2,3}(-[A-Z]{2})?$/);
  const texts = fc.dictionary(tag, one, { maxKeys: 16, noNullPrototype: true });
  fc.assert(fc.property(texts, value => assert.equal(decodeTexts(encodeTexts(value)), value)));
});

test('texts with anything else in them are refused', () => {
  const texts = (...entries: readonly (readonly [string, CborValue])[]) =>
    encodeCbor(new Map(entries));
  const one = new Map([[1, 'x']]);
  const many = (count: number) =>
    Array.from({ length: count }, (_, at) => [`x-${at}`, one] as const);
  assert.is(
    outcome(() => decodeTexts(texts(...many(16)))),
    'ACCEPTED',
  );
  for (const bytes of [
    Uint8Array.of(0xff),
    encodeCbor([]),
    encodeCbor(new Map([[1, 'x']])),
    texts(['en', 'x']),
    texts(['en', new Map()]),
    texts(['en', new Map([[1, 5]])]),
    texts(['en', new Map([[3, 'x']])]),
    texts(['en', new Map([['__proto__', 'x']])]),
    texts(['en', new Map([[1, 'x'.repeat(4_097)]])]),
    texts(['', one]),
    texts(['en_US', one]),
    texts(['__proto__', one]),
    texts(['a'.repeat(9), one]),
    texts([`${'a'.repeat(8)}-${'b'.repeat(8)}-${'c'.repeat(8)}-${'d'.repeat(8)}-x`, one]),
    texts(...many(17)),
  ]) {
    assert.match(
      outcome(() => decodeTexts(bytes)),
      /^PAYLOAD_MALFORMED /,
      Buffer.from(bytes).toString('hex', 0, 20),
    );
  }
});

test('a bill of materials is a CycloneDX document in JSON', () => {
  assert.is(readSbom(sbom).specVersion, '1.6');
  for (const json of ['', '{', 'null', '[]', '"CycloneDX"', '{"bomFormat":"SPDX"}', '{}']) {
    const bytes = new TextEncoder().encode(json);
    assert.match(
      outcome(() => readSbom(bytes)),
      /^PAYLOAD_MALFORMED /,
      json,
    );
  }
  assert.match(
    outcome(() => readSbom(Uint8Array.of(0x7b, 0xff, 0x7d))),
    /^PAYLOAD_MALFORMED/,
  );
  const large = new Uint8Array(SBOM_BYTES_MAX + 1).fill(0x20);
  large.set(sbom);
  assert.match(
    outcome(() => readSbom(large)),
    /^PAYLOAD_MALFORMED /,
  );
  assert.is(readSbom(large.subarray(0, -1)).bomFormat, 'CycloneDX');
});

test.run();
