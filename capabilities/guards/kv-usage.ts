/**
 * How much of each namespace is used, by key: what `quota` and `keys` of a grant are judged on.
 * Room is reserved in one synchronous step before the driver is asked, so that two writes at once
 * cannot both have the last of it. What is in flight counts with the larger of old and new.
 */
import type { KeyValuePort } from '../../runtime/ports/keyvalue.ts';
import { KeyValueError } from '../../runtime/ports/keyvalue.ts';
import { globMatches } from '../grammar/index.ts';

/** Keys of a namespace that are counted; more are refused. */
const NAMESPACE_KEYS_MAX = 20_000;

/** Reads the sizes of what a namespace holds: bytes of key and value by key. */
export type SizesOf = (namespace: string) => Promise<ReadonlyMap<string, number>>;

/** Bounds of one grant. */
export interface UsageBounds {
  readonly keys: string;
  readonly quotaBytes: number;
  readonly keysMax: number;
}

/** Room taken for one write; exactly one of the two ends it. */
export interface UsageHold {
  commit(): void;
  cancel(): void;
}

interface Entry {
  committed: number | null;
  readonly pending: number[];
}

interface Total {
  bytes: number;
  keys: number;
}

interface Namespace {
  readonly entries: Map<string, Entry>;
  /** By glob. */
  readonly totals: Map<string, Total>;
}

/** See the head of this file. One for the gateway; namespaces come from grants, so are bounded. */
export class KvUsage {
  readonly #sizesOf: SizesOf;
  readonly #loading = new Map<string, Promise<Namespace>>();
  readonly #loaded = new Map<string, Namespace>();

  constructor(sizesOf: SizesOf) {
    this.#sizesOf = sizesOf;
  }

  /** Reads a namespace's sizes once; must have resolved before `hold`. */
  async load(namespace: string): Promise<void> {
    while (!this.#loaded.has(namespace)) {
      const loading = this.#loading.get(namespace) ?? this.#read(namespace);
      this.#loading.set(namespace, loading);
      const isCurrent = () => this.#loading.get(namespace) === loading;
      try {
        const state = await loading;
        // What was read of a store that has been replaced meanwhile is read again.
        if (isCurrent()) this.#loaded.set(namespace, state);
      } finally {
        if (isCurrent()) this.#loading.delete(namespace);
      }
    }
  }

  /** Forgets everything, because the whole store was replaced. It is read again when needed. */
  forget(): void {
    this.#loaded.clear();
    this.#loading.clear();
  }

  /** Takes room for `key` growing to `sizeBytes`, or returns what is in the way. */
  hold(
    namespace: string,
    key: string,
    sizeBytes: number,
    bounds: UsageBounds,
  ): UsageHold | 'quota' | 'keys' {
    const state = this.#loaded.get(namespace);
    if (state === undefined) return 'quota';
    const total = totalOf(state, bounds.keys);
    const entry = state.entries.get(key) ?? { committed: null, pending: [] };
    const before = charge(entry);
    const after = Math.max(before ?? 0, sizeBytes);
    if (total.bytes - (before ?? 0) + after > bounds.quotaBytes) return 'quota';
    if (before === null && total.keys + 1 > bounds.keysMax) return 'keys';
    if (before === null && state.entries.size >= NAMESPACE_KEYS_MAX) return 'keys';
    change(state, key, entry, () => entry.pending.push(sizeBytes));
    return finishOnce(commits =>
      change(state, key, entry, () => {
        entry.pending.splice(entry.pending.indexOf(sizeBytes), 1);
        if (commits) entry.committed = sizeBytes;
      }),
    );
  }

  /** Notes that a key is gone. */
  deleted(namespace: string, key: string): void {
    const state = this.#loaded.get(namespace);
    const entry = state?.entries.get(key);
    if (state === undefined || entry === undefined) return;
    change(state, key, entry, () => {
      entry.committed = null;
    });
  }

  async #read(namespace: string): Promise<Namespace> {
    const entries = new Map<string, Entry>();
    for (const [key, committed] of await this.#sizesOf(namespace)) {
      entries.set(key, { committed, pending: [] });
    }
    return { entries, totals: new Map() };
  }
}

/**
 * Returns a SizesOf that reads every key and value of a namespace through its port.
 * It rejects with KeyValueError: `KV_QUOTA` when there are too many keys, and the port's own.
 */
export function sizesByReading(port: KeyValuePort): SizesOf {
  return async namespace => {
    const sizes = new Map<string, number>();
    let cursor: string | undefined;
    do {
      const page = await port.listKeys(namespace, cursor);
      for (const key of page.keys) {
        const value = await port.get(namespace, key);
        if (value !== undefined) sizes.set(key, entryBytes(key, value));
      }
      if (sizes.size > NAMESPACE_KEYS_MAX) {
        const message = `"${namespace}" holds over ${NAMESPACE_KEYS_MAX} keys`;
        throw new KeyValueError('KV_QUOTA', message);
      }
      cursor = page.cursor ?? undefined;
    } while (cursor !== undefined);
    return sizes;
  };
}

/** Returns what an entry counts against a quota: key and value. */
export function entryBytes(key: string, value: Uint8Array): number {
  return Buffer.byteLength(key) + value.length;
}

function totalOf(state: Namespace, glob: string): Total {
  const known = state.totals.get(glob);
  if (known !== undefined) return known;
  const total = { bytes: 0, keys: 0 };
  for (const [key, entry] of state.entries) {
    const bytes = globMatches(glob, key) ? charge(entry) : null;
    if (bytes === null) continue;
    total.bytes += bytes;
    total.keys += 1;
  }
  state.totals.set(glob, total);
  return total;
}

function charge(entry: Entry): number | null {
  if (entry.committed === null && entry.pending.length === 0) return null;
  return Math.max(entry.committed ?? 0, ...entry.pending);
}

/** Applies a change to an entry and carries it over to every total that counts the key. */
function change(state: Namespace, key: string, entry: Entry, apply: () => void): void {
  const before = charge(entry);
  apply();
  const after = charge(entry);
  if (after === null) state.entries.delete(key);
  else state.entries.set(key, entry);
  for (const [glob, total] of state.totals) {
    if (!globMatches(glob, key)) continue;
    total.bytes += (after ?? 0) - (before ?? 0);
    total.keys += (after === null ? 0 : 1) - (before === null ? 0 : 1);
  }
}

function finishOnce(finish: (commits: boolean) => void): UsageHold {
  let done = false;
  const once = (commits: boolean) => {
    if (!done) finish(commits);
    done = true;
  };
  return { commit: () => once(true), cancel: () => once(false) };
}
