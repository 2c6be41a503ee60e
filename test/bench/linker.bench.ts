/** The linker alone, in thread: the same guest and the same values as the peers get. */
import {
  activateComponent,
  activateComposition,
  DEFAULT_ACTIVATION_LIMITS,
  DEFAULT_LINK_LIMITS,
  type Handle,
  type Part,
  stageComponent,
} from '../../runtime/linker/index.ts';
import { watBinary } from '../../scripts/guests/wat-io.ts';
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
  { name: 'linker.hop', unit: 'calls/s', run: hops },
];

/** Calls that the guest makes for one call of ours. */
const HOPS = 1_000;
const HOP = 'bench:hop/it@1.0.0';

/** Counts in a linked component. */
const COUNTER = `(component
  (core module $m (func (export "next") (param i32) (result i32)
    (i32.add (local.get 0) (i32.const 1))))
  (core instance $m (instantiate $m))
  (func $f (param "n" u32) (result u32) (canon lift (core func $m "next")))
  (instance $i (export "next" (func $f)))
  (export "${HOP}" (instance $i)))`;

/** Calls what it is linked to as often as it is told. */
const HOPPER = `(component
  (import "${HOP}" (instance $it (export "next" (func (param "n" u32) (result u32)))))
  (core func $next (canon lower (func $it "next")))
  (core module $m (import "" "next" (func $next (param i32) (result i32)))
    (func (export "hop") (param i32) (result i32) (local $n i32)
      (loop $again
        (local.set $n (call $next (local.get $n)))
        (br_if $again (i32.lt_u (local.get $n) (local.get 0))))
      (local.get $n)))
  (core instance $m (instantiate $m (with "" (instance (export "next" (func $next))))))
  (func $f (param "n" u32) (result u32) (canon lift (core func $m "hop")))
  (instance $i (export "hop" (func $f)))
  (export "bench:hop/hopper@1.0.0" (instance $i)))`;

async function hops(context: BenchContext): Promise<Measurement> {
  const parts = await Promise.all(
    [COUNTER, HOPPER].map(async (text, index): Promise<Part> => {
      const { plan, modules } = stageComponent(await watBinary(text), DEFAULT_LINK_LIMITS);
      const compiled = modules.map(bytes => new WebAssembly.Module(new Uint8Array(bytes)));
      const limits = DEFAULT_ACTIVATION_LIMITS;
      return { name: `part-${index}`, plan, modules: compiled, host: new Map(), limits };
    }),
  );
  const link = { importer: 'part-1', interface: HOP, exporter: 'part-0' };
  const hopper = activateComposition(parts, [link]).get('part-1');
  if (hopper === undefined) throw new Error('no hopper');
  const run = (): void => {
    if (hopper.call(0, [HOPS]) !== HOPS) throw new Error('a hop was lost');
  };
  return medianOf(context, () => HOPS * callsPerSecond(context, run));
}

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
