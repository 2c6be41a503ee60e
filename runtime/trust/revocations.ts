import { decodeCbor, encodeCbor } from '../base/cbor.ts';
import { readArray, readBytes, readInteger, readMap } from '../base/cbor-read.ts';
import { SignatureError } from '../signing/errors.ts';
import { requireSigners } from '../signing/verify-cose.ts';
import { parseDocument, readPayload } from './document.ts';
import { TrustError } from './errors.ts';
import { isReached, type Root, roleOf, TIME_S_MAX, VERSION_MAX } from './root.ts';

/**
 * Keys and releases that are trusted no more, as one list: each new list replaces the one before.
 * The role `site` signs it, or the role `root`.
 */
export interface Revocations {
  /** Rises by one or more with every list. From 1. */
  readonly version: number;
  /** Seconds since 1970. */
  readonly issuedS: number;
  /** Ids of keys, lower-case hex, ascending: what they signed counts no more. */
  readonly keyIds: readonly string[];
  /** Digests of manifests, lower-case hex, ascending. */
  readonly releases: readonly string[];
}

/** A list that was verified, and by whom. */
export interface VerifiedRevocations {
  readonly revocations: Revocations;
  readonly role: 'site' | 'root';
  /** The root under which it was verified. */
  readonly rootVersion: number;
}

/** Keys, and releases, of a list. */
const REVOCATIONS_MAX = 1_024;

/** The list of a gateway that was given none. */
export const NO_REVOCATIONS: Revocations = { version: 0, issuedS: 0, keyIds: [], releases: [] };

const FIELD = { version: 1, issued: 2, keyIds: 3, releases: 4 } as const;
const ID_BYTES = 32;
const ID = /^[0-9a-f]{64}$/;

/**
 * Returns the payload of a list; equal lists give equal bytes.
 * @throws TrustError `TRUST_REVOCATIONS_INVALID`
 */
export function encodeRevocations(list: Revocations): Uint8Array {
  const ids = (texts: readonly string[]) =>
    requireFew([...new Set(texts)])
      .sort()
      .map(text => {
        if (ID.test(text)) return Uint8Array.from(Buffer.from(text, 'hex'));
        const words = `"${text}": the id of a key, or the digest of a release, has 64 hex digits`;
        throw new TrustError('TRUST_REVOCATIONS_INVALID', words);
      });
  return encodeCbor(
    new Map<number, number | Uint8Array[]>([
      [FIELD.version, list.version],
      [FIELD.issued, list.issuedS],
      [FIELD.keyIds, ids(list.keyIds)],
      [FIELD.releases, ids(list.releases)],
    ]),
  );
}

/**
 * Returns the list of a payload.
 * @throws TrustError `TRUST_MALFORMED`
 */
export function decodeRevocations(payload: Uint8Array): Revocations {
  return readPayload('revocations', () => {
    const members = readMap(decodeCbor(payload), 'revocations', Object.values(FIELD));
    return {
      version: readInteger(members.get(FIELD.version), 'version', 1, VERSION_MAX),
      issuedS: readInteger(members.get(FIELD.issued), 'issued', 0, TIME_S_MAX),
      keyIds: readIds(members.get(FIELD.keyIds), 'keys'),
      releases: readIds(members.get(FIELD.releases), 'releases'),
    };
  });
}

/**
 * Returns a list that reaches, under one of `roots`, the threshold of the role root, or that of
 * site by keys that the list in force does not revoke: a stolen key does not un-revoke itself. The
 * owners of root nobody can lock out so.
 * @throws TrustError, SignatureError: what the first root says
 */
export function verifyRevocations(
  bytes: Uint8Array,
  roots: readonly [Root, ...Root[]],
  inForce: Pick<Revocations, 'keyIds'>,
): VerifiedRevocations {
  const { message } = parseDocument(bytes, 'revocations');
  const refusals: SignatureError[] = [];
  for (const root of roots) {
    try {
      const signers = requireSigners([message], message.payload, root.keys);
      const ids = signers.map(({ keyId }) => keyId);
      const role = (['root', 'site'] as const).find(name => {
        const found = roleOf(root, name);
        const counted = name === 'site' ? ids.filter(id => !inForce.keyIds.includes(id)) : ids;
        return found !== null && isReached(found, counted);
      });
      if (role === undefined) {
        const words = 'a list of revocations needs the keys of role site, or those of root';
        throw new SignatureError('SIGNATURE_THRESHOLD', words);
      }
      const revocations = decodeRevocations(message.payload);
      return { revocations, role, rootVersion: root.version };
    } catch (error) {
      if (!(error instanceof SignatureError)) throw error;
      refusals.push(error);
    }
  }
  throw refusals[0] ?? new SignatureError('SIGNATURE_MISSING', 'nobody signed');
}

function requireFew(ids: string[]): string[] {
  if (ids.length <= REVOCATIONS_MAX) return ids;
  const words = `${ids.length} keys or releases, where ${REVOCATIONS_MAX} are allowed`;
  throw new TrustError('TRUST_REVOCATIONS_INVALID', words);
}

function readIds(value: unknown, path: string): readonly string[] {
  let last = '';
  return readArray(value, path, 0, REVOCATIONS_MAX).map(item => {
    const id = Buffer.from(readBytes(item, path, ID_BYTES, ID_BYTES)).toString('hex');
    if (id <= last) throw new TrustError('TRUST_MALFORMED', `${path}: not ascending`);
    last = id;
    return id;
  });
}
