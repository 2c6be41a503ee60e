import { type CborValue, decodeCbor, encodeCbor } from '../base/cbor.ts';
import { readArray, readBytes, readInteger, readMap, readText } from '../base/cbor-read.ts';
import { KEY_BYTES, parsePublicKey } from '../signing/ed25519.ts';
import { type TrustedKey, trustedKey } from '../signing/trusted-key.ts';
import { readPayload } from './document.ts';
import { PATH_CHARACTERS_MAX } from './paths.ts';
import {
  CEILING_MAX,
  KEY_NAME_CHARACTERS_MAX,
  KEYS_MAX,
  PATHS_MAX,
  type ReleaseScope,
  ROLE_NAME_CHARACTERS_MAX,
  ROLES_MAX,
  type Role,
  type Root,
  TIME_S_MAX,
  VERSION_MAX,
} from './root.ts';
import { requireRoot } from './root-rules.ts';

const GRANT_CHARACTERS_MAX = 4_096;
const FIELD = { version: 1, issued: 2, expires: 3, keys: 4, roles: 5 } as const;

/** Returns the payload of a root; equal roots give equal bytes. */
export function encodeRoot(root: Root): Uint8Array {
  const roles = root.roles.map((role): CborValue => {
    const keys = role.keys.map(({ keyId }) => root.keys.findIndex(key => key.keyId === keyId));
    const scope = role.scope === null ? null : [role.scope.paths, role.scope.ceiling];
    return [role.name, role.threshold, keys.sort((a, b) => a - b), scope];
  });
  return encodeCbor(
    new Map<number, CborValue>([
      [FIELD.version, root.version],
      [FIELD.issued, root.issuedS],
      [FIELD.expires, root.expiresS],
      [FIELD.keys, root.keys.map(({ name, key }) => [name, key])],
      [FIELD.roles, roles],
    ]),
  );
}

/**
 * Returns the root of a payload.
 * @throws TrustError `TRUST_MALFORMED`, `TRUST_ROOT_INVALID`; KeyError for an unusable key
 */
export function decodeRoot(payload: Uint8Array): Root {
  return requireRoot(readPayload('root', () => readRoot(payload)));
}

function readRoot(payload: Uint8Array): Root {
  const members = readMap(decodeCbor(payload), 'root', Object.values(FIELD));
  const expires = members.get(FIELD.expires);
  const keys = readArray(members.get(FIELD.keys), 'keys', 1, KEYS_MAX).map(readKey);
  return {
    version: readInteger(members.get(FIELD.version), 'version', 1, VERSION_MAX),
    issuedS: readInteger(members.get(FIELD.issued), 'issued', 0, TIME_S_MAX),
    expiresS: expires === null ? null : readInteger(expires, 'expires', 0, TIME_S_MAX),
    keys,
    roles: readArray(members.get(FIELD.roles), 'roles', 1, ROLES_MAX).map(role =>
      readRole(role, keys),
    ),
  };
}

function readKey(value: unknown): TrustedKey {
  const parts = readArray(value, 'key', 2, 2);
  const name = readText(parts[0], 'name of a key', KEY_NAME_CHARACTERS_MAX);
  return trustedKey(name, parsePublicKey(readBytes(parts[1], name, KEY_BYTES, KEY_BYTES)));
}

function readRole(value: unknown, keys: readonly TrustedKey[]): Role {
  const parts = readArray(value, 'role', 4, 4);
  const name = readText(parts[0], 'name of a role', ROLE_NAME_CHARACTERS_MAX);
  const path = `role ${name}`;
  const threshold = readInteger(parts[1], `${path}: threshold`, 1, KEYS_MAX);
  let last = -1;
  const own = readArray(parts[2], `${path}: keys`, 1, KEYS_MAX).flatMap(item => {
    // Ascending, so that none can come twice.
    last = readInteger(item, `${path}: key`, last + 1, keys.length - 1);
    return keys.slice(last, last + 1);
  });
  return {
    name,
    threshold,
    keys: own,
    scope: parts[3] === null ? null : readScope(parts[3], path),
  };
}

function readScope(value: unknown, path: string): ReleaseScope {
  const parts = readArray(value, path, 2, 2);
  const paths = readArray(parts[0], `${path}: paths`, 1, PATHS_MAX).map(item =>
    readText(item, `${path}: path`, PATH_CHARACTERS_MAX),
  );
  if (parts[1] === null) return { paths, ceiling: null };
  const ceiling = readArray(parts[1], `${path}: ceiling`, 0, CEILING_MAX).map(item =>
    readText(item, `${path}: ceiling`, GRANT_CHARACTERS_MAX),
  );
  return { paths, ceiling };
}
