import { parse as parseToml, TomlDate, TomlError } from 'smol-toml';
import * as v from 'valibot';
import { formatGrant, parseGrant } from '../../capabilities/grammar/index.ts';
import { errorMessage } from '../base/errors.ts';
import { parsePublicKey } from '../signing/ed25519.ts';
import { type TrustedKey, trustedKey } from '../signing/trusted-key.ts';
import { TrustError } from './errors.ts';
import { type Role, type Root, roleOf } from './root.ts';
import { requireRoot } from './root-rules.ts';

/** Characters of a `root.toml`. */
export const ROOT_TOML_CHARACTERS_MAX = 65_536;

const PUBLIC_KEY = /^ed25519:[0-9a-f]{64}$/;

const time = v.pipe(
  v.instance(TomlDate, 'a time with its zone is expected, like 2036-01-31T00:00:00Z'),
  v.check(date => date.isDateTime() && !date.isLocal(), 'a time with its zone is expected'),
  v.transform(date => Math.floor(date.getTime() / 1_000)),
);
const keySchema = v.strictObject({
  name: v.string(),
  public: v.pipe(v.string(), v.regex(PUBLIC_KEY, 'write "ed25519:" and 64 hex digits')),
});
const roleSchema = v.strictObject({
  name: v.string(),
  threshold: v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(1)), 1),
  keys: v.array(v.string()),
  paths: v.optional(v.array(v.string())),
  ceiling: v.optional(v.union([v.literal('any'), v.array(v.string())])),
});
const rootSchema = v.strictObject({
  version: v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(1))),
  issued: v.optional(time),
  expires: v.union([v.literal('never'), time], 'a time, or "never", is expected'),
  key: v.array(keySchema),
  role: v.array(roleSchema),
});

/** What a `root.toml` need not say. */
export interface RootDefaults {
  /** The version that it has to have, and has unless it says so itself. */
  readonly version: number;
  /** Seconds since 1970. */
  readonly issuedS: number;
}

/**
 * Returns the root that a `root.toml` describes:
 * ```toml
 * expires = 2036-01-31T00:00:00Z     # or "never"
 *
 * [[key]]                            # as keygen writes it
 * name = "alice"
 * public = "ed25519:HEX"
 *
 * [[role]]
 * name = "root"                      # site, runtime, recovery, release, release/NAME
 * threshold = 1                      # 1 unless said
 * keys = ["alice"]
 * # For releases: paths = ["ctl/pump/*"] and ceiling = ["gpio:pump[dir=out]"], or "any"
 * ```
 * @throws TrustError `TRUST_TOML`, `TRUST_ROOT_INVALID`; KeyError for a key that cannot be used
 */
export function parseRootToml(text: string, file: string, defaults: RootDefaults): Root {
  const parsed = v.safeParse(rootSchema, parseText(text, file), { abortPipeEarly: true });
  if (!parsed.success) {
    const issue = parsed.issues[0];
    const place = v.getDotPath(issue) ?? '(top level)';
    throw new TrustError('TRUST_TOML', `${file}: ${place}: ${issue.message}`);
  }
  const { version = defaults.version, issued = defaults.issuedS, expires, ...toml } = parsed.output;
  if (version !== defaults.version) {
    const words = `${file}: version ${version}, where it has to be ${defaults.version}`;
    throw new TrustError('TRUST_TOML', words);
  }
  const keys = toml.key.map(({ name, public: hex }) =>
    trustedKey(name, parsePublicKey(Buffer.from(hex.slice('ed25519:'.length), 'hex'))),
  );
  return requireRoot({
    version,
    issuedS: issued,
    expiresS: expires === 'never' ? null : expires,
    keys,
    roles: toml.role.map(role => roleOfToml(role, keys, file)),
  });
}

/** Returns a root in which each of these keys may do everything alone: for desks. */
export function rootOfKeys(keys: readonly TrustedKey[], issuedS: number): Root {
  const others = ['root', 'site', 'runtime', 'recovery'].map(
    (name): Role => ({ name, threshold: 1, keys, scope: null }),
  );
  const scope = { paths: ['ctl/*'], ceiling: null };
  const roles = [...others, { name: 'release', threshold: 1, keys, scope }];
  return requireRoot({ version: 1, issuedS, expiresS: null, keys, roles });
}

/** Returns the `[[key]]` table of a public key: files of them can be joined by `cat`. */
export function formatKeyToml(name: string, key: Uint8Array): string {
  const hex = Buffer.from(key).toString('hex');
  return `[[key]]\nname = ${JSON.stringify(name)}\npublic = "ed25519:${hex}"\n`;
}

/** Returns what a reviewer should know of a root that is correct, in words; often nothing. */
export function rootWarnings(root: Root): readonly string[] {
  const own = roleOf(root, 'root');
  const shared = root.roles.filter(
    role => role !== own && role.keys.some(key => own?.keys.some(k => k.keyId === key.keyId)),
  );
  return [
    ...(own?.threshold === 1 ? ['one stolen key is enough to replace this root'] : []),
    ...(shared.length === 0
      ? []
      : [`keys of role root also sign for ${shared.map(({ name }) => name).join(', ')}`]),
    ...(root.expiresS === null ? ['it never expires'] : []),
  ];
}

function roleOfToml(
  { name, threshold, keys: names, paths, ceiling }: v.InferOutput<typeof roleSchema>,
  keys: readonly TrustedKey[],
  file: string,
): Role {
  const own = names.map(wanted => {
    const key = keys.find(candidate => candidate.name === wanted);
    if (key === undefined) {
      throw new TrustError('TRUST_TOML', `${file}: role ${name}: there is no key "${wanted}"`);
    }
    return key;
  });
  if (new Set(own).size !== own.length) {
    throw new TrustError('TRUST_TOML', `${file}: role ${name}: a key is listed twice`);
  }
  if (paths === undefined && ceiling === undefined)
    return { name, threshold, keys: own, scope: null };
  if (paths === undefined || ceiling === undefined) {
    const words = `role ${name}: write both paths and ceiling (a list of grants, or "any")`;
    throw new TrustError('TRUST_TOML', `${file}: ${words}`);
  }
  const grants = ceiling === 'any' ? null : ceiling.map(grant => canonicalGrant(grant, name, file));
  return { name, threshold, keys: own, scope: { paths, ceiling: grants } };
}

function canonicalGrant(text: string, role: string, file: string): string {
  try {
    return formatGrant(parseGrant(text));
  } catch (cause) {
    const words = `role ${role}: ceiling: "${text}": ${errorMessage(cause)}`;
    throw new TrustError('TRUST_TOML', `${file}: ${words}`, { cause });
  }
}

function parseText(text: string, file: string): unknown {
  if (text.length > ROOT_TOML_CHARACTERS_MAX) {
    const words = `${file}: longer than ${ROOT_TOML_CHARACTERS_MAX} characters`;
    throw new TrustError('TRUST_TOML', words);
  }
  try {
    return parseToml(text, { unsafeKeyBehaviour: 'throw', maxDepth: 16 });
  } catch (cause) {
    const reason = cause instanceof TomlError ? cause.message.split('\n')[0] : errorMessage(cause);
    throw new TrustError('TRUST_TOML', `${file}: ${reason}`, { cause });
  }
}
