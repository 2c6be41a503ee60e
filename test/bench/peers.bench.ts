/**
 * What ours is held against, on this machine, in the same run: the same C code as a raw export,
 * under jco's generated glue, and as an Extism plugin in thread and in Extism's worker.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { compileGuest, echoComponent } from './guests.ts';
import {
  awaitedCallsPerSecond,
  type BenchContext,
  type Benchmark,
  callsPerSecond,
  type Measurement,
  medianOf,
} from './measure.ts';

const TOPIC = 'site/meter';
const PAYLOAD_BYTES = 64;
/** jco's glue reads the environment at every call; taken out, in its favour. */
const JCO_DEBUG_SWITCH = /globalThis\??\.process\??\.env\??\.JCO_DEBUG/g;
/** Extism keeps the memory of each call until it is told to forget it, and fails after 32,768. */
const EXTISM_RESET_CALLS = 1_000;

interface RawExports {
  readonly memory: WebAssembly.Memory;
  cabi_realloc(old: number, oldSize: number, align: number, size: number): number;
  handle(topic: number, topicLength: number, bytes: number, length: number): number;
  handlePost(result: number): void;
  nothing(): void;
}

interface EchoInterface {
  handle(topic: string, payload: Uint8Array): Uint8Array;
  nothing(): void;
}

/** The peers. */
export const benchmarks: readonly Benchmark[] = [
  { name: 'raw.c.64B', unit: 'calls/s', run: rawEcho },
  { name: 'raw.c.empty', unit: 'calls/s', run: rawEmpty },
  { name: 'jco.c.64B', unit: 'calls/s', run: context => underJco(context, callEcho) },
  { name: 'jco.c.empty', unit: 'calls/s', run: context => underJco(context, callNothing) },
  { name: 'extism.inthread.64B', unit: 'calls/s', run: context => underExtism(context, false) },
  { name: 'extism.worker.64B', unit: 'calls/s', run: context => underExtism(context, true) },
];

async function rawEcho(context: BenchContext): Promise<Measurement> {
  const guest = await instantiateRaw();
  const payload = payloadOf(context.seed);
  const topic = new TextEncoder().encode(TOPIC);
  const memory = new Uint8Array(guest.memory.buffer);
  const view = new DataView(guest.memory.buffer);
  return medianOf(context, () =>
    callsPerSecond(context, () => {
      const topicAt = guest.cabi_realloc(0, 0, 1, topic.length);
      memory.set(topic, topicAt);
      const at = guest.cabi_realloc(0, 0, 1, payload.length);
      memory.set(payload, at);
      const result = guest.handle(topicAt, topic.length, at, payload.length);
      const start = view.getUint32(result + 4, true);
      requireEcho(memory.slice(start, start + view.getUint32(result + 8, true)), payload);
      guest.handlePost(result);
    }),
  );
}

async function rawEmpty(context: BenchContext): Promise<Measurement> {
  const guest = await instantiateRaw();
  return medianOf(context, () => callsPerSecond(context, () => guest.nothing()));
}

async function underJco(
  context: BenchContext,
  makeCall: (echo: EchoInterface, context: BenchContext) => () => void,
): Promise<Measurement> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-jco-'));
  try {
    const echo = await instantiateUnderJco(folder);
    const call = makeCall(echo, context);
    return await medianOf(context, () => callsPerSecond(context, call));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function underExtism(context: BenchContext, runInWorker: boolean): Promise<Measurement> {
  const bytes = await compileGuest('extism-echo.c');
  const { createPlugin } = await import('@extism/extism');
  const plugin = await createPlugin(
    { wasm: [{ data: bytes }] },
    { useWasi: false, runInWorker, allowedHosts: [] },
  );
  const payload = payloadOf(context.seed);
  let calls = 0;
  try {
    return await medianOf(context, () =>
      awaitedCallsPerSecond(context, async () => {
        calls += 1;
        if (calls % EXTISM_RESET_CALLS === 0) await plugin.reset();
        const output = await plugin.call('echo', payload);
        requireEcho(output?.bytes() ?? new Uint8Array(), payload);
      }),
    );
  } finally {
    await plugin.close();
  }
}

function callEcho(echo: EchoInterface, { seed }: BenchContext): () => void {
  const payload = payloadOf(seed);
  return () => requireEcho(echo.handle(TOPIC, payload), payload);
}

function callNothing(echo: EchoInterface): () => void {
  return () => echo.nothing();
}

async function instantiateRaw(): Promise<RawExports> {
  const bytes = await compileGuest('echo.c');
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array(bytes)));
  const named: Record<string, unknown> = {
    ...exports,
    handle: exports['bench:echo/echo#handle'],
    handlePost: exports['cabi_post_bench:echo/echo#handle'],
    nothing: exports['bench:echo/echo#nothing'],
  };
  return named as unknown as RawExports;
}

async function instantiateUnderJco(folder: string): Promise<EchoInterface> {
  const { component } = await echoComponent();
  const { transpile } = await import('@bytecodealliance/jco');
  const { files } = await transpile(component, { name: 'echo', instantiation: 'sync' });
  for (const [name, bytes] of Object.entries(files)) {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    const text = name.endsWith('.js') ? new TextDecoder().decode(bytes) : null;
    writeFileSync(path, text === null ? bytes : text.replaceAll(JCO_DEBUG_SWITCH, 'undefined'));
  }
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  const glue: {
    instantiate(
      getCoreModule: (name: string) => WebAssembly.Module,
      imports: object,
    ): Record<string, EchoInterface>;
  } = await import(pathToFileURL(join(folder, 'echo.js')).href);
  const coreModule = (name: string): WebAssembly.Module => {
    const bytes = files[name];
    if (bytes === undefined) throw new Error(`jco asks for ${name}, which it did not write`);
    return new WebAssembly.Module(new Uint8Array(bytes));
  };
  const exports = glue.instantiate(coreModule, {});
  const echo = exports['bench:echo/echo'];
  if (echo === undefined) throw new Error(`jco gave ${Object.keys(exports).join(', ')}`);
  return echo;
}

function payloadOf(seed: number): Uint8Array {
  return Uint8Array.from({ length: PAYLOAD_BYTES }, (_, index) => (seed + index * 31) & 0xff);
}

/** Every call is checked, so that nothing fast and wrong is ever measured. */
function requireEcho(answer: Uint8Array, payload: Uint8Array): void {
  if (answer.length !== payload.length || answer[answer.length - 1] !== payload.at(-1)) {
    throw new Error(`${answer.length} bytes came back of ${payload.length}`);
  }
}
