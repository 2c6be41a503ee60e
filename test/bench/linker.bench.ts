/** The linker alone, in thread: the same guest and the same values as the peers get. */
import {
  activateComponent,
  DEFAULT_ACTIVATION_LIMITS,
  DEFAULT_LINK_LIMITS,
  type Handle,
  stageComponent,
} from '../../runtime/linker/index.ts';
import { echoComponent } from './guests.ts';
import {
  type BenchContext,
  type Benchmark,
  callsPerSecond,
  type Measurement,
  medianOf,
} from './measure.ts';

const PAYLOAD_BYTES = 64;

/** Calls a second through the linker. */
export const benchmarks: readonly Benchmark[] = [
  {
    name: 'linker.c.64B',
    unit: 'calls/s',
    heldAgainst: ['raw.c.64B', 'jco.c.64B', 'extism.inthread.64B'],
    run: echo,
  },
  {
    name: 'linker.c.empty',
    unit: 'calls/s',
    heldAgainst: ['raw.c.empty', 'jco.c.empty'],
    run: nothing,
  },
];

async function echo(context: BenchContext): Promise<Measurement> {
  const handle = await activateEcho();
  const index = exportIndex(handle, 'handle');
  const payload = Uint8Array.from({ length: PAYLOAD_BYTES }, (_, at) => (context.seed + at) & 0xff);
  const args = ['site/meter', payload];
  return medianOf(context, () =>
    callsPerSecond(context, () => requireEcho(handle.call(index, args), payload)),
  );
}

async function nothing(context: BenchContext): Promise<Measurement> {
  const handle = await activateEcho();
  const index = exportIndex(handle, 'nothing');
  return medianOf(context, () => callsPerSecond(context, () => handle.call(index, [])));
}

async function activateEcho(): Promise<Handle> {
  const { component } = await echoComponent();
  const { plan, modules } = stageComponent(component, DEFAULT_LINK_LIMITS);
  const compiled = modules.map(bytes => new WebAssembly.Module(new Uint8Array(bytes)));
  return activateComponent(plan, compiled, new Map(), DEFAULT_ACTIVATION_LIMITS);
}

function exportIndex(handle: Handle, name: string): number {
  const index = handle.exports.findIndex(entry => entry.function.name === name);
  if (index < 0) throw new Error(`the guest does not export ${name}`);
  return index;
}

/** Every call is checked, so that nothing fast and wrong is ever measured. */
function requireEcho(answer: unknown, payload: Uint8Array): void {
  if (typeof answer === 'object' && answer !== null && 'val' in answer) {
    const { val } = answer;
    const whole = val instanceof Uint8Array && val.length === payload.length;
    if (whole && val.at(-1) === payload.at(-1)) return;
  }
  throw new Error('the guest did not answer with the payload');
}
