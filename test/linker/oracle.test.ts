import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { runRound } from '../differential/round.ts';
import { seededRandom } from './seeded-random.ts';
import { seedOf } from './support.ts';

const test = suite('linker: the same answers as jco');

// A few here; `npm run test:differential` sends many.
test('random values of random types pass both ways alike', async () => {
  const size = { types: 16, valuesPerType: 12, depth: 3 };
  const { values, differences } = await runRound(seededRandom(seedOf(7)), size);
  assert.equal(differences, []);
  assert.is(values, size.types * size.valuesPerType);
});

test.run();
