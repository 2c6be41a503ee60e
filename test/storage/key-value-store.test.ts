import { statSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bytes, codeOf, text, withFolder } from './store-bench.ts';

const kv = suite('storage/key-value-store');

withFolder(
  kv,
  'values survive a close, namespaces are apart, the file is ours alone',
  async bench => {
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
  },
);

withFolder(kv, 'what is stored is the value at the time of the call', async bench => {
  const store = await bench.open();
  const value = bytes('before');
  const stored = store.set('a', 'k', value);
  value.fill(0);
  await stored;
  assert.is(text(await store.get('a', 'k')), 'before');
});

withFolder(kv, 'keys come in order, a hundred a page, each once', async bench => {
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

withFolder(
  kv,
  'keys, values and namespaces at their bounds are taken, beyond refused',
  async bench => {
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
  },
);

withFolder(
  kv,
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
  kv,
  'a second store on the same file is refused while the first one lives',
  async bench => {
    const first = await bench.open();
    await first.set('a', 'k', bytes('x'));
    assert.is(await codeOf(bench.open()), 'KV_IO');
    assert.is(text(await first.get('a', 'k')), 'x');
  },
);

withFolder(kv, 'a folder that is not there is an error at the opening', async bench => {
  assert.is(await codeOf(bench.open({ file: join(bench.folder, 'no', 'state.db') })), 'KV_IO');
});

withFolder(kv, 'closing finishes what waits; later calls are refused', async bench => {
  const store = await bench.open();
  const waiting = Array.from({ length: 100 }, (_, i) => store.set('a', `k${i}`, bytes('x')));
  await store.close();
  await Promise.all(waiting);
  assert.is(await codeOf(store.get('a', 'k1')), 'KV_IO');
  const again = await bench.open();
  assert.is((await again.listKeys('a', undefined)).keys.length, 100);
});

kv.run();
