import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'uvu';
import { createSystemClock } from '../../drivers/clock/system-clock.ts';
import { KeyValueError } from '../../runtime/ports/keyvalue.ts';
import {
  type KeyValueStore,
  type KeyValueStoreSettings,
  openKeyValueStore,
} from '../../runtime/storage/key-value-store-io.ts';

/** 1,048,576. */
export const MIB = 1_024 * 1_024;

/** A folder of a test, the log lines so far, and what opens stores in it. */
export interface Bench {
  readonly folder: string;
  readonly lines: string[];
  open(extra?: Partial<KeyValueStoreSettings>): Promise<KeyValueStore>;
}

/** Adds a test with a folder of its own; every store it opens is closed. */
export function withFolder(kv: Test, name: string, run: (bench: Bench) => Promise<void>): void {
  kv(name, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'store-'));
    const stores: KeyValueStore[] = [];
    const lines: string[] = [];
    const open = async (extra: Partial<KeyValueStoreSettings> = {}) => {
      const store = await openKeyValueStore({
        file: join(folder, 'state.db'),
        storeBytesMax: 8 * MIB,
        clock: createSystemClock(),
        log: { write: (level, _source, message) => void lines.push(`${level} ${message}`) },
        ...extra,
      });
      stores.push(store);
      return store;
    };
    try {
      await run({ folder, lines, open });
    } finally {
      for (const store of stores) await store.close();
      rmSync(folder, { recursive: true });
    }
  });
}

/** Returns the code that a promise is rejected with, or `resolved`. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof KeyValueError) return error.code;
    throw error;
  }
  return 'resolved';
}

/** UTF-8 of a text. */
export const bytes = (text: string) => new TextEncoder().encode(text);

/** The text of a value. */
export const text = (value: Uint8Array | undefined) => value && new TextDecoder().decode(value);
