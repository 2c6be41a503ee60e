import { readFile } from 'node:fs/promises';
import { createSystemClock } from '../../drivers/clock/system-clock.ts';
import { createSystemRandom } from '../../drivers/random/system-random.ts';
import { spawnComponentHost } from '../../runtime/components/component-host-io.ts';
import { spawnStage } from '../../runtime/components/stage-io.ts';
import type {
  ComponentHostPort,
  ComponentInstance,
  HostCallHandler,
  PreparedComponent,
  StagePort,
} from '../../runtime/ports/component-host.ts';
import { buildGuests } from '../../scripts/guests.ts';
import {
  contractDigest,
  exportFunctions,
  exportIds,
  importFunctions,
} from '../../wit/generated/contract.ts';
import { alone } from '../components/support/alone.ts';
import { programEntry } from './programs.ts';

/** Calls kept in flight where answers are coalesced. */
export const WINDOW_CALLS = 128;

/** Id of the handler that the benchmarks call. */
export const ON_MESSAGE = exportIds['airssys:mqtt/message-handler@0.1.0#on-message'];

/** Instances at a time, where a benchmark does not say otherwise. */
const SLOTS = 4;
/** What the stage process gets, so that a slow machine does not fail a benchmark. */
const STAGE_DEADLINE_MS = 120_000;
const MEMORY_BYTES_MAX = 32 * 1_024 * 1_024;
const LIMITS = {
  memoryBytesMax: MEMORY_BYTES_MAX,
  callDeadlineMs: 60_000,
  callsInFlightMax: 2 * WINDOW_CALLS,
};
const TIMES = { startDeadlineMs: 120_000, prepareDeadlineMs: 120_000, killGraceMs: 30_000 };

/** A component-host in a process of its own, as the gateway runs it. */
export interface RealHost {
  readonly host: ComponentHostPort;
  prepare(guest: string): Promise<PreparedComponent>;
  activate(component: PreparedComponent, onHostCall?: HostCallHandler): Promise<ComponentInstance>;
}

/** Starts component-host from its bundle, lets `use` work with it and ends it. */
export async function withRealHost<T>(
  use: (real: RealHost) => Promise<T>,
  slots = SLOTS,
): Promise<T> {
  const troubles: string[] = [];
  const stage = await realStage();
  const host = spawnComponentHost({
    contract: { imports: importFunctions, exports: exportFunctions, digest: contractDigest },
    clock: createSystemClock(),
    random: createSystemRandom(),
    slots,
    entry: await programEntry('component-host'),
    times: TIMES,
    onViolation: message => troubles.push(message),
    onOutput: line => troubles.push(line),
  });
  // The clock's timers do not keep a process running; between two steps nothing else may.
  const keepRunning = setInterval(() => {}, 1_000);
  try {
    return await use({
      host,
      prepare: async guest => {
        const bytes = await guestBytes(guest);
        return host.prepare(alone(await stage.stage(bytes, { memoryBytesMax: MEMORY_BYTES_MAX })));
      },
      activate: (component, onHostCall = refuse) => activate(host, component, onHostCall),
    });
  } catch (cause) {
    throw new Error(`the benchmark failed: ${troubles.join('; ')}`, { cause });
  } finally {
    await host.close();
    clearInterval(keepRunning);
  }
}

/** Returns a stage port whose process is the bundled one. */
export async function realStage(): Promise<StagePort> {
  const entry = await programEntry('stage');
  return spawnStage({ clock: createSystemClock(), entry, deadlineMs: STAGE_DEADLINE_MS });
}

/** Returns the bytes of a guest of the project, built when it is not yet. */
export async function guestBytes(name: string): Promise<Uint8Array> {
  const path = (await buildGuests([name])).get(name) ?? '';
  return new Uint8Array(await readFile(path));
}

/** Returns arguments of `on-message`. */
export function messageArgs(topic: string, payload: Uint8Array): readonly unknown[] {
  return [{ connection: 'main', topic, payload, retained: false }];
}

function activate(
  host: ComponentHostPort,
  component: PreparedComponent,
  onHostCall: HostCallHandler,
): Promise<ComponentInstance> {
  return host.activate({
    component,
    snapshot: {
      identity: { name: 'bench', version: '1.0.0', slot: 'a', instance: 1n },
      granted: [],
      config: [],
    },
    limits: LIMITS,
    onHostCall,
    onLog: () => {},
  });
}

function refuse(functionId: number): never {
  throw new Error(`the guest asks for host function ${functionId}, which nothing measures`);
}
