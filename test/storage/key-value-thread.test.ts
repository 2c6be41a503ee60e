import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import type { Worker } from 'node:worker_threads';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { asResultLater } from '../../capabilities/guards/wit-errors.ts';
import { ManualClock } from '../../drivers/simulated/manual-clock.ts';
import type { KeyValueStore } from '../../runtime/storage/key-value-store-io.ts';
import { bytes, codeOf, text, withFolder } from './store-bench.ts';

const kv = suite('storage/key-value-store: the thread ends');

const WAIT_MS = 20_000;
const WIT_ERROR = { tag: 'err', val: { tag: 'other', val: 'KV_IO: the store failed' } };

/** Threads in the order in which they were started; node tells of each. */
const threads: Worker[] = [];
const keep = (thread: Worker) => void threads.push(thread);
process.on('worker', keep);
kv.after(() => {
  process.off('worker', keep);
});

async function until(what: string, holds: () => boolean): Promise<void> {
  const endMs = performance.now() + WAIT_MS;
  while (!holds()) {
    if (performance.now() > endMs) throw new Error(`not within ${WAIT_MS} ms: ${what}`);
    await new Promise(resolve => setTimeout(resolve, 5));
  }
}

/** Ends the newest thread as a crash does. */
async function crash(store: KeyValueStore): Promise<void> {
  await threads.at(-1)?.terminate();
  await until('it is noticed', () => !store.ready());
}

withFolder(
  kv,
  'a thread that dies: calls are refused, it comes back, values survive',
  async bench => {
    const clock = new ManualClock();
    const store = await bench.open({ clock });
    await store.set('a', 'k', bytes('kept'));
    const first = threads.at(-1);
    await crash(store);
    assert.equal(await asResultLater(() => store.get('a', 'k')), WIT_ERROR);
    assert.equal(await asResultLater(() => store.set('a', 'k', bytes('lost'))), WIT_ERROR);
    clock.advance(200);
    await until('it is back', () => store.ready());
    assert.is.not(threads.at(-1), first);
    assert.is(text(await store.get('a', 'k')), 'kept');
    await store.set('a', 'k', bytes('new'));
    assert.is(text(await store.get('a', 'k')), 'new');
    const told = bench.lines.filter(line => line.includes('storage thread'));
    assert.equal(told, [
      'error the storage thread ended; starting it again',
      'info the storage thread is up again',
    ]);
  },
);

withFolder(kv, 'calls that wait when the thread dies are refused, none stays open', async bench => {
  const clock = new ManualClock();
  const store = await bench.open({ clock });
  const waiting = Array.from({ length: 200 }, (_, i) =>
    codeOf(store.set('a', `k${i}`, bytes('x'))),
  );
  await threads.at(-1)?.terminate();
  const codes = await Promise.all(waiting);
  assert.ok(codes.includes('KV_IO'));
  clock.advance(200);
  await until('it is back', () => store.ready());
  // What was confirmed is there; what was refused may be, as with any broken connection.
  for (const [index, code] of codes.entries()) {
    if (code === 'resolved') assert.is(await store.exists('a', `k${index}`), true);
  }
});

withFolder(kv, 'a thread that throws tells why, and comes back', async bench => {
  const clock = new ManualClock();
  const store = await bench.open({ clock });
  await store.set('a', 'k', bytes('kept'));
  threads.at(-1)?.postMessage({ kind: 'batch', operations: null });
  await until('it is noticed', () => !store.ready());
  assert.is(await codeOf(store.get('a', 'k')), 'KV_IO');
  assert.match(bench.lines[0] ?? '', /^error the storage thread failed: .*; starting it again$/);
  clock.advance(200);
  await until('it is back', () => store.ready());
  assert.is(text(await store.get('a', 'k')), 'kept');
});

withFolder(
  kv,
  'again and again: each time it comes back, with longer waits in a row',
  async bench => {
    const clock = new ManualClock();
    const store = await bench.open({ clock });
    await store.set('a', 'k', bytes('kept'));
    for (let round = 0; round < 3; round += 1) {
      await crash(store);
      clock.advance(199 * 2 ** round);
      assert.is(store.ready(), false);
      clock.advance(2 ** round);
      await until('it is back', () => store.ready());
    }
    // An answer shows that it is well: the next wait is a short one.
    assert.is(text(await store.get('a', 'k')), 'kept');
    await crash(store);
    clock.advance(200);
    await until('it is back', () => store.ready());
  },
);

withFolder(kv, 'a database that cannot be opened: tried for ever, told once', async bench => {
  const clock = new ManualClock();
  const file = join(bench.folder, 'state.db');
  const store = await bench.open({ clock });
  await store.set('a', 'k', bytes('kept'));
  await crash(store);
  bench.lines.length = 0;
  // Its place is taken by a folder, so that neither opening nor moving aside can work.
  for (const suffix of ['', '-wal', '-shm']) rmSync(file + suffix, { force: true });
  mkdirSync(file);
  writeFileSync(join(file, 'in the way'), '');
  const before = threads.length;
  await until('it was tried several times', () => {
    clock.advance(10_000);
    return threads.length >= before + 3;
  });
  assert.is(await codeOf(store.get('a', 'k')), 'KV_IO');
  const told = bench.lines.filter(line => line.startsWith('error'));
  assert.is(told.length, 1, told.join('\n'));
  rmSync(file, { recursive: true });
  await until('it is back', () => {
    clock.advance(10_000);
    return store.ready();
  });
  assert.is(await codeOf(store.set('a', 'k', bytes('anew'))), 'resolved');
});

withFolder(kv, 'closed while it is away or on its way: no thread stays behind', async bench => {
  const clock = new ManualClock();
  const away = await bench.open({ clock });
  await away.set('a', 'k', bytes('kept'));
  await crash(away);
  await away.close();
  clock.advance(60_000);
  const onItsWay = await bench.open({ clock });
  await crash(onItsWay);
  const before = threads.length;
  clock.advance(200);
  await until('a new one is started', () => threads.length > before);
  await onItsWay.close();
  assert.is(threads.at(-1)?.threadId, -1, 'the thread has ended');
  const third = await bench.open();
  assert.is(text(await third.get('a', 'k')), 'kept');
});

kv.run();
