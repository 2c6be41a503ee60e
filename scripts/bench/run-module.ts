/**
 * Runs the benchmarks of one module and sends each result to the process that started this one.
 * Each module has a process of its own, so that no benchmark is measured in another's heap.
 */
import { pathToFileURL } from 'node:url';
import type { BenchContext, Benchmark } from '../../test/bench/measure.ts';
import { matchesName } from './results.ts';

const [, , path = '', contextText = '{}', ...only] = process.argv;
// Both come from scripts/bench.ts, which made them.
const context: BenchContext = JSON.parse(contextText);
const module: { benchmarks: readonly Benchmark[] } = await import(pathToFileURL(path).href);

for (const { name, unit, heldAgainst = [], run } of module.benchmarks) {
  if (!matchesName(name, only)) continue;
  const measurement = await run(context);
  process.send?.({ name, unit, heldAgainst, ...measurement });
}
process.disconnect?.();
