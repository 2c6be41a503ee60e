/**
 * `npm run test:differential -- [--budget SECONDS] [--values N] [--seed N]`: random values of
 * random types through the linker and through jco, until so many values went through both, or the
 * time is over. Ends with `N passed, N failed, N skipped`, where each value counts once; fails on
 * any difference, and when it ran out of time before the number was reached says so.
 */
import { parseArgs } from 'node:util';
import { formatTotals } from '../../scripts/test/verdict.ts';
import { seededRandom } from '../linker/seeded-random.ts';
import { runRound } from './round.ts';

const VALUES_DEFAULT = 100_000;
const DIFFERENCES_SHOWN_MAX = 10;
const ROUND = { types: 24, valuesPerType: 400, depth: 4 } as const;
const SEEDS = 2 ** 31;

const { values: options } = parseArgs({
  options: {
    budget: { type: 'string' },
    values: { type: 'string', default: String(VALUES_DEFAULT) },
    seed: { type: 'string', default: String(Date.now() % SEEDS) },
  },
});
process.exitCode = await main(
  Number(options.seed),
  Number(options.values),
  options.budget === undefined ? Number.POSITIVE_INFINITY : Number(options.budget) * 1_000,
);

async function main(seed: number, wanted: number, budgetMs: number): Promise<number> {
  process.stdout.write(`seed ${seed}\n`);
  const random = seededRandom(seed);
  const startedMs = performance.now();
  let values = 0;
  let rounds = 0;
  let failed = 0;
  const goesOn = (): boolean => performance.now() - startedMs < budgetMs;
  while (values < wanted && goesOn()) {
    const result = await runRound(random, { ...ROUND, goesOn });
    rounds += 1;
    values += result.values;
    for (const words of result.differences) {
      failed += 1;
      if (failed <= DIFFERENCES_SHOWN_MAX)
        process.stdout.write(`DIFFERENT (round ${rounds}) ${words}\n`);
    }
  }
  const seconds = (performance.now() - startedMs) / 1_000;
  const early = values < wanted ? `, of ${wanted} before the time was over` : '';
  process.stdout.write(
    `${values} values of ${rounds * ROUND.types} types in ${seconds.toFixed(0)} s${early}\n`,
  );
  process.stdout.write(`${formatTotals({ passed: values - failed, failed, skipped: 0 })}\n`);
  return failed === 0 && values > 0 ? 0 : 1;
}
