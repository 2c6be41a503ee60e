import { parentPort, workerData } from 'node:worker_threads';
import * as v from 'valibot';
import { errorMessage } from '../../runtime/base/errors.ts';
import { seededRandom } from '../linker/seeded-random.ts';
import { componentTarget } from './component-target.ts';
import { frameTarget } from './frame-target.ts';
import { AT, PHASE } from './progress.ts';
import { mutantSeed, type Target } from './target.ts';

const taskSchema = v.object({
  target: v.picklist(['components', 'frames']),
  seed: v.number(),
  from: v.number(),
  to: v.number(),
  progress: v.instance(SharedArrayBuffer),
  seeds: v.object({
    usual: v.array(v.instance(Uint8Array)),
    slow: v.array(v.instance(Uint8Array)),
  }),
});

/** What a thread reports before guest code runs, and at its end. */
export interface ThreadReport {
  readonly outcomes: readonly (readonly [outcome: string, count: number])[];
  readonly defects: readonly { readonly number: number; readonly words: string }[];
}

const task = v.parse(taskSchema, workerData);
const progress = new BigInt64Array(task.progress);
const target: Target = task.target === 'components' ? componentTarget(task.seeds) : frameTarget();
let outcomes = new Map<string, number>();
let defects: { number: number; words: string }[] = [];

for (let number = task.from; number < task.to; number += 1) {
  const random = seededRandom(mutantSeed(task.seed, number));
  Atomics.store(progress, AT.phase, PHASE.making);
  Atomics.store(progress, AT.number, BigInt(number));
  const mutant = target.mutant(random);
  Atomics.store(progress, AT.phase, PHASE.taking);
  try {
    const outcome = target.take(mutant, random, () => {
      // It may never come back.
      report();
      Atomics.store(progress, AT.phase, PHASE.running);
    });
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  } catch (error) {
    defects.push({ number, words: errorMessage(error) });
  }
}
report();

function report(): void {
  const message: ThreadReport = { outcomes: [...outcomes], defects };
  parentPort?.postMessage(message);
  outcomes = new Map();
  defects = [];
}
