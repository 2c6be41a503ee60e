import { decodeCbor, encodeCbor } from '../base/cbor.ts';
import { readBytes, readInteger, readMap, readText } from '../base/cbor-read.ts';
import { SignatureError } from '../signing/errors.ts';
import { requireSigners } from '../signing/verify-cose.ts';
import { parseDocument, readPayload } from './document.ts';
import { TrustError } from './errors.ts';
import type { Revocations } from './revocations.ts';
import { type Root, roleOf, TIME_S_MAX, VERSION_MAX } from './root.ts';

/**
 * Leave to install, once, on one gateway, one release that is older than what was committed there.
 * The role `recovery` signs it. It never lowers a floor, and says nothing of the release itself,
 * which is verified as ever.
 */
export interface RecoveryToken {
  /** Name of the gateway, as gateway.toml has it. */
  readonly gateway: string;
  /** Digest of the release's manifest, lower-case hex. */
  readonly manifestDigest: string;
  /** Higher than that of every token that was used on this gateway. From 1. */
  readonly counter: number;
  /** Seconds since 1970. */
  readonly issuedS: number;
}

/** Characters of the name of a gateway. */
const GATEWAY_CHARACTERS_MAX = 64;

const FIELD = { gateway: 1, manifestDigest: 2, counter: 3, issued: 4 } as const;
const DIGEST_BYTES = 32;
const DIGEST = /^[0-9a-f]{64}$/;

/**
 * Returns the payload of a token; equal tokens give equal bytes.
 * @throws TrustError `TRUST_TOKEN_INVALID`
 */
export function encodeRecoveryToken(token: RecoveryToken): Uint8Array {
  const { gateway, manifestDigest, counter, issuedS } = token;
  const isFit =
    DIGEST.test(manifestDigest) &&
    gateway.length > 0 &&
    gateway.length <= GATEWAY_CHARACTERS_MAX &&
    Number.isSafeInteger(counter) &&
    counter > 0;
  if (!isFit) {
    const words = 'a gateway, the 64 hex digits of a release, and a counter from 1 are needed';
    throw new TrustError('TRUST_TOKEN_INVALID', words);
  }
  return encodeCbor(
    new Map<number, string | number | Uint8Array>([
      [FIELD.gateway, gateway],
      [FIELD.manifestDigest, Uint8Array.from(Buffer.from(manifestDigest, 'hex'))],
      [FIELD.counter, counter],
      [FIELD.issued, issuedS],
    ]),
  );
}

/**
 * Returns the token of a payload.
 * @throws TrustError `TRUST_MALFORMED`
 */
export function decodeRecoveryToken(payload: Uint8Array): RecoveryToken {
  return readPayload('recovery', () => {
    const members = readMap(decodeCbor(payload), 'recovery', Object.values(FIELD));
    const digest = members.get(FIELD.manifestDigest);
    return {
      gateway: readText(members.get(FIELD.gateway), 'gateway', GATEWAY_CHARACTERS_MAX),
      manifestDigest: Buffer.from(
        readBytes(digest, 'release', DIGEST_BYTES, DIGEST_BYTES),
      ).toString('hex'),
      counter: readInteger(members.get(FIELD.counter), 'counter', 1, VERSION_MAX),
      issuedS: readInteger(members.get(FIELD.issued), 'issued', 0, TIME_S_MAX),
    };
  });
}

/**
 * Returns the token that bytes hold, when the role recovery of `root` signed it, for this gateway.
 * @throws TrustError `TRUST_TOKEN_GATEWAY` and others, SignatureError
 */
export function verifyRecoveryToken(
  bytes: Uint8Array,
  root: Root,
  gateway: string,
  { keyIds: revoked }: Pick<Revocations, 'keyIds'>,
): RecoveryToken {
  const { message } = parseDocument(bytes, 'recovery');
  const role = roleOf(root, 'recovery');
  if (role === null) {
    const words = `root ${root.version} has no role recovery`;
    throw new SignatureError('SIGNATURE_WRONG_ROLE', words);
  }
  const all = requireSigners([message], message.payload, role.keys);
  const signers = all.filter(({ keyId }) => !revoked.includes(keyId));
  if (signers.length < role.threshold) {
    const words = `signed by ${signers.length} of the ${role.threshold} keys of role recovery`;
    throw new SignatureError('SIGNATURE_THRESHOLD', words);
  }
  const token = decodeRecoveryToken(message.payload);
  if (token.gateway !== gateway) {
    const words = `the token is for gateway "${token.gateway}", and this is "${gateway}"`;
    throw new TrustError('TRUST_TOKEN_GATEWAY', words);
  }
  return token;
}
