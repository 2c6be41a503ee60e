/**
 * How long a controller takes to be staged, in a process of its own as every component is, and to
 * be activated by a worker that waits for it.
 */
import type { PreparedComponent } from '../../runtime/ports/component-host.ts';
import { type BenchContext, type Benchmark, type Measurement, medianOf } from './measure.ts';
import { untilQuiet } from './process-facts.ts';
import { guestBytes, type RealHost, realStage, withRealHost } from './real-host.ts';

const MEMORY_BYTES_MAX = 32 * 1_024 * 1_024;

/** Milliseconds from the request to the running instance, and to the staged component. */
export const benchmarks: readonly Benchmark[] = [
  { name: 'activate.c.warm', unit: 'ms', run: context => activation(context, 'bench-sink') },
  { name: 'activate.js.warm', unit: 'ms', run: context => activation(context, 'bench-sink-js') },
  { name: 'stage.c', unit: 'ms', run: context => staging(context, 'bench-sink') },
  { name: 'stage.js', unit: 'ms', run: context => staging(context, 'bench-sink-js') },
];

function activation(context: BenchContext, guest: string): Promise<Measurement> {
  return withRealHost(async real => {
    const component = await real.prepare(guest);
    return medianOf(context, () => activationMs(real, component));
  });
}

async function activationMs(real: RealHost, component: PreparedComponent): Promise<number> {
  const { pid } = real.host.status();
  if (pid === null) throw new Error('component-host does not run');
  await untilQuiet([pid]);
  const startedAt = performance.now();
  const instance = await real.activate(component);
  const elapsedMs = performance.now() - startedAt;
  await instance.kill({ kind: 'stopped' });
  return elapsedMs;
}

async function staging(context: BenchContext, guest: string): Promise<Measurement> {
  const bytes = await guestBytes(guest);
  const stage = await realStage();
  return medianOf(context, async () => {
    const startedAt = performance.now();
    await stage.stage(bytes, { memoryBytesMax: MEMORY_BYTES_MAX });
    return performance.now() - startedAt;
  });
}
