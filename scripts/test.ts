/**
 * `npm test [-- options] [filters]`: runs every test file in its own process, with a time limit,
 * and fails unless each file passed all of more than zero tests.
 *
 * The last line is `N passed, N failed, N skipped`. Skipped counts tests, and one for each file
 * that was not run. With `CI=true` nothing may be skipped.
 */
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type FileRun, runTestFile, stopRunningFiles } from './test/file-process.ts';
import { installHint, missingTools, neededTools, searchPath } from './test/tools.ts';
import { formatTotals, judge, type Totals, type Verdict } from './test/verdict.ts';

const ROOT = resolve(import.meta.dirname, '..');
const JOBS_DEFAULT = Math.min(2, availableParallelism());
const LIMIT_SECONDS_DEFAULT = 120;
const USAGE = `Usage: npm test -- [options] [file or part of a path]...
  --jobs N          files at once (default ${JOBS_DEFAULT})
  --limit SECONDS   time one file may take (default ${LIMIT_SECONDS_DEFAULT})
  --budget SECONDS  start no file after this time; what did not run is listed
  --retries N       run a failed file up to N times more (default 0); one that passes then is
                    listed as FLAKY, with what it printed when it failed
  --list            print the files that would run`;

interface Options {
  readonly filters: readonly string[];
  readonly jobs: number;
  readonly limitMs: number;
  readonly budgetMs: number;
  readonly retries: number;
  readonly list: boolean;
  readonly ci: boolean;
}

interface RunState {
  readonly verdicts: Verdict[];
  readonly notStarted: string[];
  /** Files that failed at first and passed later, and why they failed. */
  readonly flaky: { readonly file: string; readonly reason: string }[];
}

process.exitCode = await main();

async function main(): Promise<number> {
  const options = readOptions();
  if (options === null) return 2;
  const files = selectFiles(options.filters);
  if (options.list) {
    for (const file of files) say(file);
    return 0;
  }
  if (files.length === 0) say('no test file matches');

  const folder = mkdtempSync(join(tmpdir(), 'airssys-test-'));
  const interrupt = (): void => {
    stopRunningFiles();
    rmSync(folder, { recursive: true, force: true });
    process.exit(130);
  };
  process.once('SIGINT', interrupt);
  process.once('SIGTERM', interrupt);
  try {
    const state = await runAll(files, options, folder);
    return report(state, options);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function runAll(files: string[], options: Options, folder: string): Promise<RunState> {
  const startedAt = performance.now();
  const queue = [...files];
  const state: RunState = { verdicts: [], notStarted: [], flaky: [] };
  const worker = async (): Promise<void> => {
    for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
      if (performance.now() - startedAt > options.budgetMs) {
        state.notStarted.push(file);
        continue;
      }
      state.verdicts.push(await runWithRetries(file, options, folder, state));
    }
  };
  await Promise.all(Array.from({ length: options.jobs }, worker));
  return state;
}

/** Every attempt is told; what a passing one hides stays in the list of the flaky. */
async function runWithRetries(
  file: string,
  options: Options,
  folder: string,
  { flaky }: RunState,
): Promise<Verdict> {
  let firstReason: string | null = null;
  for (let left = options.retries; ; left -= 1) {
    const verdict = await runOne(file, options, folder);
    announce(verdict);
    if (verdict.ok && firstReason !== null) flaky.push({ file, reason: firstReason });
    if (verdict.ok || left <= 0) return verdict;
    firstReason ??= verdict.reason;
    say(`AGAIN ${file}`);
  }
}

async function runOne(file: string, options: Options, folder: string): Promise<Verdict> {
  const missing = missingTools(neededTools(file), searchPath());
  if (missing.length > 0) {
    const reason = `needs ${missing.map(tool => `${tool} (${installHint(tool)})`).join(', ')}`;
    const totals = options.ci
      ? { passed: 0, failed: 1, skipped: 0 }
      : { passed: 0, failed: 0, skipped: 1 };
    return { file, ok: !options.ci, reason, totals, output: '', durationMs: 0 };
  }
  const run: FileRun = await runTestFile({
    path: resolve(ROOT, file),
    root: ROOT,
    folder,
    limitMs: options.limitMs,
    searchPath: searchPath(),
  });
  return judge(file, run);
}

function announce(verdict: Verdict): void {
  const { file, ok, reason, totals, durationMs } = verdict;
  const seconds = `${(durationMs / 1000).toFixed(1)} s`;
  if (!ok) {
    if (verdict.output !== '') say(`----- output of ${file}\n${verdict.output}\n-----`);
    say(`FAIL  ${file}: ${reason}`);
  } else if (totals.passed === 0) {
    say(`SKIP  ${file}: ${reason}`);
  } else {
    const skipped = totals.skipped > 0 ? `, ${totals.skipped} SKIPPED` : '';
    say(`ok    ${file}  ${totals.passed}${skipped}  ${seconds}`);
  }
}

function report(state: RunState, options: Options): number {
  const totals: Totals = { passed: 0, failed: 0, skipped: state.notStarted.length };
  for (const verdict of state.verdicts) {
    totals.passed += verdict.totals.passed;
    totals.failed += verdict.totals.failed;
    totals.skipped += verdict.totals.skipped;
  }
  const notOk = state.verdicts.filter(verdict => !verdict.ok);
  const skipped = state.verdicts.filter(verdict => verdict.ok && verdict.totals.skipped > 0);
  if (state.notStarted.length > 0) {
    say(`\nNOT RUN, the budget of ${options.budgetMs / 1000} s was used up:`);
    for (const file of state.notStarted) say(`  ${file}`);
  }
  list('SKIPPED', skipped);
  list('FLAKY, failed at first and passed when run again', state.flaky);
  list('FAILED', notOk);
  const incomplete = options.ci && totals.skipped > 0;
  if (incomplete) say('\nCI=true: nothing may be skipped, so this run failed.');
  say(formatTotals(totals));
  return notOk.length === 0 && totals.passed > 0 && !incomplete ? 0 : 1;
}

function list(title: string, files: readonly { file: string; reason: string }[]): void {
  if (files.length > 0) say(`\n${title}:`);
  for (const { file, reason } of files) say(`  ${file}: ${reason}`);
}

function selectFiles(filters: readonly string[]): string[] {
  const explicit = filters.filter(filter => filter.endsWith('.ts') && existsSync(filter));
  const parts = filters.filter(filter => !explicit.includes(filter));
  const found = readdirSync(join(ROOT, 'test'), { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.test.ts'))
    .map(name => `test/${name}`)
    .sort();
  const matching =
    filters.length === 0 ? found : found.filter(file => parts.some(part => file.includes(part)));
  const paths = explicit.map(path => relative(ROOT, resolve(path)));
  return [...new Set([...paths, ...matching])];
}

function readOptions(): Options | null {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        jobs: { type: 'string', default: String(JOBS_DEFAULT) },
        limit: { type: 'string', default: String(LIMIT_SECONDS_DEFAULT) },
        budget: { type: 'string' },
        retries: { type: 'string', default: '0' },
        list: { type: 'boolean', default: false },
      },
    });
    return {
      filters: positionals,
      jobs: positive('jobs', values.jobs),
      limitMs: positive('limit', values.limit) * 1000,
      budgetMs: values.budget === undefined ? Infinity : positive('budget', values.budget) * 1000,
      retries: count('retries', values.retries),
      list: values.list,
      ci: process.env.CI === 'true',
    };
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n${USAGE}\n`);
    return null;
  }
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new Error(`--${name} must be a number above zero, not "${text}"`);
  return value;
}

function count(name: string, text: string): number {
  if (!/^\d{1,2}$/.test(text)) throw new Error(`--${name} must be a count up to 99, not "${text}"`);
  return Number(text);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
