/**
 * Messages to a controller in the real component-host: over the socket, into the worker, through
 * the linker, and back. Only answered calls count.
 */
import { coalescedCallsPerSecond } from './calls.ts';
import {
  awaitedCallsPerSecond,
  type BenchContext,
  type Benchmark,
  type Measurement,
  medianOf,
} from './measure.ts';
import { messageArgs, ON_MESSAGE, type RealHost, WINDOW_CALLS, withRealHost } from './real-host.ts';

const PAYLOAD_BYTES = 64;

type Call = () => Promise<unknown>;

/** Calls a second across both processes. */
export const benchmarks: readonly Benchmark[] = [
  {
    name: 'call.c.64B.coalesced',
    unit: 'calls/s',
    heldAgainst: ['socketpair.64B.coalesced', 'extism.worker.64B', 'jco.c.64B'],
    run: context =>
      withCall(context, 'bench-sink', call => coalescedCallsPerSecond(context, call, WINDOW_CALLS)),
  },
  {
    name: 'call.c.64B.single',
    unit: 'calls/s',
    heldAgainst: ['socketpair.64B.single', 'extism.worker.64B'],
    run: context => withCall(context, 'bench-sink', call => awaitedCallsPerSecond(context, call)),
  },
  {
    name: 'call.js.64B.coalesced',
    unit: 'calls/s',
    heldAgainst: ['call.c.64B.coalesced', 'extism.worker.64B'],
    run: context =>
      withCall(context, 'bench-sink-js', call =>
        coalescedCallsPerSecond(context, call, WINDOW_CALLS),
      ),
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
