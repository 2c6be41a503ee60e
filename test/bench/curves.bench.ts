/**
 * How the figures of `call.*` change with the payload and with the number of instances in one
 * component-host, and what an instance more costs in memory. `scripts/bench-plot.ts` draws them.
 */
import type { ComponentInstance } from '../../runtime/ports/component-host.ts';
import { coalescedCallsPerSecond } from './calls.ts';
import {
  type BenchContext,
  type Benchmark,
  type Measurement,
  medianOf,
  summarise,
} from './measure.ts';
import { processTree, pssMegabytes, untilQuiet } from './process-facts.ts';
import { messageArgs, ON_MESSAGE, type RealHost, WINDOW_CALLS, withRealHost } from './real-host.ts';

const GUEST = 'bench-sink';
const PAYLOAD_BYTES = 64;
/** Bytes of calls in flight are bounded; this much never comes near that bound. */
const WINDOW_BYTES = 1_024 * 1_024;
/** Points of the curves. */
const PAYLOADS_BYTES = [0, 64, 256, 1_024, 4_096, 16_384, 65_536] as const;
const INSTANCES = [1, 5, 10, 25, 50] as const;
const INSTANCES_MAX = 50;

/** The points, and the memory of an instance. */
export const benchmarks: readonly Benchmark[] = [
  ...PAYLOADS_BYTES.map(
    (bytes): Benchmark => ({
      name: `payload.c.${bytes}B`,
      unit: 'calls/s',
      run: context => withRealHost(real => withPayload(context, real, bytes)),
    }),
  ),
  ...INSTANCES.map(
    (count): Benchmark => ({
      name: `instances.c.${count}`,
      unit: 'calls/s',
      heldAgainst: count === 1 ? [] : ['instances.c.1'],
      run: context => withRealHost(real => withInstances(context, real, count), count),
    }),
  ),
  {
    name: 'pss.instance',
    unit: 'MB',
    run: context => withRealHost(real => instanceMemory(context, real), INSTANCES_MAX),
  },
];

async function withPayload(
  context: BenchContext,
  real: RealHost,
  bytes: number,
): Promise<Measurement> {
  const instance = await real.activate(await real.prepare(GUEST));
  const args = messageArgs('site/meter', new Uint8Array(bytes).fill(context.seed));
  const window = Math.max(1, Math.min(WINDOW_CALLS, Math.floor(WINDOW_BYTES / (bytes + 1))));
  return medianOf(context, () =>
    coalescedCallsPerSecond(context, () => instance.call(ON_MESSAGE, args), window),
  );
}

/** All instances are called in turn; the window is that of one instance. */
async function withInstances(
  context: BenchContext,
  real: RealHost,
  count: number,
): Promise<Measurement> {
  const instances = await activateAll(real, count);
  const args = messageArgs('site/meter', new Uint8Array(PAYLOAD_BYTES).fill(context.seed));
  let next = 0;
  const call = (): Promise<unknown> => {
    next = (next + 1) % instances.length;
    return instances[next]?.call(ON_MESSAGE, args) ?? Promise.resolve();
  };
  return medianOf(context, () => coalescedCallsPerSecond(context, call, WINDOW_CALLS));
}

/** The host process alone: what fifty instances take beyond one, for each. */
async function instanceMemory(context: BenchContext, real: RealHost): Promise<Measurement> {
  const pid = real.host.status().pid;
  if (pid === null) throw new Error('component-host has no process');
  await activateAll(real, 1);
  await untilQuiet(processTree(pid));
  const oneMb = pssMegabytes(processTree(pid));
  await activateAll(real, INSTANCES_MAX - 1);
  await untilQuiet(processTree(pid));
  const readings = Array.from({ length: context.runs }, () => {
    return (pssMegabytes(processTree(pid)) - oneMb) / (INSTANCES_MAX - 1);
  });
  return summarise(readings);
}

async function activateAll(real: RealHost, count: number): Promise<ComponentInstance[]> {
  const component = await real.prepare(GUEST);
  const instances: ComponentInstance[] = [];
  while (instances.length < count) instances.push(await real.activate(component));
  return instances;
}
