import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { backoffMs } from '../../runtime/base/backoff.ts';

const backoff = suite('base/backoff');
const SETTINGS = { minMs: 100, maxMs: 1_000 };

backoff('the wait doubles up to its maximum, however often', () => {
  const waits = [1, 2, 3, 4, 5, 6, 10_000].map(attempt => backoffMs(SETTINGS, attempt, 1));
  assert.equal(waits, [100, 200, 400, 800, 1_000, 1_000, 1_000]);
});

backoff('chance moves the upper half only', () => {
  assert.is(backoffMs(SETTINGS, 2, 0), 100);
  assert.is(backoffMs(SETTINGS, 2, 0.5), 150);
});

backoff.run();
