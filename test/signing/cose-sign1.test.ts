import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CborTag, type CborValue, encodeCbor } from '../../runtime/base/cbor.ts';
import { errorCode } from '../../runtime/base/errors.ts';
import {
  COSE_ALGORITHM,
  parseSign1,
  signDetached,
  signedBytes,
} from '../../runtime/signing/cose-sign1.ts';
import {
  type PrivateKey,
  parsePrivateKey,
  parsePublicKey,
  publicKeyOf,
  requireEd25519,
  signEd25519,
} from '../../runtime/signing/ed25519.ts';
import { keyId } from '../../runtime/signing/key-id.ts';
import { requireThreshold } from '../../runtime/signing/threshold.ts';
import { formatTrust, parseTrust, type Trust, trustedKey } from '../../runtime/signing/trust.ts';

const test = suite('signing/cose-sign1');

const PAYLOAD = new TextEncoder().encode('what is signed');

function key(seed: number): PrivateKey {
  return parsePrivateKey(new Uint8Array(32).fill(seed));
}

function trust(threshold: number, seeds: readonly number[], others: readonly number[] = []): Trust {
  const named = (seed: number) => trustedKey(`key ${seed}`, publicKeyOf(key(seed)));
  const keys = seeds.map(named);
  return { keys: [...keys, ...others.map(named)], roles: { release: { threshold, keys } } };
}

function codeOf(action: () => unknown): string {
  try {
    action();
    return 'ACCEPTED';
  } catch (error) {
    return errorCode(error);
  }
}

function thresholdCode(blocks: readonly Uint8Array[], by: Trust, payload = PAYLOAD): string {
  return codeOf(() => requireThreshold(payload, blocks, by, 'release'));
}

/** A block with headers of the test's choice, truly signed by `signer`. */
function block(
  signer: PrivateKey,
  shielded: ReadonlyMap<number, CborValue>,
  open: ReadonlyMap<number, CborValue> = new Map(),
): Uint8Array {
  const protectedBytes = encodeCbor(shielded);
  const signature = signEd25519(signedBytes(protectedBytes, PAYLOAD), signer);
  return encodeCbor(new CborTag([protectedBytes, open, null, signature], 18));
}

function headers(signer: PrivateKey, algorithm: number): Map<number, CborValue> {
  return new Map<number, CborValue>([
    [1, algorithm],
    [4, keyId(publicKeyOf(signer))],
  ]);
}

test('the Ed25519 example of the COSE working group is read and its signature accepted', () => {
  // cose-wg/Examples, eddsa-sig-01: key "11" is RFC 8032's TEST 1; algorithm -8, payload attached.
  const example = Buffer.from(
    'd28445a201270300a10442313154546869732069732074686520636f6e74656e742e5840' +
      '7142fd2ff96d56db85bee905a76ba1d0b7321a95c8c4d3607c5781932b7afb87' +
      '11497dfa751bf40b58b3bcc32300b1487f3db34085eef013bf08f4a44d6fef0d',
    'hex',
  );
  const parsed = parseSign1(example, { acceptEdDsa: true });
  assert.is(parsed.algorithm, COSE_ALGORITHM.edDsa);
  assert.equal(Buffer.from(parsed.keyId).toString(), '11');
  const publicKey = parsePublicKey(
    Buffer.from('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a', 'hex'),
  );
  const { protectedBytes, payload, signature } = parsed;
  requireEd25519(signedBytes(protectedBytes, payload ?? PAYLOAD), signature, publicKey);
  assert.is(
    codeOf(() => parseSign1(example, { acceptEdDsa: false })),
    'SIGNATURE_ALGORITHM',
  );
});

test('a signature by a trusted key is accepted and says which key', () => {
  const signers = requireThreshold(
    PAYLOAD,
    [signDetached(PAYLOAD, key(1))],
    trust(1, [1]),
    'release',
  );
  assert.equal(
    signers.map(({ name }) => name),
    ['key 1'],
  );
});

test('the same payload and key give the same block', () => {
  assert.equal(signDetached(PAYLOAD, key(1)), signDetached(PAYLOAD, key(1)));
});

test('no signature, an unknown key and another payload are refused by their own codes', () => {
  const signed = signDetached(PAYLOAD, key(1));
  assert.is(thresholdCode([], trust(1, [1])), 'SIGNATURE_MISSING');
  assert.is(thresholdCode([signed], trust(1, [2])), 'SIGNATURE_UNKNOWN_KEY');
  assert.is(thresholdCode([signed], trust(1, [1]), new Uint8Array(3)), 'SIGNATURE_INVALID');
});

test('a key of another role does not sign releases', () => {
  const signed = signDetached(PAYLOAD, key(2));
  assert.is(thresholdCode([signed], trust(1, [1], [2])), 'SIGNATURE_WRONG_ROLE');
});

test('a threshold counts keys: one key that signs twice is refused', () => {
  const [first, second] = [signDetached(PAYLOAD, key(1)), signDetached(PAYLOAD, key(2))];
  assert.is(thresholdCode([first], trust(2, [1, 2])), 'SIGNATURE_THRESHOLD');
  assert.is(thresholdCode([first, first], trust(2, [1, 2])), 'SIGNATURE_DUPLICATE');
  assert.is(thresholdCode([first, first], trust(1, [1, 2])), 'SIGNATURE_DUPLICATE');
  assert.is(thresholdCode([first, second], trust(2, [1, 2])), 'ACCEPTED');
});

test('a block by an unknown key beside a good one neither helps nor harms', () => {
  const [known, unknown] = [signDetached(PAYLOAD, key(1)), signDetached(PAYLOAD, key(9))];
  assert.is(thresholdCode([unknown, known], trust(1, [1])), 'ACCEPTED');
  assert.is(thresholdCode([unknown, known], trust(2, [1, 2])), 'SIGNATURE_THRESHOLD');
});

test('algorithm -8 is refused unless it is asked for', () => {
  const old = block(key(1), headers(key(1), COSE_ALGORITHM.edDsa));
  assert.is(thresholdCode([old], trust(1, [1])), 'SIGNATURE_ALGORITHM');
  requireThreshold(PAYLOAD, [old], trust(1, [1]), 'release', { acceptEdDsa: true });
  for (const algorithm of [-7, -9, -257, 0]) {
    const other = block(key(1), headers(key(1), algorithm));
    assert.is(thresholdCode([other], trust(1, [1])), 'SIGNATURE_ALGORITHM');
  }
});

test('the algorithm cannot be exchanged after signing', () => {
  const signer = key(1);
  const signed = signDetached(PAYLOAD, signer);
  const { signature } = parseSign1(signed, { acceptEdDsa: false });
  const exchanged = encodeCbor(headers(signer, COSE_ALGORITHM.edDsa));
  const forged = encodeCbor(new CborTag([exchanged, new Map(), null, signature], 18));
  const code = codeOf(() =>
    requireThreshold(PAYLOAD, [forged], trust(1, [1]), 'release', { acceptEdDsa: true }),
  );
  assert.is(code, 'SIGNATURE_INVALID');
});

test('headers outside the subset and wrong shapes are malformed', () => {
  const signer = key(1);
  const good = headers(signer, -19);
  const kid = keyId(publicKeyOf(signer));
  const malformed = [
    block(signer, new Map(good).set(2, [4])),
    block(signer, good, new Map([[99, 1]])),
    block(signer, good, new Map([[1, -19]])),
    block(signer, good, new Map([[4, kid]])),
    block(signer, new Map([[1, -19]])),
    block(signer, new Map([[4, kid]])),
    encodeCbor([encodeCbor(good), new Map(), null, new Uint8Array(64)]),
    encodeCbor(new CborTag([encodeCbor(good), new Map(), null, new Uint8Array(64)], 98)),
    encodeCbor(new CborTag([encodeCbor(good), new Map(), null, new Uint8Array(63)], 18)),
    encodeCbor(new CborTag([encodeCbor(good), new Map(), PAYLOAD, new Uint8Array(64)], 18)),
    new Uint8Array(0),
    new Uint8Array(2_000),
  ];
  for (const [index, bytes] of malformed.entries()) {
    assert.is(thresholdCode([bytes], trust(1, [1])), 'SIGNATURE_MALFORMED', `number ${index}`);
  }
  assert.is(thresholdCode([block(signer, good)], trust(1, [1])), 'ACCEPTED');
  const open = block(signer, new Map([[1, -19]]), new Map([[4, kid]]));
  assert.is(thresholdCode([open], trust(1, [1])), 'ACCEPTED');
});

test('more blocks than anybody needs are refused before any is verified', () => {
  const blocks = Array.from({ length: 17 }, () => new Uint8Array(1));
  assert.is(thresholdCode(blocks, trust(1, [1])), 'SIGNATURE_MALFORMED');
});

test('a trust file is read, joined files too', () => {
  const text = [1, 2].map(seed => formatTrust(`key ${seed}`, publicKeyOf(key(seed)))).join('');
  const parsed = parseTrust(`${text}[threshold]\nrelease = 2\n`, 'trust.toml');
  assert.equal(parsed, trust(2, [1, 2]));
});

test('a trust file with a fault is refused', () => {
  const good = formatTrust('a', publicKeyOf(key(1)));
  const weak = `ed25519:01${'00'.repeat(31)}`;
  const faults: readonly (readonly [text: string, code: string])[] = [
    ['', 'KEY_TRUST_FILE'],
    ['key = 1', 'KEY_TRUST_FILE'],
    ['[[key]', 'KEY_TRUST_FILE'],
    [good + good, 'KEY_TRUST_FILE'],
    [good.replace('"release"', '"root"'), 'KEY_TRUST_FILE'],
    [good.replace('roles', 'role'), 'KEY_TRUST_FILE'],
    [good.replace('ed25519:', 'ed448:'), 'KEY_TRUST_FILE'],
    [`${good}[threshold]\nrelease = 2\n`, 'KEY_TRUST_FILE'],
    [`${good}[threshold]\nrelease = 0\n`, 'KEY_TRUST_FILE'],
    [good.replace('["release"]', '[]'), 'KEY_TRUST_FILE'],
    [`${good}# ${'x'.repeat(70_000)}`, 'KEY_TRUST_FILE'],
    [`${good}__proto__ = 1`, 'KEY_TRUST_FILE'],
    [good.replace(/ed25519:[0-9a-f]+/, weak), 'KEY_WEAK'],
  ];
  for (const [text, code] of faults) {
    assert.is(
      codeOf(() => parseTrust(text, 'trust.toml')),
      code,
      text.slice(0, 200),
    );
  }
});

test.run();
