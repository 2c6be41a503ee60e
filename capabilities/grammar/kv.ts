import { accessCovers, accessIntersect } from './access.ts';
import type { Attributes } from './attributes.ts';
import { formatAttributes } from './attributes.ts';
import { GrammarError } from './errors.ts';
import { globCovers, globIntersect, isLabel, parseGlob } from './glob.ts';
import type { Access, KvGrant } from './grant.ts';
import { formatSize, parseCount, parseSize } from './units.ts';

/** What `quota` and `keys` are when a grant does not say. */
const KV_QUOTA_BYTES_DEFAULT = 256 * 1_024;
/** Keys under a grant that does not say. */
const KV_KEYS_DEFAULT = 500;
/** The largest `quota`. */
const KV_QUOTA_BYTES_MAX = 64 * 1_024 * 1_024;
/** The largest `keys`. */
const KV_KEYS_MAX = 10_000;

/** Reads a grant of class `kv`. @throws GrammarError */
export function parseKv(resource: string, attributes: Attributes): KvGrant {
  const slash = resource.indexOf('/');
  const namespace = resource.slice(0, Math.max(slash, 0));
  if (!isLabel(namespace)) {
    throw new GrammarError('GRANT_RESOURCE', `"${resource}" is not NAMESPACE/KEYS`);
  }
  const keys = parseGlob(resource.slice(slash + 1));
  const quota = attributes.take('quota', '=');
  const keysMax = attributes.take('keys', '<=');
  return {
    class: 'kv',
    namespace,
    keys,
    access: parseAccess(resource, attributes),
    quotaBytes: quota === undefined ? KV_QUOTA_BYTES_DEFAULT : parseQuota(quota),
    keysMax: keysMax === undefined ? KV_KEYS_DEFAULT : parseCount(keysMax, KV_KEYS_MAX),
  };
}

/** Writes it canonically. */
export function formatKv(grant: KvGrant): string {
  const { quotaBytes, keysMax } = grant;
  const attributes = formatAttributes([
    keysMax === KV_KEYS_DEFAULT ? null : `keys<=${keysMax}`,
    quotaBytes === KV_QUOTA_BYTES_DEFAULT ? null : `quota=${formatSize(quotaBytes)}`,
    grant.access,
  ]);
  return `kv:${grant.namespace}/${grant.keys}${attributes}`;
}

/** Whether `wide` allows all that `narrow` allows. */
export function kvSubsumes(wide: KvGrant, narrow: KvGrant): boolean {
  return (
    wide.namespace === narrow.namespace &&
    globCovers(wide.keys, narrow.keys) &&
    accessCovers(wide.access, narrow.access) &&
    wide.quotaBytes >= narrow.quotaBytes &&
    wide.keysMax >= narrow.keysMax
  );
}

/** Returns what both allow, or null when that is nothing. */
export function kvIntersect(a: KvGrant, b: KvGrant): KvGrant | null {
  const keys = globIntersect(a.keys, b.keys);
  const access = accessIntersect(a.access, b.access);
  if (a.namespace !== b.namespace || keys === null || access === null) return null;
  return {
    class: 'kv',
    namespace: a.namespace,
    keys,
    access,
    quotaBytes: Math.min(a.quotaBytes, b.quotaBytes),
    keysMax: Math.min(a.keysMax, b.keysMax),
  };
}

function parseAccess(resource: string, attributes: Attributes): Access {
  const given = (['r', 'w', 'rw'] as const).filter(access => attributes.flag(access));
  const [access] = given;
  if (access === undefined) {
    throw new GrammarError('GRANT_MISSING', `add an access: kv:${resource}[r], [w] or [rw]`);
  }
  if (given.length > 1) {
    throw new GrammarError('GRANT_CONFLICT', `give one of r, w, rw, not ${given.join(' and ')}`);
  }
  return access;
}

function parseQuota(text: string): number {
  const bytes = parseSize(text);
  if (bytes <= KV_QUOTA_BYTES_MAX) return bytes;
  throw new GrammarError('GRANT_VALUE', `quota=${text}: at most 64MiB`);
}
