import { valid as validVersion } from 'semver';
import * as v from 'valibot';
import { isInterfaceName } from '../linker/names.ts';
import * as limits from './limits.ts';
import { UPDATE_STRATEGIES } from './release.ts';

const name = v.pipe(
  v.string(),
  v.maxLength(limits.NAME_CHARACTERS_MAX),
  v.regex(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/, 'lower-case words with hyphens between are allowed'),
);
const version = v.pipe(
  v.string(),
  v.maxLength(limits.VERSION_CHARACTERS_MAX),
  v.check(text => validVersion(text) === text, 'a semantic version like 1.2.3 is expected'),
);
const domain = v.pipe(
  v.string(),
  v.maxLength(limits.DOMAIN_CHARACTERS_MAX),
  v.regex(
    /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/,
    'a lower-case domain name like example.com is expected',
  ),
);
const utf8 = (bytesMax: number) =>
  v.pipe(
    v.string(),
    v.check(text => text.isWellFormed(), 'well-formed Unicode is expected'),
    v.check(text => Buffer.byteLength(text) <= bytesMax, `at most ${bytesMax} bytes are allowed`),
  );
const line = (charactersMax: number) =>
  v.pipe(
    v.string(),
    v.maxLength(charactersMax),
    v.regex(/^[^\p{Cc}\p{Cs}\u2028\u2029]*$/u, 'one line without control characters is expected'),
  );

const uri = v.pipe(
  v.string(),
  v.maxLength(limits.URI_CHARACTERS_MAX),
  v.regex(/^(https|mqtts?):\/\/[\x21-\x7e]+$/, 'an https:, mqtt: or mqtts: URI is expected'),
  v.check(isPlainUri, 'a URI of host and path, without user, password and fragment, is expected'),
);

const language = v.pipe(
  v.string(),
  v.maxLength(limits.LANGUAGE_CHARACTERS_MAX),
  v.regex(
    /^[a-zA-Z]{1,8}(-[a-zA-Z0-9]{1,8})*$/,
    'the tag of a language like en or de-AT is expected',
  ),
);
const text = utf8(limits.DESCRIPTION_CHARACTERS_MAX);

/**
 * The rules of a release's parts: the only place where they stand. The envelope and `release.toml`
 * share them.
 */
export const RULES = {
  name,
  version,
  domain,
  label: v.pipe(
    v.string(),
    v.maxLength(limits.NAME_CHARACTERS_MAX),
    v.regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'lower-case words with hyphens between are allowed'),
  ),
  sequence: integer(0, Number.MAX_SAFE_INTEGER),
  description: utf8(limits.DESCRIPTION_CHARACTERS_MAX),
  texts: v.pipe(
    v.record(
      language,
      v.pipe(
        v.strictObject({
          description: v.exactOptional(v.pipe(text, v.description('What the release is.'))),
          update: v.exactOptional(v.pipe(text, v.description('What is new in it.'))),
        }),
        v.check(texts => Object.keys(texts).length > 0, 'a description or an update is expected'),
      ),
    ),
    v.check(
      texts => Object.keys(texts).length <= limits.LANGUAGES_MAX,
      `at most ${limits.LANGUAGES_MAX} languages are allowed`,
    ),
  ),
  timeS: integer(0, limits.TIME_S_MAX),
  soakMs: integer(1, 24 * 3_600_000),
  replicas: integer(1, limits.REPLICAS_MAX),
  strategy: v.picklist(UPDATE_STRATEGIES),
  stateSchema: integer(0, limits.STATE_SCHEMA_MAX),
  uris: v.pipe(
    v.array(uri),
    v.minLength(1),
    v.maxLength(limits.URIS_MAX),
    v.check(list => new Set(list).size === list.length, 'a URI comes twice'),
  ),
  reason: v.pipe(line(limits.REASON_CHARACTERS_MAX), v.minLength(1)),
  configKey: v.pipe(utf8(limits.CONFIG_KEY_BYTES_MAX), v.minLength(1)),
  configValue: utf8(limits.CONFIG_VALUE_BYTES_MAX),
  restartPolicy: v.picklist(['permanent', 'transient', 'temporary']),
  restartIntensity: integer(0, 1_000),
  restartPeriodMs: integer(1_000, 24 * 3_600_000),
  backoffMs: integer(10, 3_600_000),
  mailboxMessages: integer(1, 65_536),
  mailboxBytes: integer(1_024, 64 * 1_024 * 1_024),
  mailboxOverflow: v.picklist(['drop-oldest', 'drop-newest']),
  healthIntervalMs: integer(1_000, 3_600_000),
  partMemoryBytes: integer(limits.PART_MEMORY_BYTES_MIN, limits.PART_MEMORY_BYTES_MAX),
  interface: v.pipe(
    v.string(),
    v.maxLength(limits.INTERFACE_CHARACTERS_MAX),
    v.check(
      isInterfaceName,
      'the name of an interface like example:signal/filter@1.0.0 is expected',
    ),
  ),
  world: v.pipe(
    v.string(),
    v.maxLength(limits.INTERFACE_CHARACTERS_MAX),
    v.check(isInterfaceName, 'the name of a world like airssys:worlds/base@0.1.0 is expected'),
  ),
} as const;

/** Returns the rule of a whole number from `min` to `max`. */
export function integer(min: number, max: number) {
  return v.pipe(v.number(), v.safeInteger(), v.minValue(min), v.maxValue(max));
}

/** Secrets have no place in what everybody may read; the payload is named by its digest. */
function isPlainUri(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { hostname, username, password, hash } = new URL(text);
  return hostname !== '' && `${username}${password}${hash}` === '' && !/[@#]/.test(text);
}
