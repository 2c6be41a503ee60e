/**
 * Messages to a controller in the real component-host: over the socket, into the worker, through
 * the linker, and back. Only answered calls count.
 */
import {
  awaitedCallsPerSecond,
  type BenchContext,
  type Benchmark,
  type Measurement,
  medianOf,
} from './measure.ts';
import { messageArgs, ON_MESSAGE, type RealHost, WINDOW_CALLS, withRealHost } from './real-host.ts';

const PAYLOAD_BYTES = 64;
const MS_PER_S = 1_000;

type Call = () => Promise<unknown>;

/** Calls a second across both processes. */
export const benchmarks: readonly Benchmark[] = [
  {
    name: 'call.c.64B.coalesced',
    unit: 'calls/s',
    heldAgainst: ['extism.worker.64B', 'jco.c.64B'],
    run: context => withCall(context, 'bench-sink', call => coalesced(context, call)),
  },
  {
    name: 'call.c.64B.single',
    unit: 'calls/s',
    heldAgainst: ['extism.worker.64B'],
    run: context => withCall(context, 'bench-sink', call => awaitedCallsPerSecond(context, call)),
  },
  {
    name: 'call.js.64B.coalesced',
    unit: 'calls/s',
    heldAgainst: ['call.c.64B.coalesced', 'extism.worker.64B'],
    run: context => withCall(context, 'bench-sink-js', call => coalesced(context, call)),
  },
];

function withCall(
  context: BenchContext,
  guest: string,
  once: (call: Call) => Promise<number>,
): Promise<Measurement> {
  return withRealHost(async real => {
    const call = await messageCall(real, guest, context.seed);
    return medianOf(context, () => once(call));
  });
}

async function messageCall(real: RealHost, guest: string, seed: number): Promise<Call> {
  const instance = await real.activate(await real.prepare(guest));
  const payload = Uint8Array.from({ length: PAYLOAD_BYTES }, (_, at) => (seed + at) & 0xff);
  const args = messageArgs('site/meter', payload);
  return () => instance.call(ON_MESSAGE, args);
}

/** Keeps a window of calls in flight until the time is over and the last is answered. */
async function coalesced({ runMs }: BenchContext, call: Call): Promise<number> {
  const startedAt = performance.now();
  let answered = 0;
  const lane = async (): Promise<void> => {
    while (performance.now() - startedAt < runMs) {
      await call();
      answered += 1;
    }
  };
  await Promise.all(Array.from({ length: WINDOW_CALLS }, lane));
  return (answered * MS_PER_S) / (performance.now() - startedAt);
}
