import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { formatTotals, readTotals } from '../../scripts/test/verdict.ts';

const test = suite('house: the last line of a run');

test('it reads back as it was written', () => {
  const totals = { passed: 12, failed: 3, skipped: 0 };
  assert.equal(readTotals(`ok  a\n${formatTotals(totals)}\n`), totals);
});

test('a run that was cut off has none', () => {
  assert.is(readTotals(''), null);
  assert.is(readTotals('1 passed, 0 failed, 0 skipped\nand then it broke\n'), null);
});

test.run();
