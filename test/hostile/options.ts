import { parseArgs } from 'node:util';

/** How the suite is run. */
export interface SuiteOptions {
  readonly seed: number;
  /** No kind is begun after this time. */
  readonly budgetMs: number;
  /** Names, or parts of names or sections; everything where none is given. */
  readonly only: readonly string[];
  readonly list: boolean;
}

/** What is printed when the options are wrong. */
export const USAGE = `Usage: npm run test:hostile -- [options] [part of a name or section]...
  --budget SECONDS  begin no kind after this time; what did not run is listed
  --seed N          order of the kinds, and which culprits are restarted or quarantined
  --list            print the kinds`;

/** Reads the options. @throws Error in words for the one who typed them */
export function readOptions(args: readonly string[]): SuiteOptions {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      seed: { type: 'string', default: '1' },
      budget: { type: 'string' },
      list: { type: 'boolean', default: false },
    },
  });
  const budgetS = values.budget === undefined ? Number.POSITIVE_INFINITY : Number(values.budget);
  const seed = Number(values.seed);
  if (!(budgetS > 0)) throw new Error(`--budget ${values.budget} is no number of seconds`);
  if (!Number.isSafeInteger(seed)) throw new Error(`--seed ${values.seed} is no whole number`);
  return { seed, budgetMs: budgetS * 1_000, only: positionals, list: values.list };
}
