import type { FramedImports, FramedInterface, HostFunction } from '../../linker/activate.ts';
import type { FrameFunction } from '../../linker/frame.ts';
import { semverTrack } from '../../linker/names.ts';
import { type WasiServices, wasiImports } from '../../linker/wasi/index.ts';
import type { Activate, ContractFunction } from '../../transport/index.ts';
import { LOGGING_INTERFACE } from '../harmless.ts';

const RESOURCE_DROP = '[resource-drop]';

/** What a worker answers without asking gatewayd, and the two ways to gatewayd. */
export interface WorkerFacilities extends Omit<WasiServices, 'onLine'> {
  /** Sends a log line, or drops it. */
  log(level: string, context: string, text: string): void;
  /** Asks gatewayd, in values: for what has no core function behind it. */
  hostCall(functionId: number, args: readonly unknown[]): unknown;
  /** Returns a function that asks gatewayd, in frames; without it all is asked in values. */
  frameFunction?(functionId: number): FrameFunction;
}

/**
 * Returns the host's side of every import of the contract, and the harmless part of WASI. What the
 * snapshot, the clock or the random source can answer is answered in the worker; a log line is
 * sent and not waited for; all else asks gatewayd.
 */
export function importsOf(
  functions: readonly ContractFunction[],
  activate: Activate,
  facilities: WorkerFacilities,
): FramedImports {
  const wasi = wasiImports({
    ...facilities,
    onLine: (stream, line) => facilities.log(stream === 'stdout' ? 'info' : 'warn', stream, line),
  });
  const answeredHere = new Set([...wasi.keys()].map(semverTrack));
  const local = localFunctions(activate, facilities);
  const interfaces = new Map<string, Map<string, HostFunction>>();
  const frames = new Map<string, Map<string, FrameFunction>>();
  const drops = new Map<string, Map<string, number>>();
  for (const [id, { interface: owner, function: shape }] of functions.entries()) {
    if (answeredHere.has(semverTrack(owner))) continue;
    if (shape.name.startsWith(RESOURCE_DROP)) {
      entry(drops, owner).set(shape.name.slice(RESOURCE_DROP.length), id);
      continue;
    }
    const answer = local.get(`${owner.replace(/@.*$/, '')}#${shape.name}`);
    const framed = answer === undefined ? facilities.frameFunction?.(id) : undefined;
    if (framed !== undefined) entry(frames, owner).set(shape.name, framed);
    const ask = (...args: readonly unknown[]) => facilities.hostCall(id, args);
    entry(interfaces, owner).set(shape.name, answer ?? ask);
  }
  const imports = new Map<string, FramedInterface>(wasi);
  for (const [name, functions] of interfaces) {
    const dropResource = dropper(drops.get(name), facilities);
    imports.set(name, { functions, frames: frames.get(name) ?? new Map(), dropResource });
  }
  return imports;
}

/**
 * Returns the host's side of a part's imports: what has no authority. Its lines bear its name.
 * Nothing in it asks gatewayd.
 */
export function partImportsOf(
  part: string,
  facilities: Pick<WorkerFacilities, 'monotonicNs' | 'wallMs' | 'random' | 'log'>,
): FramedImports {
  const { log } = facilities;
  const imports = new Map<string, FramedInterface>(
    wasiImports({
      ...facilities,
      onLine: (stream, line) => log(stream === 'stdout' ? 'info' : 'warn', part, line),
    }),
  );
  const logging: HostFunction = (level, context, text) => {
    log(String(level), context === '' ? part : `${part}: ${context}`, String(text));
  };
  imports.set(LOGGING_INTERFACE, { functions: new Map([['log', logging]]) });
  return imports;
}

function localFunctions(
  { identity, granted, config }: Activate,
  facilities: WorkerFacilities,
): ReadonlyMap<string, HostFunction> {
  const settings = new Map(config);
  return new Map<string, HostFunction>([
    ['airssys:lifecycle/self#identity', () => identity],
    ['airssys:lifecycle/self#granted', () => granted],
    ['wasi:config/store#get', key => ({ tag: 'ok', val: settings.get(String(key)) })],
    ['wasi:config/store#get-all', () => ({ tag: 'ok', val: config })],
    [
      'wasi:logging/logging#log',
      (level, context, text) => facilities.log(String(level), String(context), String(text)),
    ],
  ]);
}

function dropper(ids: ReadonlyMap<string, number> | undefined, facilities: WorkerFacilities) {
  return (resource: string, representation: number): void => {
    const id = ids?.get(resource);
    if (id !== undefined) facilities.hostCall(id, [representation]);
  };
}

function entry<V>(map: Map<string, Map<string, V>>, key: string): Map<string, V> {
  const found = map.get(key) ?? new Map<string, V>();
  map.set(key, found);
  return found;
}
