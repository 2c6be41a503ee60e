import { parseArgs } from 'node:util';

const TARGETS = ['frames', 'components'] as const;
const COUNT_DEFAULT = 20_000;

/** How mutants are made and taken. */
export interface FuzzOptions {
  readonly targets: readonly (typeof TARGETS)[number][];
  readonly seed: number;
  /** Mutants of each target. */
  readonly count: number;
  /** Only this mutant, or null for all. */
  readonly only: number | null;
  readonly budgetMs: number;
}

/** What is printed when the options are wrong. */
export const USAGE = `Usage: npm run test:fuzz -- [options]
  --target NAME      ${TARGETS.join(' or ')}; both where none is given
  --seed N           which mutants; 1 unless given
  --count N          mutants of each target; ${COUNT_DEFAULT} unless given
  --seconds SECONDS  as many mutants as fit into this time
  --budget SECONDS   end after this time, with what was done until then
  --only N           only the mutant of this number`;

/** Reads the options. @throws Error in words for the one who typed them */
export function readOptions(args: readonly string[]): FuzzOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      target: { type: 'string' },
      seed: { type: 'string', default: '1' },
      count: { type: 'string' },
      seconds: { type: 'string' },
      budget: { type: 'string' },
      only: { type: 'string' },
    },
  });
  const targets = TARGETS.filter(name => values.target === undefined || values.target === name);
  if (targets.length === 0) throw new Error(`--target ${values.target} is none`);
  const only = values.only === undefined ? null : whole('only', values.only);
  if (only !== null && targets.length > 1) throw new Error('--only needs a --target');
  const timed = values.seconds ?? values.budget;
  return {
    targets,
    only,
    seed: whole('seed', values.seed),
    count: countOf(values.count, values.seconds),
    budgetMs: timed === undefined ? Number.POSITIVE_INFINITY : whole('seconds', timed) * 1_000,
  };
}

function countOf(count: string | undefined, seconds: string | undefined): number {
  if (count !== undefined) return whole('count', count);
  return seconds === undefined ? COUNT_DEFAULT : Number.MAX_SAFE_INTEGER;
}

function whole(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new Error(`--${name} ${text} is no whole number`);
  }
  return value;
}
