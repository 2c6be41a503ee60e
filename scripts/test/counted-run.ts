/**
 * The main module of the process that runs one test file: imports the file and writes what uvu
 * really did to the file named by AIRSSYS_TEST_COUNTS.
 *
 * Counts come from the runs that suites put into uvu's queue, not from printed text, which a test
 * could print too. They are written after every suite and at exit, so that what is missing says how
 * far a file came.
 */
import { writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import type { SuiteCounts } from './counts.ts';

/** uvu's own: error text or true, passed, skipped, total. */
type SuiteRun = () => Promise<[string | true, number, number, number]>;

const countsPath = process.env.AIRSSYS_TEST_COUNTS;
const testPath = process.argv[2];
if (countsPath === undefined || testPath === undefined) {
  throw new Error('usage: AIRSSYS_TEST_COUNTS=FILE node counted-run.ts TEST_FILE');
}
// Processes that a test starts must not write over the counts.
delete process.env.AIRSSYS_TEST_COUNTS;
process.argv.splice(1, 1);

const counts: SuiteCounts = { queued: 0, finished: 0, passed: 0, skipped: 0, total: 0 };
const save = (): void => writeFileSync(countsPath, JSON.stringify(counts));

Object.assign(globalThis, { UVU_QUEUE: countingQueue() });
process.on('exit', save);
await import(pathToFileURL(testPath).href);

function countingQueue(): unknown[] {
  const queue: unknown[] = [];
  queue.push = (...groups: unknown[]): number => {
    for (const group of groups) {
      if (Array.isArray(group)) countGroup(group);
      queue[queue.length] = group;
    }
    return queue.length;
  };
  return queue;
}

function countGroup(group: unknown[]): void {
  group.push = (...runs: unknown[]): number => {
    for (const run of runs) {
      counts.queued += 1;
      group[group.length] = typeof run === 'function' ? counted(run as SuiteRun) : run;
    }
    return group.length;
  };
}

function counted(run: SuiteRun): SuiteRun {
  return async () => {
    const result = await run();
    const [, passed, skipped, total] = result;
    counts.finished += 1;
    counts.passed += passed;
    counts.skipped += skipped;
    counts.total += total;
    save();
    return result;
  };
}
