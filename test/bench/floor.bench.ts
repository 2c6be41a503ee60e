import { awaitedCallsPerSecond, type Benchmark, callsPerSecond, medianOf } from './measure.ts';

/** What this machine can do at all: calls of nothing, so that other figures can be judged. */
export const benchmarks: readonly Benchmark[] = [
  {
    name: 'floor.call',
    unit: 'calls/s',
    run: context => medianOf(context, () => callsPerSecond(context, () => {})),
  },
  {
    name: 'floor.await',
    unit: 'calls/s',
    heldAgainst: ['floor.call'],
    run: context => medianOf(context, () => awaitedCallsPerSecond(context, async () => {})),
  },
];
