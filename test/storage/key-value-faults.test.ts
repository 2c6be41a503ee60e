import { closeSync, openSync, readdirSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bytes, codeOf, MIB, text, withFolder } from './store-bench.ts';

const kv = suite('storage/key-value-store: damage, full disk, flood');

/** Overwrites a part of a file, as a worn card does. */
function damage(file: string, offset: number, length: number): void {
  const handle = openSync(file, 'r+');
  writeSync(handle, new Uint8Array(length).fill(0xa5), 0, length, offset);
  closeSync(handle);
}

withFolder(
  kv,
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

withFolder(kv, 'damage inside the database is found at the start', async bench => {
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
  kv,
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

withFolder(
  kv,
  'a flood of one namespace is refused in part and leaves another prompt',
  async bench => {
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
  },
);

kv.run();
