import {
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createSystemClock } from '../../drivers/clock/system-clock.ts';
import { KeyValueError } from '../../runtime/ports/keyvalue.ts';
import {
  type KeyValueStore,
  type KeyValueStoreSettings,
  openKeyValueStore,
} from '../../runtime/storage/key-value-store-io.ts';

const kv = suite('storage/key-value-store');

const MIB = 1_024 * 1_024;

interface Bench {
  readonly folder: string;
  readonly lines: string[];
  open(extra?: Partial<KeyValueStoreSettings>): Promise<KeyValueStore>;
}

/** Adds a test with a folder of its own; every store it opens is closed. */
function withFolder(name: string, run: (bench: Bench) => Promise<void>): void {
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

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof KeyValueError) return error.code;
    throw error;
  }
  return 'resolved';
}

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (value: Uint8Array | undefined) => value && new TextDecoder().decode(value);

/** Overwrites a part of a file, as a worn card does. */
function damage(file: string, offset: number, length: number): void {
  const handle = openSync(file, 'r+');
  writeSync(handle, new Uint8Array(length).fill(0xa5), 0, length, offset);
  closeSync(handle);
}

withFolder('values survive a close, namespaces are apart, the file is ours alone', async bench => {
  const first = await bench.open();
  await first.set('a', 'k', bytes('one'));
  await first.set('b', 'k', bytes('two'));
  await first.set('a', 'empty', new Uint8Array());
  await first.set('a', 'gone', bytes('x'));
  await first.delete('a', 'gone');
  await first.delete('a', 'never there');
  await first.close();
  const second = await bench.open();
  assert.is(text(await second.get('a', 'k')), 'one');
  assert.is(text(await second.get('b', 'k')), 'two');
  assert.is((await second.get('a', 'empty'))?.length, 0);
  assert.is(await second.get('a', 'gone'), undefined);
  assert.is(await second.exists('a', 'k'), true);
  assert.is(await second.exists('a', 'gone'), false);
  assert.is(statSync(join(bench.folder, 'state.db')).mode & 0o777, 0o600);
});

withFolder('what is stored is the value at the time of the call', async bench => {
  const store = await bench.open();
  const value = bytes('before');
  const stored = store.set('a', 'k', value);
  value.fill(0);
  await stored;
  assert.is(text(await store.get('a', 'k')), 'before');
});

withFolder('keys come in order, a hundred a page, each once', async bench => {
  const store = await bench.open();
  const keys = Array.from({ length: 250 }, (_, i) => `k${String(i).padStart(3, '0')}`);
  await Promise.all([...keys].reverse().map(key => store.set('a', key, bytes(key))));
  await store.set('b', 'other', bytes('x'));
  const first = await store.listKeys('a', undefined);
  const second = await store.listKeys('a', first.cursor ?? 'none');
  const third = await store.listKeys('a', second.cursor ?? 'none');
  assert.equal([first.keys.length, second.keys.length, third.keys.length], [100, 100, 50]);
  assert.equal([...first.keys, ...second.keys, ...third.keys], keys);
  assert.is(third.cursor, null);
  assert.equal(await store.listKeys('empty', undefined), { keys: [], cursor: null });
});

withFolder('keys, values and namespaces at their bounds are taken, beyond refused', async bench => {
  const store = await bench.open();
  assert.is(await codeOf(store.set('a', 'k'.repeat(256), bytes('x'))), 'resolved');
  for (const key of ['', 'k'.repeat(257), 'ä'.repeat(129), 'a\0b', '\ud800']) {
    assert.is(await codeOf(store.set('a', key, bytes('x'))), 'KV_KEY');
    assert.is(await codeOf(store.get('a', key)), 'KV_KEY');
    assert.is(await codeOf(store.listKeys('a', key)), 'KV_KEY');
  }
  assert.is(await codeOf(store.set('a', 'v', new Uint8Array(64 * 1_024))), 'resolved');
  assert.is(await codeOf(store.set('a', 'v', new Uint8Array(64 * 1_024 + 1))), 'KV_QUOTA');
  assert.is(await codeOf(store.get('n'.repeat(129), 'k')), 'KV_NO_SUCH_STORE');
  assert.is(await codeOf(store.get('', 'k')), 'KV_NO_SUCH_STORE');
});

withFolder(
  'a quota bounds bytes and keys, and what shrinks a full namespace passes',
  async bench => {
    const store = await bench.open();
    store.setQuota('a', { bytesMax: 100, keysMax: 3 });
    assert.is(await codeOf(store.set('a', '1', new Uint8Array(49))), 'resolved');
    assert.is(await codeOf(store.set('a', '2', new Uint8Array(49))), 'resolved');
    assert.is(await codeOf(store.set('a', '3', new Uint8Array())), 'KV_QUOTA');
    assert.is(await codeOf(store.set('a', '2', new Uint8Array(50))), 'KV_QUOTA');
    assert.is(await codeOf(store.set('a', '2', new Uint8Array(1))), 'resolved');
    assert.is(await codeOf(store.set('a', '3', new Uint8Array())), 'resolved');
    assert.is(await codeOf(store.set('a', '4', new Uint8Array())), 'KV_QUOTA');
    assert.is(await codeOf(store.delete('a', '3')), 'resolved');
    assert.is(await codeOf(store.set('a', '4', new Uint8Array())), 'resolved');
    store.setQuota('a', { bytesMax: 10, keysMax: 1 });
    assert.is(await codeOf(store.set('a', '1', new Uint8Array(40))), 'resolved');
    assert.is(await codeOf(store.set('a', '1', new Uint8Array(41))), 'KV_QUOTA');
    // A hundred at once must not slip through between check and use.
    store.setQuota('b', { bytesMax: 1_000, keysMax: 10 });
    const codes = await Promise.all(
      Array.from({ length: 100 }, (_, i) => codeOf(store.set('b', `k${i}`, bytes('x')))),
    );
    assert.is(codes.filter(code => code === 'resolved').length, 10);
    assert.is((await store.listKeys('b', undefined)).keys.length, 10);
  },
);

withFolder(
  'a database that is no database is moved aside, loudly, and a new one works',
  async bench => {
    const file = join(bench.folder, 'state.db');
    const first = await bench.open();
    await first.set('a', 'k', bytes('x'));
    await first.close();
    damage(file, 0, 100);
    const found: string[] = [];
    const second = await bench.open({ onDamage: ({ movedTo }) => void found.push(movedTo) });
    assert.equal(found, [`${file}.damaged-1`]);
    assert.ok(bench.lines.some(line => /^critical .*damaged-1/.test(line)));
    assert.is(await second.get('a', 'k'), undefined);
    await second.set('a', 'k', bytes('y'));
    await second.close();
    damage(file, 0, 100);
    const third = await bench.open();
    await third.close();
    const names = readdirSync(bench.folder).filter(name => /damaged-\d$/.test(name));
    assert.equal(names.sort(), ['state.db.damaged-1', 'state.db.damaged-2']);
  },
);

withFolder('damage inside the database is found at the start', async bench => {
  const file = join(bench.folder, 'state.db');
  const first = await bench.open();
  for (let i = 0; i < 200; i += 1) void first.set('a', `k${i}`, new Uint8Array(1_000).fill(i));
  await first.close();
  damage(file, 4_096, 3 * 4_096);
  const second = await bench.open();
  assert.ok(bench.lines.some(line => line.startsWith('critical')));
  assert.is(await second.get('a', 'k1'), undefined);
});

withFolder(
  'a full store refuses what grows, keeps the rest, and works again after a delete',
  async bench => {
    const store = await bench.open({ storeBytesMax: 256 * 1_024 });
    store.setQuota('a', { bytesMax: 100 * MIB, keysMax: 10_000 });
    await store.set('b', 'precious', bytes('kept'));
    const codes = await Promise.all(
      Array.from({ length: 60 }, (_, i) => codeOf(store.set('a', `k${i}`, new Uint8Array(8_192)))),
    );
    const stored = codes.filter(code => code === 'resolved').length;
    assert.ok(stored > 10 && stored < 40, `${stored} stored`);
    assert.is(codes.filter(code => code === 'KV_DISK_FULL').length, 60 - stored);
    // What was said to be stored is, and nothing else is.
    const page = await store.listKeys('a', undefined);
    const said = codes.flatMap((code, i) => (code === 'resolved' ? [`k${i}`] : []));
    assert.equal([...page.keys].sort(), said.sort());
    assert.is(text(await store.get('b', 'precious')), 'kept');
    for (const key of page.keys) await store.delete('a', key);
    assert.is(await codeOf(store.set('a', 'again', new Uint8Array(8_192))), 'resolved');
  },
);

withFolder('a flood of one namespace is refused in part and leaves another prompt', async bench => {
  const store = await bench.open();
  store.setQuota('flood', { bytesMax: 100 * MIB, keysMax: 10_000 });
  await store.set('calm', 'k', bytes('x'));
  const flood = Array.from({ length: 2_000 }, (_, i) =>
    codeOf(store.set('flood', `k${i % 50}`, new Uint8Array(4_096))),
  );
  let floodEnded = false;
  void Promise.all(flood).then(() => {
    floodEnded = true;
  });
  assert.is(text(await store.get('calm', 'k')), 'x');
  assert.is(await codeOf(store.set('calm', 'k', bytes('y'))), 'resolved');
  assert.is(floodEnded, false);
  const codes = await Promise.all(flood);
  assert.ok(codes.includes('KV_BUSY'));
  assert.ok(codes.includes('resolved'));
});

withFolder('a second store on the same file is refused while the first one lives', async bench => {
  const first = await bench.open();
  await first.set('a', 'k', bytes('x'));
  assert.is(await codeOf(bench.open()), 'KV_IO');
  assert.is(text(await first.get('a', 'k')), 'x');
});

withFolder('a folder that is not there is an error at the opening', async bench => {
  assert.is(await codeOf(bench.open({ file: join(bench.folder, 'no', 'state.db') })), 'KV_IO');
});

withFolder('closing finishes what waits; later calls are refused', async bench => {
  const store = await bench.open();
  const waiting = Array.from({ length: 100 }, (_, i) => store.set('a', `k${i}`, bytes('x')));
  await store.close();
  await Promise.all(waiting);
  assert.is(await codeOf(store.get('a', 'k1')), 'KV_IO');
  const again = await bench.open();
  assert.is((await again.listKeys('a', undefined)).keys.length, 100);
});

kv.run();
