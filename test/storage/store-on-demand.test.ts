import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ManualClock } from '../../drivers/simulated/manual-clock.ts';
import { StoreOnDemand } from '../../runtime/storage/store-on-demand.ts';
import { type Bench, bytes, codeOf, text, withFolder } from './store-bench.ts';

const kv = suite('storage/store-on-demand');

function onDemand(bench: Bench, file = join(bench.folder, 'state.db')) {
  const clock = new ManualClock();
  let openings = 0;
  const lines: string[] = [];
  const store = new StoreOnDemand({
    open: () => {
      openings += 1;
      return bench.open({ file });
    },
    clock,
    log: { write: (level, _source, message) => void lines.push(`${level} ${message}`) },
  });
  return { store, clock, lines, openings: () => openings };
}

withFolder(kv, 'is not opened before it is used, and then once', async bench => {
  const { store, openings } = onDemand(bench);
  assert.is(openings(), 0);
  const value = bytes('kept');
  const set = store.set('a', 'k', value);
  value.fill(0);
  const [, seen] = await Promise.all([set, store.exists('b', 'k')]);
  assert.is(seen, false);
  assert.is(text(await store.get('a', 'k')), 'kept');
  assert.equal((await store.listKeys('a', undefined)).keys, ['k']);
  await store.delete('a', 'k');
  assert.is(openings(), 1);
  await store.close();
  assert.is(await codeOf(store.get('a', 'k')), 'KV_IO');
});

withFolder(
  kv,
  'one that cannot be opened is told once, and tried again a second later',
  async bench => {
    const folder = join(bench.folder, 'later');
    const { store, clock, lines, openings } = onDemand(bench, join(folder, 'state.db'));
    assert.is(await codeOf(store.get('a', 'k')), 'KV_IO');
    assert.is(await codeOf(store.get('a', 'k')), 'KV_IO');
    assert.is(openings(), 1);
    clock.advance(1_000);
    assert.is(await codeOf(store.get('a', 'k')), 'KV_IO');
    assert.is(openings(), 2);
    assert.is(lines.length, 1);
    mkdirSync(folder);
    clock.advance(1_000);
    assert.is(await codeOf(store.set('a', 'k', bytes('x'))), 'resolved');
  },
);

withFolder(kv, 'closing one that was never used does nothing', async bench => {
  const { store, openings } = onDemand(bench);
  await store.close();
  assert.is(openings(), 0);
});

kv.run();
