import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CborTag, type CborValue, decodeCbor, encodeCbor } from '../../runtime/base/cbor.ts';
import { errorCode, GatewayError } from '../../runtime/base/errors.ts';
import {
  COSE_ALGORITHM,
  encodeCoseSign,
  parseCose,
  signatureBy,
  signDetached,
  signedBytes,
  unsignedMessage,
} from '../../runtime/signing/cose.ts';
import {
  type PrivateKey,
  parsePrivateKey,
  parsePublicKey,
  publicKeyOf,
  signEd25519,
} from '../../runtime/signing/ed25519.ts';
import { keyId } from '../../runtime/signing/key-id.ts';
import { type TrustedKey, trustedKey } from '../../runtime/signing/trusted-key.ts';
import { type VerifyCoseOptions, verifyCose } from '../../runtime/signing/verify-cose.ts';

const test = suite('signing/cose');

const PAYLOAD = new TextEncoder().encode('what is signed');
const BYTES_MAX = 8_192;

function key(seed: number): PrivateKey {
  return parsePrivateKey(new Uint8Array(32).fill(seed));
}

function trusted(...seeds: readonly number[]): readonly TrustedKey[] {
  return seeds.map(seed => trustedKey(`key ${seed}`, publicKeyOf(key(seed))));
}

/** Names of the keys that signed, or the code of the refusal. */
function verdict(bytes: Uint8Array, options: Partial<VerifyCoseOptions> = {}): string {
  try {
    const all = { keys: trusted(1, 2), detachedPayload: PAYLOAD, ...options };
    return verifyCose(bytes, all)
      .signers.map(({ name }) => name)
      .join(', ');
  } catch (error) {
    return error instanceof GatewayError ? errorCode(error) : `CRASHED ${error}`;
  }
}

/** A COSE_Sign1 with headers of the test's choice, truly signed. */
function sign1(
  signer: PrivateKey,
  shielded: ReadonlyMap<number | string, CborValue>,
  open: ReadonlyMap<number | string, CborValue> = new Map(),
): Uint8Array {
  const bodyProtected = encodeCbor(shielded);
  const none = { ownProtected: new Uint8Array(0) };
  const covered = signedBytes({ form: 'sign1', bodyProtected }, none, PAYLOAD);
  return encodeCbor(new CborTag([bodyProtected, open, null, signEd25519(covered, signer)], 18));
}

function headers(signer: PrivateKey, algorithm: CborValue = -19): Map<number, CborValue> {
  return new Map<number, CborValue>([
    [1, algorithm],
    [4, keyId(publicKeyOf(signer))],
  ]);
}

/** A COSE_Sign with its payload inside, signed by keys of these seeds. */
function sign(...seeds: readonly number[]): Uint8Array {
  const message = { ...unsignedMessage('application/x', PAYLOAD), payload: PAYLOAD };
  return encodeCoseSign({
    ...message,
    signatures: seeds.map(seed => signatureBy(message, key(seed))),
  });
}

const ATTACHED = { keys: trusted(1, 2) };

function attached(bytes: Uint8Array, options: Partial<VerifyCoseOptions> = {}): string {
  try {
    return verifyCose(bytes, { ...ATTACHED, ...options })
      .signers.map(({ name }) => name)
      .join(', ');
  } catch (error) {
    return errorCode(error);
  }
}

/** Key "11" of the COSE working group's examples: RFC 8032, TEST 1. */
const ELEVEN: TrustedKey = {
  name: 'eleven',
  keyId: '3131',
  key: parsePublicKey(
    Buffer.from('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a', 'hex'),
  ),
};

test('the Ed25519 example of the COSE working group verifies where -8 is allowed', () => {
  // cose-wg/Examples, eddsa-sig-01.
  const example = Buffer.from(
    'd28445a201270300a10442313154546869732069732074686520636f6e74656e742e5840' +
      '7142fd2ff96d56db85bee905a76ba1d0b7321a95c8c4d3607c5781932b7afb87' +
      '11497dfa751bf40b58b3bcc32300b1487f3db34085eef013bf08f4a44d6fef0d',
    'hex',
  );
  assert.is(attached(example, { keys: [ELEVEN], acceptEdDsa: true }), 'eleven');
  assert.is(attached(example, { keys: [ELEVEN] }), 'SIGNATURE_ALGORITHM');
  const withAad = { keys: [ELEVEN], acceptEdDsa: true, externalAad: PAYLOAD };
  assert.is(attached(example, withAad), 'SIGNATURE_INVALID');
});

test('a COSE_Sign1 over a detached payload verifies; the same inputs give the same bytes', () => {
  const signed = signDetached(PAYLOAD, key(1));
  assert.is(verdict(signed), 'key 1');
  assert.equal(signDetached(PAYLOAD, key(1)), signed);
});

test('a COSE_Sign tells every key that signed, in the order of the signatures', () => {
  assert.is(attached(sign(2, 1)), 'key 2, key 1');
  assert.is(attached(sign(2)), 'key 2');
});

test('nobody, a stranger, and another payload are refused by their own codes', () => {
  assert.is(attached(sign()), 'SIGNATURE_MISSING');
  assert.is(verdict(signDetached(PAYLOAD, key(9))), 'SIGNATURE_UNKNOWN_KEY');
  const other = { detachedPayload: new Uint8Array(3) };
  assert.is(verdict(signDetached(PAYLOAD, key(1)), other), 'SIGNATURE_INVALID');
});

test('a payload is either inside or given, never both and never neither', () => {
  assert.is(attached(signDetached(PAYLOAD, key(1))), 'SIGNATURE_MALFORMED');
  assert.is(verdict(sign(1)), 'SIGNATURE_MALFORMED');
});

test('external data that was not signed with is refused, and that which was is needed', () => {
  const aad = Uint8Array.of(1, 2, 3);
  const signed = signDetached(PAYLOAD, key(1), { externalAad: aad });
  assert.is(verdict(signed, { externalAad: aad }), 'key 1');
  assert.is(verdict(signed), 'SIGNATURE_INVALID');
  assert.is(verdict(signed, { externalAad: Uint8Array.of(1, 2) }), 'SIGNATURE_INVALID');
});

test('a second signature by one key is refused, whether or not one would do', () => {
  assert.is(attached(sign(1, 1)), 'SIGNATURE_DUPLICATE');
  assert.is(attached(sign(1, 2, 1)), 'SIGNATURE_DUPLICATE');
});

test('a stranger beside a known key neither helps nor harms, whatever its algorithm', () => {
  assert.is(attached(sign(9, 1)), 'key 1');
  const message = parseCose(sign(1), BYTES_MAX);
  const foreign = { ...message.signatures[0], ownProtected: encodeCbor(headers(key(9), -7)) };
  const both = { ...message, signatures: [...message.signatures, foreign] } as typeof message;
  assert.is(attached(encodeCoseSign(both)), 'key 1');
});

test('a false signature by a known key is refused even beside a true one', () => {
  const message = parseCose(sign(1, 2), BYTES_MAX);
  const [first, second] = message.signatures;
  if (first === undefined || second === undefined) throw new Error('two signatures');
  const crossed = [first, { ...second, signature: first.signature }];
  assert.is(attached(encodeCoseSign({ ...message, signatures: crossed })), 'SIGNATURE_INVALID');
});

test('a signature of another form of message does not count: the context string differs', () => {
  const one = { ...unsignedMessage('application/x', PAYLOAD), payload: PAYLOAD };
  const { signature, ownProtected } = signatureBy(one, key(1));
  const moved = encodeCbor(new CborTag([ownProtected, new Map(), null, signature], 18));
  assert.is(verdict(moved), 'SIGNATURE_INVALID');
});

test('the content type is signed: exchanged, no signature fits', () => {
  const message = parseCose(sign(1), BYTES_MAX);
  const { bodyProtected } = unsignedMessage('application/y', PAYLOAD);
  assert.is(attached(encodeCoseSign({ ...message, bodyProtected })), 'SIGNATURE_INVALID');
  assert.is(message.contentType, 'application/x');
});

test('algorithm -8 is refused unless it is allowed, and other algorithms always', () => {
  const older = sign1(key(1), headers(key(1), COSE_ALGORITHM.edDsa));
  assert.is(verdict(older), 'SIGNATURE_ALGORITHM');
  assert.is(verdict(older, { acceptEdDsa: true }), 'key 1');
  for (const algorithm of [-7, -9, -257, 0]) {
    const other = sign1(key(1), headers(key(1), algorithm));
    assert.is(verdict(other, { acceptEdDsa: true }), 'SIGNATURE_ALGORITHM');
    // By nobody we know it is still said what is wrong, not that it is malformed.
    assert.is(verdict(other, { keys: [], acceptEdDsa: true }), 'SIGNATURE_ALGORITHM');
  }
});

test('the algorithm cannot be exchanged after signing', () => {
  const { signatures } = parseCose(signDetached(PAYLOAD, key(1)), BYTES_MAX);
  const shielded = encodeCbor(headers(key(1), COSE_ALGORITHM.edDsa));
  const signature = signatures[0]?.signature ?? null;
  const forged = encodeCbor(new CborTag([shielded, new Map(), null, signature], 18));
  assert.is(verdict(forged, { acceptEdDsa: true }), 'SIGNATURE_INVALID');
});

test('critical headers are honoured: what is understood passes, what is not is refused', () => {
  const signer = key(1);
  const understood = sign1(signer, headers(signer).set(2, [1, 4]));
  assert.is(verdict(understood), 'key 1');
  const faults: readonly (readonly [Map<number, CborValue>, string])[] = [
    [headers(signer).set(2, [99]).set(99, 1), 'SIGNATURE_CRITICAL'],
    [headers(signer).set(2, ['x']), 'SIGNATURE_CRITICAL'],
    [headers(signer).set(2, [3]), 'SIGNATURE_CRITICAL'],
    [headers(signer).set(2, []), 'SIGNATURE_MALFORMED'],
    [headers(signer).set(2, 1), 'SIGNATURE_MALFORMED'],
  ];
  for (const [shielded, code] of faults) assert.is(verdict(sign1(signer, shielded)), code);
  const open = sign1(signer, headers(signer), new Map([[2, [99]]]));
  assert.is(verdict(open), 'SIGNATURE_MALFORMED');
});

test('headers that mean nothing here are passed over, signed or not', () => {
  const signer = key(1);
  assert.is(verdict(sign1(signer, headers(signer).set(99, 'x'))), 'key 1');
  assert.is(verdict(sign1(signer, headers(signer), new Map([['x', 1]]))), 'key 1');
});

test('the key may be named in either header or in none, never in both', () => {
  const signer = key(1);
  const id = keyId(publicKeyOf(signer));
  assert.is(verdict(sign1(signer, new Map([[1, -19]]), new Map([[4, id]]))), 'key 1');
  assert.is(verdict(sign1(signer, new Map([[1, -19]]))), 'key 1');
  assert.is(verdict(sign1(key(9), new Map([[1, -19]]))), 'SIGNATURE_UNKNOWN_KEY');
  assert.is(verdict(sign1(signer, headers(signer), new Map([[4, id]]))), 'SIGNATURE_MALFORMED');
});

test('shapes that are no COSE are malformed', () => {
  const good = headers(key(1));
  const bytes = encodeCbor(good);
  const id = keyId(publicKeyOf(key(1)));
  const malformed: readonly CborValue[] = [
    [bytes, new Map(), null, new Uint8Array(64)],
    new CborTag([bytes, new Map(), null, new Uint8Array(64)], 98),
    new CborTag([bytes, new Map(), null], 18),
    new CborTag([bytes, [], null, new Uint8Array(64)], 18),
    new CborTag([bytes, new Map([[1, -19]]), null, new Uint8Array(64)], 18),
    new CborTag([bytes, new Map(), 1, new Uint8Array(64)], 18),
    new CborTag([bytes, new Map(), null, new Uint8Array(0)], 18),
    new CborTag([bytes, new Map(), null, new Uint8Array(2_000)], 18),
    new CborTag([new Uint8Array(0), new Map([[4, id]]), null, new Uint8Array(64)], 18),
    new CborTag([encodeCbor([]), new Map(), null, new Uint8Array(64)], 18),
    new CborTag([encodeCbor(new Map([[1, 'EdDSA']])), new Map(), null, new Uint8Array(64)], 18),
    new CborTag([bytes, new Map(), PAYLOAD, Array.from({ length: 17 }, () => [])], 98),
    'text',
    null,
  ];
  for (const [index, value] of malformed.entries()) {
    assert.is(verdict(encodeCbor(value)), 'SIGNATURE_MALFORMED', `number ${index}`);
  }
  assert.is(verdict(new Uint8Array(0)), 'SIGNATURE_MALFORMED');
  assert.throws(() => parseCose(sign(1), 10), /SIGNATURE_MALFORMED|10/);
  // A right length of bytes that are no signature of it.
  const short = encodeCbor(new CborTag([bytes, new Map(), null, new Uint8Array(63)], 18));
  assert.is(verdict(short), 'SIGNATURE_INVALID');
});

test('an empty protected header is the same in both of its spellings', () => {
  const parts = decodeCbor(sign(1), { tags: [98], depthMax: 6, itemsMax: 100 });
  const [, open, payload] = (parts as CborTag).value as CborValue[];
  const shielded = headers(key(1));
  for (const body of [new Uint8Array(0), encodeCbor(new Map())]) {
    const none = { form: 'sign' as const, bodyProtected: new Uint8Array(0) };
    const ownProtected = encodeCbor(shielded);
    const covered = signedBytes(none, { ownProtected }, PAYLOAD);
    const signer = [ownProtected, new Map(), signEd25519(covered, key(1))];
    const bytes = encodeCbor(new CborTag([body, open ?? null, payload ?? null, [signer]], 98));
    assert.is(attached(bytes), 'key 1');
  }
});

test('a type of the body is told, also as a number, and a `typ`', () => {
  const type = (label: number, value: CborValue) =>
    parseCose(sign1(key(1), headers(key(1)).set(label, value)), BYTES_MAX).contentType;
  assert.is(type(3, 60), '#60');
  assert.is(type(3, 'text/plain'), 'text/plain');
  assert.is(type(16, 'application/x'), 'application/x');
  assert.is(parseCose(signDetached(PAYLOAD, key(1)), BYTES_MAX).contentType, null);
});

test('every truncation and any flipped bit is refused, and nothing crashes', () => {
  const bytes = sign(1, 2);
  for (let end = 0; end < bytes.length; end += 1) {
    assert.is(attached(bytes.subarray(0, end)), 'SIGNATURE_MALFORMED', `at ${end}`);
  }
  fc.assert(
    fc.property(fc.nat(bytes.length * 8 - 1), bit => {
      const changed = Uint8Array.from(bytes);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      // A bit of a key's id makes a stranger of it; the other key still counts.
      assert.match(attached(changed), /^(SIGNATURE_|key [12]$)/);
      assert.is.not(attached(changed), 'key 1, key 2');
    }),
    { numRuns: 120 },
  );
});

test.run();
