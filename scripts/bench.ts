/**
 * `npm run bench [-- --json FILE --only NAME --compare FILE --seed N]`: runs all of
 * `test/bench/*.bench.ts`, each module in its own process, one after the other, so that all figures
 * come from one machine in one state. Prints machine and seed; a full run fails when an expected
 * benchmark is not there, any run when a ratio is worse than in the file it is compared with.
 */
import { fork } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, machine, release, totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { BenchContext } from '../test/bench/measure.ts';
import { processTree } from '../test/bench/process-facts.ts';
import { compareRuns, parseDocument, TOLERANCE_DEFAULT } from './bench/compare.ts';
import { processorShare } from './bench/processor-share.ts';
import {
  formatResult,
  missingNames,
  parseResult,
  type RawResult,
  type Result,
  withRatios,
} from './bench/results.ts';

const ROOT = resolve(import.meta.dirname, '..');
const FOLDER = join(ROOT, 'test', 'bench');
const RUN_MODULE = join(import.meta.dirname, 'bench', 'run-module.ts');
const MODULE_MS_MAX = 900_000;
const USAGE = `Usage: npm run bench -- [options]
  --json FILE  write the results, schema airssys.bench/1
  --compare FILE  hold the ratios against those of an earlier --json; exit 1 when some are worse
  --tolerance PART  by which part a ratio may be worse (default ${TOLERANCE_DEFAULT})
  --only NAME  this benchmark, or all whose name begins so (may be repeated)
  --seed N     seed of payloads and orders (default: drawn, and printed)
  --runs N     runs of which the median is taken (default 5)
  --run-ms N   how long one run lasts (default 500)`;

process.exitCode = await main();

async function main(): Promise<number> {
  const options = readOptions();
  if (options === null) return 2;
  const { context, only, json, earlier, tolerance } = options;
  const about = describeMachine();
  say(
    `machine: ${Object.entries(about)
      .map(([key, value]) => `${key} ${value}`)
      .join(', ')}`,
  );
  say(`seed: ${context.seed}`);

  const raw: RawResult[] = [];
  let failed = 0;
  const shares: number[] = [];
  for (const file of readdirSync(FOLDER)
    .filter(name => name.endsWith('.bench.ts'))
    .sort()) {
    if (only.length === 0 || shares.length === 0) shares.push(processorShare());
    const ok = await runModule(join(FOLDER, file), context, only, result => raw.push(result));
    if (!ok) failed += 1;
    if (!ok) say(`FAILED ${file}`);
  }
  const results = withRatios(raw);
  for (const result of results) say(formatResult(result));
  const share = Math.min(...shares);
  say(`processor: ${Math.round(share * 100)} % of its best speed, at the worst between modules`);
  if (json !== undefined) {
    const machine = { ...about, processorShare: Number(share.toFixed(2)) };
    const document = { schema: 'airssys.bench/1', machine, seed: context.seed, results };
    writeFileSync(json, `${JSON.stringify(document, null, 2)}\n`);
  }
  const missing = only.length === 0 ? missingNames(results) : [];
  if (missing.length > 0) say(`not measured: ${missing.join(', ')}`);
  if (results.length === 0) say('no benchmark has that name');
  const holds = earlier === null || holdsAgainst(earlier, results, tolerance);
  return failed === 0 && missing.length === 0 && results.length > 0 && holds ? 0 : 1;
}

/** Says which ratios are worse than they were; false when some are, or none could be compared. */
function holdsAgainst(
  earlier: readonly Result[],
  results: readonly Result[],
  tolerance: number,
): boolean {
  const { compared, regressions, lost } = compareRuns(earlier, results, tolerance);
  for (const { key, before, now } of regressions) {
    say(`REGRESSION ${key}: ${before.toPrecision(3)} before, ${now.toPrecision(3)} now`);
  }
  for (const key of lost) say(`LOST ${key}: the earlier run has this ratio, this one has not`);
  say(`compared: ${compared.length} ratios, ${regressions.length} worse, ${lost.length} lost`);
  return compared.length > 0 && regressions.length + lost.length === 0;
}

async function runModule(
  path: string,
  context: BenchContext,
  only: readonly string[],
  take: (result: RawResult) => void,
): Promise<boolean> {
  const args = [path, JSON.stringify(context), ...only];
  const execArgv = ['--disable-warning=ExperimentalWarning'];
  const child = fork(RUN_MODULE, args, { cwd: ROOT, execArgv });
  // A module may have started gateways, in groups of their own; they end with it.
  const end = () => killTree(child.pid);
  const timer = setTimeout(end, MODULE_MS_MAX);
  const stop = () => {
    end();
    process.exit(1);
  };
  process.on('SIGINT', stop).on('SIGTERM', stop);
  child.on('message', message => {
    const result = parseResult(message);
    if (result === null) return;
    say(`  ${result.name}`);
    take(result);
  });
  const { promise, resolve: ended } = Promise.withResolvers<number | null>();
  child.once('exit', ended);
  const code = await promise;
  clearTimeout(timer);
  process.off('SIGINT', stop).off('SIGTERM', stop);
  return code === 0;
}

function killTree(pid: number | undefined): void {
  if (pid === undefined) return;
  for (const each of processTree(pid)) {
    try {
      process.kill(each, 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
  }
}

function describeMachine(): Record<string, string | number> {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    arch: machine(),
    cores: availableParallelism(),
    memoryMiB: Math.round(totalmem() / 1024 / 1024),
    kernel: release(),
    node: process.versions.node,
  };
}

interface Options {
  readonly context: BenchContext;
  readonly only: string[];
  readonly json: string | undefined;
  /** Results of an earlier run, or null. */
  readonly earlier: readonly Result[] | null;
  readonly tolerance: number;
}

function readOptions(): Options | null {
  try {
    const { values } = parseArgs({
      options: {
        json: { type: 'string' },
        compare: { type: 'string' },
        tolerance: { type: 'string', default: String(TOLERANCE_DEFAULT) },
        only: { type: 'string', multiple: true, default: [] },
        seed: { type: 'string', default: String(Math.floor(Math.random() * 0x7fff_ffff)) },
        runs: { type: 'string', default: '5' },
        'run-ms': { type: 'string', default: '500' },
      },
    });
    const seed = whole('seed', values.seed, 0);
    const runs = whole('runs', values.runs, 1);
    const runMs = whole('run-ms', values['run-ms'], 1);
    const tolerance = Number(values.tolerance);
    if (!(tolerance > 0 && tolerance < 1)) throw new Error('--tolerance must be between 0 and 1');
    const { compare, only, json } = values;
    // Read before anything is measured: a wrong name must not cost a quarter of an hour.
    const earlier = compare === undefined ? null : parseDocument(readFileSync(compare, 'utf8'));
    return { context: { seed, runs, runMs }, only, json, earlier, tolerance };
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n${USAGE}\n`);
    return null;
  }
}

function whole(name: string, text: string, min: number): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < min) {
    throw new Error(`--${name} must be a whole number from ${min} on, not "${text}"`);
  }
  return value;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
