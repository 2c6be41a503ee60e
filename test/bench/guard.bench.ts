import { type GuardCost, measureGuardCost } from './guard-cost.ts';
import { type BenchContext, type Benchmark, type Measurement, medianOf } from './measure.ts';

/** What a capability check costs, and the same operation on the driver alone. */
export const benchmarks: readonly Benchmark[] = [
  {
    name: 'guard.gpio.write',
    unit: 'us',
    heldAgainst: ['guard.gpio.write.unguarded'],
    run: context => microseconds(context, cost => cost.writeNs),
  },
  {
    name: 'guard.gpio.write.unguarded',
    unit: 'us',
    run: context => microseconds(context, cost => cost.unguardedWriteNs),
  },
  {
    name: 'guard.gpio.read',
    unit: 'us',
    heldAgainst: ['guard.gpio.read.unguarded'],
    run: context => microseconds(context, cost => cost.readNs),
  },
  {
    name: 'guard.gpio.read.unguarded',
    unit: 'us',
    run: context => microseconds(context, cost => cost.unguardedReadNs),
  },
];

function microseconds(
  context: BenchContext,
  pick: (cost: GuardCost) => number,
): Promise<Measurement> {
  return medianOf(context, () => pick(measureGuardCost()) / 1_000);
}
