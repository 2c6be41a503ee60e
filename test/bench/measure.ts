/** One figure with its spread: the median of `runs` runs. */
export interface Measurement {
  readonly value: number;
  readonly min: number;
  readonly max: number;
  readonly runs: number;
}

/** What a benchmark may depend on besides its code. */
export interface BenchContext {
  readonly seed: number;
  /** Runs of which the median is taken. */
  readonly runs: number;
  /** How long one run should last. */
  readonly runMs: number;
}

/** A benchmark. Files named `*.bench.ts` export a list of them as `benchmarks`. */
export interface Benchmark {
  /** `area.subject.variant`; stays the same for good, since histories are compared by it. */
  readonly name: string;
  readonly unit: 'calls/s' | 'us' | 'ms' | 'MB' | 'MiB/s';
  /** Names of benchmarks that this one is held against. */
  readonly heldAgainst?: readonly string[];
  run(context: BenchContext): Promise<Measurement>;
}

/** Returns the median and the ends of what `once` gives; its first run warms up and is dropped. */
export async function medianOf(
  context: BenchContext,
  once: () => number | Promise<number>,
): Promise<Measurement> {
  await once();
  const values: number[] = [];
  for (let run = 0; run < context.runs; run += 1) values.push(await once());
  return summarise(values);
}

/** Returns the calls a second that `call` reaches, called in batches until `runMs` are over. */
export function callsPerSecond({ runMs }: BenchContext, call: () => void): number {
  const batch = 256;
  const startedAt = performance.now();
  let calls = 0;
  let elapsedMs = 0;
  while (elapsedMs < runMs) {
    for (let count = 0; count < batch; count += 1) call();
    calls += batch;
    elapsedMs = performance.now() - startedAt;
  }
  return (calls / elapsedMs) * 1_000;
}

/** Returns the calls a second that `call` reaches when each waits for the one before. */
export async function awaitedCallsPerSecond(
  { runMs }: BenchContext,
  call: () => Promise<unknown>,
): Promise<number> {
  const startedAt = performance.now();
  let calls = 0;
  let elapsedMs = 0;
  while (elapsedMs < runMs) {
    await call();
    calls += 1;
    elapsedMs = performance.now() - startedAt;
  }
  return (calls / elapsedMs) * 1_000;
}

/** Returns the median and the ends of at least one value. */
export function summarise(values: readonly number[]): Measurement {
  const sorted = values.toSorted((a, b) => a - b);
  const [min] = sorted;
  const max = sorted.at(-1);
  if (min === undefined || max === undefined) throw new Error('no run was measured');
  return { value: percentile(sorted, 0.5), min, max, runs: sorted.length };
}

/** Returns the value below which `share` of the sorted values lie (nearest rank). */
export function percentile(sorted: readonly number[], share: number): number {
  const index = Math.max(0, Math.ceil(sorted.length * share) - 1);
  const value = sorted[index];
  if (value === undefined) throw new Error('no value to take a percentile of');
  return value;
}
