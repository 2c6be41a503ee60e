/**
 * `npm run test:fuzz`: mutants of components through stage, compilation, activation and calls, and
 * mutants of frames through every reader. Only what a reader may throw comes out of it, staging
 * ends in little time, and memory stays bounded.
 *
 * The mutants run in a thread of their own. Guest code may loop for ever, and then the thread is
 * ended, as gatewayd would, and another one goes on with the next mutant.
 */
import process from 'node:process';
import { Worker } from 'node:worker_threads';
import { errorMessage } from '../../runtime/base/errors.ts';
import { formatTotals } from '../../scripts/test/verdict.ts';
import type { ThreadReport } from './fuzz-thread.ts';
import { type FuzzOptions, readOptions, USAGE } from './options.ts';
import { AT, PHASE, PROGRESS_BYTES } from './progress.ts';
import { type Seeds, seedComponents } from './seed-components.ts';

const LOOK_MS = 100;
/** Processor time after which guest code is taken for one that loops. */
const RUNNING_MS_MAX = 250;
/** Processor time that making or staging a mutant may take. */
const TAKING_MS_MAX = 10_000;
const RSS_BYTES_MAX = 1_500 * 1024 * 1024;
const DEFECTS_SHOWN_MAX = 20;
const US_PER_MS = 1_000;

type TargetName = 'components' | 'frames';

class FuzzRun {
  readonly outcomes = new Map<string, number>();
  readonly defects: { readonly number: number; readonly words: string }[] = [];
  readonly #options: FuzzOptions;
  readonly #target: TargetName;
  readonly #endsAtMs: number;
  readonly #seeds: Seeds;
  #next: number;

  constructor(target: TargetName, seeds: Seeds, options: FuzzOptions, endsAtMs: number) {
    this.#seeds = seeds;
    this.#target = target;
    this.#options = options;
    this.#endsAtMs = endsAtMs;
    this.#next = options.only ?? 0;
  }

  /** Mutants that were taken. */
  get count(): number {
    return [...this.outcomes.values()].reduce((sum, each) => sum + each, this.defects.length);
  }

  /** Runs threads, one after the other, until all mutants are taken or the time is over. */
  async run(): Promise<void> {
    const { only, count } = this.#options;
    const to = only === null ? count : only + 1;
    while (this.#next < to && performance.now() < this.#endsAtMs) await this.#thread(to);
  }

  async #thread(to: number): Promise<void> {
    const progress = new SharedArrayBuffer(PROGRESS_BYTES);
    const numbers = new BigInt64Array(progress);
    Atomics.store(numbers, AT.number, BigInt(this.#next));
    const { seed } = this.#options;
    const worker = new Worker(new URL('./fuzz-thread.ts', import.meta.url), {
      workerData: {
        target: this.#target,
        seeds: this.#seeds,
        seed,
        from: this.#next,
        to,
        progress,
      },
    });
    worker.on('message', (report: ThreadReport) => this.#take(report));
    const ended = new Promise<Error | null>(resolve => {
      worker.once('error', resolve);
      worker.once('exit', () => resolve(null));
    });
    const watch = new ThreadWatch(worker, numbers, this.#endsAtMs);
    const error = await ended;
    const verdict = await watch.stop();
    const at = Number(Atomics.load(numbers, AT.number));
    if (error !== null) this.#defect(at, `the thread ended: ${errorMessage(error)}`);
    else if (verdict === 'loops') this.#count('loops');
    else if (verdict === 'stuck') this.#defect(at, `not taken within ${TAKING_MS_MAX} ms`);
    else if (verdict === 'memory') this.#defect(at, `over ${RSS_BYTES_MAX} bytes of memory`);
    this.#next = verdict === null && error === null ? to : at + 1;
  }

  #take({ outcomes, defects }: ThreadReport): void {
    for (const [outcome, count] of outcomes) this.#count(outcome, count);
    for (const { number, words } of defects) this.#defect(number, words);
  }

  #count(outcome: string, count = 1): void {
    this.outcomes.set(outcome, (this.outcomes.get(outcome) ?? 0) + count);
  }

  #defect(number: number, words: string): void {
    this.defects.push({ number, words });
    if (this.defects.length > DEFECTS_SHOWN_MAX) return;
    const again = `npm run test:fuzz -- --target ${this.#target} --seed ${this.#options.seed}`;
    say(`DEFECT ${this.#target} mutant ${number}: ${words}\n  again: ${again} --only ${number}`);
  }
}

/** Why a thread was ended by its watch. */
type Verdict = 'loops' | 'stuck' | 'memory' | 'over' | null;

/** Looks at a thread: one mutant must not take more than its share of the processor. */
class ThreadWatch {
  readonly #worker: Worker;
  readonly #numbers: BigInt64Array;
  readonly #endsAtMs: number;
  readonly #looking: Promise<void>;
  #verdict: Verdict = null;
  #stopped = false;

  constructor(worker: Worker, numbers: BigInt64Array, endsAtMs: number) {
    this.#worker = worker;
    this.#numbers = numbers;
    this.#endsAtMs = endsAtMs;
    this.#looking = this.#look();
  }

  async stop(): Promise<Verdict> {
    this.#stopped = true;
    await this.#looking;
    return this.#verdict;
  }

  async #look(): Promise<void> {
    let seen = { at: '', sinceMs: await this.#usedMs() };
    while (!this.#stopped && this.#verdict === null) {
      await new Promise(resolve => setTimeout(resolve, LOOK_MS));
      const phase = Atomics.load(this.#numbers, AT.phase);
      const at = `${Atomics.load(this.#numbers, AT.number)} ${phase}`;
      const usedMs = await this.#usedMs();
      if (at !== seen.at) seen = { at, sinceMs: usedMs };
      const isRunning = phase === PHASE.running;
      const spentMs = usedMs - seen.sinceMs;
      if (isRunning && spentMs > RUNNING_MS_MAX) this.#verdict = 'loops';
      else if (spentMs > TAKING_MS_MAX) this.#verdict = 'stuck';
      else if (process.memoryUsage.rss() > RSS_BYTES_MAX) this.#verdict = 'memory';
      else if (performance.now() > this.#endsAtMs) this.#verdict = 'over';
    }
    await this.#worker.terminate();
  }

  /** Processor time of the thread; of one that has ended, none. */
  async #usedMs(): Promise<number> {
    const { user, system } = await this.#worker.cpuUsage().catch(() => ({ user: 0, system: 0 }));
    return (user + system) / US_PER_MS;
  }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function main(options: FuzzOptions): Promise<void> {
  say(`seed ${options.seed}`);
  const startedMs = performance.now();
  // Made once: a thread that was ended has a successor, which must not wait for them.
  const seeds = await seedComponents();
  const totals = { passed: 0, failed: 0, skipped: 0 };
  for (const [at, target] of options.targets.entries()) {
    // What one target leaves of the time, the next one has.
    const leftMs = options.budgetMs - (performance.now() - startedMs);
    const run = new FuzzRun(
      target,
      seeds,
      options,
      performance.now() + leftMs / (options.targets.length - at),
    );
    const beganMs = performance.now();
    const began = process.cpuUsage();
    await run.run();
    const seconds = (performance.now() - beganMs) / 1_000;
    const { user, system } = process.cpuUsage(began);
    const each = (user + system) / Math.max(1, run.count);
    say(
      `${target}: ${run.count} mutants in ${seconds.toFixed(1)} s, ` +
        `${(run.count / seconds).toFixed(0)} a second, ${each.toFixed(0)} us of processor each`,
    );
    for (const [outcome, count] of [...run.outcomes].toSorted((a, b) => b[1] - a[1])) {
      say(`  ${String(count).padStart(9)}  ${outcome}`);
    }
    totals.passed += run.count - run.defects.length;
    totals.failed += run.defects.length;
  }
  say(formatTotals(totals));
  if (totals.failed > 0 || totals.passed === 0) process.exitCode = 1;
}

try {
  await main(readOptions(process.argv.slice(2)));
} catch (error) {
  process.stderr.write(`${errorMessage(error)}\n${USAGE}\n`);
  process.exitCode = 2;
}
