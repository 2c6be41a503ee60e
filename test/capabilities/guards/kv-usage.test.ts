import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { KvUsage } from '../../../capabilities/guards/index.ts';

const test = suite('guards: how much of a namespace is used');

const BOUNDS = { keys: '*', quotaBytes: 100, keysMax: 10 };

/** A store whose sizes are read when the test says so. */
function store() {
  const sizes = new Map<string, number>();
  const reads: PromiseWithResolvers<void>[] = [];
  const usage = new KvUsage(async () => {
    const read = Promise.withResolvers<void>();
    reads.push(read);
    const found = new Map(sizes);
    await read.promise;
    return found;
  });
  const finish = (index: number) => reads[index]?.resolve();
  return { usage, sizes, reads, finish };
}

test('a store that was replaced takes no room any more', async () => {
  const { usage, sizes, finish } = store();
  sizes.set('old', 90);
  const first = usage.load('state');
  finish(0);
  await first;
  assert.is(usage.hold('state', 'new', 50, BOUNDS), 'quota');
  sizes.clear();
  usage.forget();
  const second = usage.load('state');
  finish(1);
  await second;
  assert.is.not(usage.hold('state', 'new', 50, BOUNDS), 'quota');
});

test('what was being read when it was replaced is read again, by all who wait', async () => {
  const { usage, sizes, reads, finish } = store();
  sizes.set('old', 90);
  const waiting = [usage.load('state'), usage.load('state')];
  sizes.clear();
  usage.forget();
  finish(0);
  await new Promise(resolve => setImmediate(resolve));
  finish(1);
  await Promise.all(waiting);
  assert.is(reads.length, 2, 'read once for both, and once more');
  assert.is.not(usage.hold('state', 'new', 50, BOUNDS), 'quota');
});

test('a store that cannot be read is asked again', async () => {
  let fails = true;
  const usage = new KvUsage(async () => {
    if (fails) throw new Error('gone');
    return new Map();
  });
  await usage.load('state').then(
    () => assert.unreachable('it was read'),
    error => assert.is(error.message, 'gone'),
  );
  fails = false;
  await usage.load('state');
  assert.is.not(usage.hold('state', 'new', 50, BOUNDS), 'quota');
});

test.run();
