import { LRUCache } from 'lru-cache';
import type { KeyPage, KeyValuePort } from '../../runtime/ports/keyvalue.ts';
import { KeyValueError } from '../../runtime/ports/keyvalue.ts';
import type { Grant, KvGrant } from '../grammar/index.ts';
import {
  globMatches,
  isCanonicalName,
  isLabel,
  isWritableSegment,
  parseGrant,
} from '../grammar/index.ts';
import type { GuardContext } from './guard-context.ts';
import type { UsageHold } from './kv-usage.ts';
import { entryBytes } from './kv-usage.ts';
import type { GuardedAction, Refusal } from './pipeline.ts';
import { decide, guardedLater, refuse } from './pipeline.ts';

/** Keys of one page. */
const PAGE_KEYS_MAX = 100;
/** Pages of the driver that one call looks through for keys it may name. */
const PAGES_READ_MAX = 20;
/** Lists that an instance may have begun; the oldest is forgotten. */
const CURSORS_MAX = 64;

/** Returns the driver behind the guard of one instance. */
export function guardKeyValue(driver: KeyValuePort, context: GuardContext): KeyValuePort {
  const cursors = new Cursors();
  const read = (verb: string, namespace: string, key: string) =>
    kvAction(context, `kv.${verb}`, namespace, requireKey(key), 'r');
  return {
    get: async (namespace, key) =>
      guardedLater(context, read('get', namespace, key), () => driver.get(namespace, key)),
    exists: async (namespace, key) =>
      guardedLater(context, read('exists', namespace, key), () => driver.exists(namespace, key)),
    set: (namespace, key, value) => set(driver, context, namespace, key, value),
    delete: async (namespace, key) => {
      const action = kvAction(context, 'kv.delete', namespace, requireKey(key), 'w');
      await guardedLater(context, action, () => driver.delete(namespace, key));
      context.gateway.usage.deleted(namespace, key);
    },
    listKeys: async (namespace, cursor) => {
      const action = kvList(context, namespace);
      return guardedLater(context, action, () =>
        listGranted({ driver, context, cursors, namespace, cursor }),
      );
    },
  };
}

/** Returns the grant that lets a controller open a namespace, or null when there can be none. */
export function wantedNamespace(namespace: string, access: 'r' | 'w' | 'rw'): Grant | null {
  return isLabel(namespace) && !namespace.includes('/')
    ? parseGrant(`kv:${namespace}/*[${access}]`)
    : null;
}

/**
 * Requires that some grant speaks of the namespace at all, for any access.
 * @throws KeyValueError `KV_DENIED`
 */
export function requireNamespace(context: GuardContext, namespace: string): void {
  const action: GuardedAction = {
    ...kvAction(context, 'kv.open', namespace, '', 'r'),
    covers: grant => grant.class === 'kv' && grant.namespace === namespace,
    wanted: () => wantedNamespace(namespace, 'rw'),
  };
  const decision = decide(context, action);
  if (decision.allowed && !context.closed) return;
  const message = decision.allowed ? 'the instance has ended' : decision.message;
  throw refuse(context, action, { kind: 'denied', message });
}

async function set(
  driver: KeyValuePort,
  context: GuardContext,
  namespace: string,
  key: string,
  value: Uint8Array,
): Promise<void> {
  const { usage } = context.gateway;
  const access = kvAction(context, 'kv.set', namespace, requireKey(key), 'w');
  // Only who may write makes the gateway read a namespace.
  if (!context.closed && decide(context, access).allowed) await usage.load(namespace);
  let hold: UsageHold | null = null;
  const action: GuardedAction = {
    ...access,
    terms: held => {
      if (held.grant.class !== 'kv') return [];
      const costs = access.terms(held);
      if ('kind' in costs) return costs;
      const taken = usage.hold(namespace, key, entryBytes(key, value), held.grant);
      if (typeof taken === 'string') return overUsage(taken, held.grant);
      // A grant tried before this one had room and no tokens: its room is given back.
      hold?.cancel();
      hold = taken;
      return costs;
    },
  };
  const finish = (ends: 'commit' | 'cancel') => hold?.[ends]();
  try {
    await guardedLater(context, action, () => driver.set(namespace, key, value));
    finish('commit');
  } finally {
    finish('cancel');
  }
}

interface ListParts {
  readonly driver: KeyValuePort;
  readonly context: GuardContext;
  readonly cursors: Cursors;
  readonly namespace: string;
  readonly cursor: string | undefined;
}

/** A driver's cursor may name a key that is not granted, so the guest gets one of ours. */
async function listGranted(parts: ListParts): Promise<KeyPage> {
  const { driver, context, cursors, namespace } = parts;
  const globs = context.held.flatMap(({ grant }) =>
    grant.class === 'kv' && grant.namespace === namespace && grant.access !== 'w'
      ? [grant.keys]
      : [],
  );
  let at = parts.cursor === undefined ? undefined : cursors.find(namespace, parts.cursor);
  for (let pages = 1; ; pages += 1) {
    const page = await driver.listKeys(namespace, at);
    const keys = page.keys
      .slice(0, PAGE_KEYS_MAX)
      .filter(key => globs.some(glob => globMatches(glob, key)));
    if (page.cursor === null) return { keys, cursor: null };
    if (keys.length > 0 || pages === PAGES_READ_MAX) {
      return { keys, cursor: cursors.add(namespace, page.cursor) };
    }
    at = page.cursor;
  }
}

/** The lists that one instance has begun. */
class Cursors {
  readonly #byToken = new LRUCache<string, string>({ max: CURSORS_MAX });
  #next = 1;

  add(namespace: string, cursor: string): string {
    const token = `${this.#next}`;
    this.#next += 1;
    this.#byToken.set(`${namespace} ${token}`, cursor);
    return token;
  }

  find(namespace: string, token: string): string {
    const cursor = this.#byToken.get(`${namespace} ${token}`);
    if (cursor !== undefined) return cursor;
    throw new KeyValueError('KV_KEY', 'the cursor is unknown or too old; list from the start');
  }
}

function kvAction(
  context: GuardContext,
  action: string,
  namespace: string,
  key: string,
  access: 'r' | 'w',
): GuardedAction {
  return {
    action,
    resource: `${namespace}/${key}`,
    variant: '',
    forbidden: () => null,
    covers: grant =>
      grant.class === 'kv' &&
      grant.namespace === namespace &&
      (grant.access === 'rw' || grant.access === access) &&
      globMatches(grant.keys, key),
    wanted: () => wantedKey(namespace, key, access),
    isUnsafe: () => access === 'w',
    terms: () =>
      access === 'r'
        ? []
        : context.gateway.quotas.ceilingCosts('kv.write', context.controller.name, 1),
    refuse: toKeyValueError,
  };
}

function kvList(context: GuardContext, namespace: string): GuardedAction {
  return {
    ...kvAction(context, 'kv.list-keys', namespace, '', 'r'),
    covers: grant => grant.class === 'kv' && grant.namespace === namespace && grant.access !== 'w',
    wanted: () => wantedNamespace(namespace, 'r'),
  };
}

/** Segments that a grant cannot hold become `*`. */
function wantedKey(namespace: string, key: string, access: 'r' | 'w'): Grant | null {
  if (!isLabel(namespace) || namespace.includes('/')) return null;
  const parts = key.split('/').map(part => (isWritableSegment(part) ? part : '*'));
  return parseGrant(`kv:${namespace}/${parts.join('/')}[${access}]`);
}

function requireKey(key: string): string {
  if (isCanonicalName(key)) return key;
  throw new KeyValueError(
    'KV_KEY',
    'a key has 1 to 256 characters and no empty segment, "." or ".." between "/"',
  );
}

function overUsage(over: 'quota' | 'keys', grant: KvGrant): Refusal {
  const bound = over === 'quota' ? `${grant.quotaBytes} bytes` : `${grant.keysMax} keys`;
  return { kind: 'quota', message: `kv:${grant.namespace}/${grant.keys} is full: ${bound}` };
}

function toKeyValueError(refusal: Refusal): KeyValueError {
  switch (refusal.kind) {
    case 'denied':
      return new KeyValueError('KV_DENIED', refusal.message);
    case 'quota':
      return new KeyValueError('KV_QUOTA', refusal.message);
    case 'unrecorded':
      return new KeyValueError('KV_UNRECORDED', refusal.message);
    case 'rate':
      return new KeyValueError('KV_BUSY', refusal.message);
  }
}
