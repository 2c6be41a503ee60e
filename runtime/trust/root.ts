import type { TrustedKey } from '../signing/trusted-key.ts';

/** Who may sign what. The validated value; `root.toml` and the signed document are its forms. */
export interface Root {
  /** Rises by one with every root of a gateway; from 1. */
  readonly version: number;
  /** When it was made, in seconds since 1970: a signed time. */
  readonly issuedS: number;
  /** From when on nothing new is installed under it; null: never. */
  readonly expiresS: number | null;
  /** Every key, each in at least one role. */
  readonly keys: readonly TrustedKey[];
  /** In the order in which release roles are asked. One is `root`. */
  readonly roles: readonly Role[];
}

/** Keys that may sign one sort of thing. */
export interface Role {
  /** `root`, `site`, `runtime`, `recovery`, `release`, or `release/NAME`. */
  readonly name: string;
  /** Distinct keys that must have signed, at least 1. */
  readonly threshold: number;
  readonly keys: readonly TrustedKey[];
  /** What a release role may sign; null for other roles. */
  readonly scope: ReleaseScope | null;
}

/** What the releases of a role may hold. */
export interface ReleaseScope {
  /** See paths.ts. At least one. */
  readonly paths: readonly string[];
  /** Grants in canonical text; each request must be subsumed by one. Null: any. */
  readonly ceiling: readonly string[] | null;
}

/** The last second of the year 9999: what people can be shown. */
export const TIME_S_MAX = 253_402_300_799;
/** The highest version of a document: another one can follow. */
export const VERSION_MAX = Number.MAX_SAFE_INTEGER - 1;
/** Keys of a root. */
export const KEYS_MAX = 64;
/** Roles of a root. */
export const ROLES_MAX = 64;
/** Paths of a role. */
export const PATHS_MAX = 64;
/** Grants of a ceiling. */
export const CEILING_MAX = 128;
/** Characters of the name of a key. */
export const KEY_NAME_CHARACTERS_MAX = 64;
/** Characters of the name of a role. */
export const ROLE_NAME_CHARACTERS_MAX = 72;

/** Whether a role signs releases. */
export function isReleaseRole({ name }: Role): boolean {
  return name === 'release' || name.startsWith('release/');
}

/** Returns how many keys of a role are among these ids: a threshold counts keys. */
export function countOf({ keys }: Pick<Role, 'keys'>, keyIds: readonly string[]): number {
  return keys.filter(({ keyId }) => keyIds.includes(keyId)).length;
}

/** Whether these keys reach the threshold of a role. */
export function isReached(role: Role, keyIds: readonly string[]): boolean {
  return countOf(role, keyIds) >= role.threshold;
}

/** Returns the role of a name, or null. */
export function roleOf(root: Root, name: string): Role | null {
  return root.roles.find(role => role.name === name) ?? null;
}
