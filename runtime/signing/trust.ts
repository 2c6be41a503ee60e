import { parse as parseToml, TomlError } from 'smol-toml';
import * as v from 'valibot';
import { type PublicKey, parsePublicKey } from './ed25519.ts';
import { KeyError } from './errors.ts';
import { keyIdText } from './key-id.ts';

/** What a key may sign. Later issues add root, site, runtime and recovery. */
const ROLES = ['release'] as const;

/** The name of a role. */
export type Role = (typeof ROLES)[number];

/** A key that is trusted with something. */
export interface TrustedKey {
  /** For people. */
  readonly name: string;
  readonly key: PublicKey;
  /** Lower-case hex of its COSE Key Thumbprint. */
  readonly keyId: string;
}

/** Who may sign what: per role its keys and how many of them must sign. */
export interface Trust {
  /** Every key of the file, also those without a role. */
  readonly keys: readonly TrustedKey[];
  readonly roles: Readonly<Record<Role, RoleTrust>>;
}

/** The keys of one role. */
export interface RoleTrust {
  /** Distinct keys that must have signed, at least 1. */
  readonly threshold: number;
  readonly keys: readonly TrustedKey[];
}

const KEYS_MAX = 64;
/** Bytes of a trust file. */
export const TRUST_FILE_BYTES_MAX = 65_536;
const PUBLIC_KEY_PATTERN = /^ed25519:[0-9a-f]{64}$/;

const trustSchema = v.strictObject({
  key: v.pipe(
    v.array(
      v.strictObject({
        name: v.pipe(v.string(), v.minLength(1), v.maxLength(64)),
        public: v.pipe(
          v.string(),
          v.regex(PUBLIC_KEY_PATTERN, 'write "ed25519:" and 64 hex digits'),
        ),
        roles: v.array(v.picklist(ROLES)),
      }),
    ),
    v.minLength(1),
    v.maxLength(KEYS_MAX),
  ),
  threshold: v.optional(
    v.strictObject({
      release: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(KEYS_MAX)), 1),
    }),
    { release: 1 },
  ),
});

/**
 * Returns what a trust file says:
 * ```toml
 * [[key]]
 * name = "workshop"
 * public = "ed25519:HEX"      # 64 digits
 * roles = ["release"]
 *
 * [threshold]                 # optional; distinct keys that must sign, 1 unless said
 * release = 1
 * ```
 * @throws KeyError `KEY_TRUST_FILE`; `KEY_MALFORMED`, `KEY_WEAK` for one of its keys.
 */
export function parseTrust(text: string, file: string): Trust {
  const parsed = v.safeParse(trustSchema, parseText(text, file));
  if (!parsed.success) {
    const issue = parsed.issues[0];
    throw new KeyError('KEY_TRUST_FILE', `${file}: ${v.getDotPath(issue) ?? ''}: ${issue.message}`);
  }
  const keys = parsed.output.key.map(({ name, public: text }) =>
    trustedKey(name, parsePublicKey(Buffer.from(text.slice('ed25519:'.length), 'hex'))),
  );
  if (new Set(keys.map(key => key.keyId)).size !== keys.length) {
    throw new KeyError('KEY_TRUST_FILE', `${file}: the same key stands in it twice`);
  }
  const release = keys.filter((_, index) => parsed.output.key[index]?.roles.includes('release'));
  const threshold = parsed.output.threshold.release;
  if (threshold > release.length) {
    throw new KeyError(
      'KEY_TRUST_FILE',
      `${file}: role release needs ${threshold} keys, and has ${release.length}`,
    );
  }
  return { keys, roles: { release: { threshold, keys: release } } };
}

/** Returns a key with its id. */
export function trustedKey(name: string, key: PublicKey): TrustedKey {
  return { name, key, keyId: keyIdText(key) };
}

/** Returns the trust file that holds one key for the role release; files can be joined by `cat`. */
export function formatTrust(name: string, key: PublicKey): string {
  const hex = Buffer.from(key).toString('hex');
  const fields = [`name = ${JSON.stringify(name)}`, `public = "ed25519:${hex}"`];
  return ['[[key]]', ...fields, 'roles = ["release"]', ''].join('\n');
}

function parseText(text: string, file: string): unknown {
  if (text.length > TRUST_FILE_BYTES_MAX) {
    throw new KeyError('KEY_TRUST_FILE', `${file}: longer than ${TRUST_FILE_BYTES_MAX} bytes`);
  }
  try {
    return parseToml(text, { unsafeKeyBehaviour: 'throw', maxDepth: 16 });
  } catch (cause) {
    const reason = cause instanceof TomlError ? cause.message.split('\n')[0] : String(cause);
    throw new KeyError('KEY_TRUST_FILE', `${file}: ${reason}`, { cause });
  }
}
