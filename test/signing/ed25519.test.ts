import { createHash } from 'node:crypto';
import { Point, verify } from '@noble/ed25519';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { errorCode } from '../../runtime/base/errors.ts';
import {
  type PublicKey,
  parsePrivateKey,
  parsePublicKey,
  publicKeyOf,
  requireEd25519,
  signEd25519,
} from '../../runtime/signing/ed25519.ts';
import { formatPrivateKey, parsePrivateKeyFile } from '../../runtime/signing/key-files.ts';
import { keyIdText } from '../../runtime/signing/key-id.ts';

const test = suite('signing/ed25519');

function hex(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'hex'));
}

function codeOf(action: () => unknown): string {
  try {
    action();
    return 'ACCEPTED';
  } catch (error) {
    return errorCode(error);
  }
}

/** RFC 8032 7.1: TEST 1, 2, 3 and SHA(abc). */
const VECTORS = [
  {
    seed: '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
    key: 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    message: '',
    signature:
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155' +
      '5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
  },
  {
    seed: '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
    key: '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    message: '72',
    signature:
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da' +
      '085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  },
  {
    seed: 'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7',
    key: 'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
    message: 'af82',
    signature:
      '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac' +
      '18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
  },
  {
    seed: '833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42',
    key: 'ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf',
    message: createHash('sha512').update('abc').digest('hex'),
    signature:
      'dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b589' +
      '09351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704',
  },
];

/** Encodings of the eight points of small order (RFC 7748's curve, cofactor 8). */
const SMALL_ORDER = [
  `01${'00'.repeat(31)}`,
  `ec${'ff'.repeat(30)}7f`,
  '00'.repeat(32),
  `${'00'.repeat(31)}80`,
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
];

/** y >= p, and x = 0 with the sign bit. */
const NON_CANONICAL = [
  `ed${'ff'.repeat(30)}7f`,
  `ee${'ff'.repeat(30)}7f`,
  'ff'.repeat(32),
  `01${'00'.repeat(30)}80`,
  `ec${'ff'.repeat(31)}`,
];

test('the vectors of RFC 8032 are reproduced and accepted', () => {
  for (const vector of VECTORS) {
    const seed = parsePrivateKey(hex(vector.seed));
    assert.equal(Uint8Array.from(publicKeyOf(seed)), hex(vector.key));
    assert.equal(signEd25519(hex(vector.message), seed), hex(vector.signature));
    const key = parsePublicKey(hex(vector.key));
    requireEd25519(hex(vector.message), hex(vector.signature), key);
  }
});

test('every changed bit of a signature, and a changed message or key, is refused', () => {
  const [vector, other] = VECTORS;
  if (vector === undefined || other === undefined) throw new Error('vectors are missing');
  const key = parsePublicKey(hex(vector.key));
  const message = hex(vector.message);
  for (let bit = 0; bit < 512; bit += 7) {
    const signature = hex(vector.signature);
    signature[bit >> 3] = (signature[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    const code = codeOf(() => requireEd25519(message, signature, key));
    assert.is(code, 'SIGNATURE_INVALID', `bit ${bit}`);
  }
  const signature = hex(vector.signature);
  const wrong = [
    () => requireEd25519(hex('00'), signature, key),
    () => requireEd25519(message, signature, parsePublicKey(hex(other.key))),
    () => requireEd25519(message, signature.subarray(0, 63), key),
    () => requireEd25519(message, Buffer.concat([signature, hex('00')]), key),
    () => requireEd25519(message, new Uint8Array(0), key),
  ];
  for (const action of wrong) assert.is(codeOf(action), 'SIGNATURE_INVALID');
});

test('a signature whose scalar was raised by the group order is refused', () => {
  const [vector] = VECTORS;
  if (vector === undefined) throw new Error('vectors are missing');
  const signature = hex(vector.signature);
  const order = Point.CURVE().n;
  const scalar = BigInt(`0x${Buffer.from(signature.slice(32)).reverse().toString('hex')}`);
  const raised = Buffer.from((scalar + order).toString(16).padStart(64, '0'), 'hex').reverse();
  signature.set(raised, 32);
  const key = parsePublicKey(hex(vector.key));
  const code = codeOf(() => requireEd25519(hex(vector.message), signature, key));
  assert.is(code, 'SIGNATURE_INVALID');
});

test('public keys of small order are refused as weak', () => {
  for (const key of SMALL_ORDER)
    assert.is(
      codeOf(() => parsePublicKey(hex(key))),
      'KEY_WEAK',
      key,
    );
});

test('public keys that are not canonical, not on the curve or not 32 bytes are malformed', () => {
  const offCurve = `02${'00'.repeat(31)}`;
  for (const key of [...NON_CANONICAL, offCurve, '', '00'.repeat(31), '00'.repeat(33)]) {
    assert.is(
      codeOf(() => parsePublicKey(hex(key))),
      'KEY_MALFORMED',
      key,
    );
  }
});

test('a public key of mixed order is refused as weak', () => {
  const torsion = Point.fromHex(SMALL_ORDER[4] ?? '', true);
  const mixed = Point.BASE.multiply(1_234_567n).add(torsion);
  assert.is(
    codeOf(() => parsePublicKey(mixed.toBytes())),
    'KEY_WEAK',
  );
  assert.is(
    codeOf(() => parsePublicKey(Point.BASE.multiply(1_234_567n).toBytes())),
    'ACCEPTED',
  );
});

test('a forgery under a small-order key is refused even past the key check', () => {
  // R = B, S = 1 satisfies S*B = R + k*A for every message where A is the identity.
  const signature = new Uint8Array(64);
  signature.set(Point.BASE.toBytes(), 0);
  signature[32] = 1;
  const identity = hex(SMALL_ORDER[0] ?? '') as PublicKey;
  assert.ok(verify(signature, hex('c0ffee'), identity), 'the library by default is deceived');
  const code = codeOf(() => requireEd25519(hex('c0ffee'), signature, identity));
  assert.is(code, 'SIGNATURE_INVALID');
});

test('a seed of another length is malformed', () => {
  for (const bytes of [0, 31, 33, 64]) {
    assert.is(
      codeOf(() => parsePrivateKey(new Uint8Array(bytes))),
      'KEY_MALFORMED',
    );
  }
});

test('a private key survives its file, and other files are refused without quoting them', () => {
  const key = parsePrivateKey(hex(VECTORS[0]?.seed ?? ''));
  const pem = formatPrivateKey(key);
  assert.equal(parsePrivateKeyFile(pem, 'a.key'), key);
  const secret = pem.split('\n')[1] ?? '';
  const broken = [pem.replace('PRIVATE', 'PUBLIC'), pem.slice(0, -30), '', 'x'.repeat(10_000)];
  for (const text of broken) {
    try {
      parsePrivateKeyFile(text, 'a.key');
      assert.unreachable();
    } catch (error) {
      assert.is(errorCode(error), 'KEY_MALFORMED');
      assert.not.match(String(error), secret);
    }
  }
});

test('a key id is the COSE key thumbprint', () => {
  const key = hex(VECTORS[0]?.key ?? '');
  const coseKey = Buffer.concat([hex('a301012006215820'), key]);
  const expected = createHash('sha256').update(coseKey).digest('hex');
  assert.is(keyIdText(parsePublicKey(key)), expected);
});

test.run();
