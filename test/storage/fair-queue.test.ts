import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { FairQueue } from '../../runtime/storage/fair-queue.ts';

const queue = suite('storage/fair-queue');

const LIMITS = {
  namespacesMax: 3,
  operationsMax: 5,
  bytesMax: 100,
  batchOperationsMax: 4,
  batchBytesMax: 50,
};

function filled(...items: [namespace: string, item: string, bytes: number][]) {
  const fair = new FairQueue<string>(LIMITS);
  for (const [namespace, item, bytes] of items) assert.ok(fair.push(namespace, item, bytes));
  return fair;
}

queue('namespaces take turns, each in its own order', () => {
  const fair = filled(
    ['a', 'a1', 1],
    ['a', 'a2', 1],
    ['a', 'a3', 1],
    ['b', 'b1', 1],
    ['c', 'c1', 1],
  );
  assert.equal(fair.takeBatch(), ['a1', 'b1', 'c1', 'a2']);
  assert.equal(fair.takeBatch(), ['a3']);
  assert.equal(fair.takeBatch(), []);
  assert.is(fair.count, 0);
});

queue('a lane is bounded by operations and by bytes, and no lane hurts another', () => {
  const fair = filled(
    ...Array.from({ length: 5 }, (_, i): [string, string, number] => ['a', `${i}`, 1]),
  );
  assert.is(fair.push('a', 'x', 1), false);
  assert.is(fair.push('b', 'x', 100), true);
  assert.is(fair.push('b', 'y', 1), false);
  assert.is(fair.push('c', 'x', 101), false);
});

queue('the table of lanes is bounded, and emptied lanes make room', () => {
  const fair = filled(['a', 'a1', 1], ['b', 'b1', 1], ['c', 'c1', 1]);
  assert.is(fair.push('d', 'd1', 1), false);
  fair.takeBatch();
  assert.is(fair.push('d', 'd1', 1), true);
});

queue('a batch keeps to its bytes, and an operation larger than that goes alone', () => {
  const fair = filled(['a', 'a1', 30], ['b', 'b1', 30], ['c', 'c1', 60]);
  assert.equal(fair.takeBatch(), ['a1']);
  assert.equal(fair.takeBatch(), ['b1']);
  assert.equal(fair.takeBatch(), ['c1']);
});

queue('takeAll empties everything', () => {
  const fair = filled(['a', 'a1', 30], ['b', 'b1', 30]);
  assert.equal(fair.takeAll().sort(), ['a1', 'b1']);
  assert.is(fair.count, 0);
  assert.equal(fair.takeBatch(), []);
});

queue.run();
