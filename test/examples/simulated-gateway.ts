import { readFile } from 'node:fs/promises';
import type { ComponentShape } from '../../runtime/base/value-type.ts';
import {
  activateComponent,
  DEFAULT_LINK_LIMITS,
  type Handle,
  type HostFunction,
  type HostImports,
  type StagedComponent,
  stageComponent,
} from '../../runtime/linker/index.ts';
import { buildGuests } from '../../scripts/guests.ts';

const LIFT_BYTES_MAX = 16 * 1_024 * 1_024;
const VALUE_BYTES_MAX = 1_024 * 1_024;
const HANDLES_MAX = 1_024;

/** A guest, staged and compiled once for many instances. */
export interface CompiledGuest {
  readonly staged: StagedComponent;
  readonly compiled: readonly WebAssembly.Module[];
}

/** Builds a guest from source and compiles it. */
export async function compiledGuest(name: string): Promise<CompiledGuest> {
  const path = (await buildGuests([name])).get(name) ?? '';
  const staged = stageComponent(new Uint8Array(await readFile(path)), DEFAULT_LINK_LIMITS);
  return { staged, compiled: staged.modules.map(module => new WebAssembly.Module(module)) };
}

/** All that the simulated gateway remembers, and what a test sets. */
export class SimulatedGateway {
  nowMs = 0;
  readonly config = new Map<string, string>();
  readonly lines = new Map<string, string>();
  readonly writes: string[] = [];
  readonly published: { readonly topic: string; readonly payload: string }[] = [];
  readonly logs: string[] = [];
  readonly timers = new Map<string, { readonly intervalMs: number; readonly repeats: boolean }>();
  readonly stored = new Map<string, Uint8Array>();
  /** Refuses every operation on stored state. */
  storageFails = false;

  /** Activates a component against this gateway. */
  activate({ staged, compiled }: CompiledGuest): SimulatedInstance {
    const handle = activateComponent(staged.plan, compiled, this.#imports(), {
      liftBytesMax: LIFT_BYTES_MAX,
      valueBytesMax: VALUE_BYTES_MAX,
      handlesMax: HANDLES_MAX,
    });
    return new SimulatedInstance(this, handle, staged.shape);
  }

  #imports(): HostImports {
    const nowNs = (): bigint => BigInt(this.nowMs) * 1_000_000n;
    const interfaces: Record<string, Record<string, (...args: never[]) => unknown>> = {
      'airssys:gpio/digital@0.1.0': {
        read: (label: string) => {
          const state = this.lines.get(label);
          return state === undefined ? failed('undefined-pin-label') : succeeded(state);
        },
        write: (label: string, state: string) => {
          if (!this.lines.has(label)) return failed('denied');
          this.lines.set(label, state);
          this.writes.push(`${label}=${state}`);
          return succeeded(undefined);
        },
      },
      'airssys:mqtt/publisher@0.1.0': {
        publish: (_connection: string, topic: string, payload: Uint8Array) => {
          this.published.push({ topic, payload: new TextDecoder().decode(payload) });
          return succeeded(BigInt(this.published.length));
        },
      },
      'airssys:timer/timers@0.1.0': {
        'set-interval': (name: string, intervalMs: number) => {
          this.timers.set(name, { intervalMs, repeats: true });
          return succeeded(undefined);
        },
        'set-timeout': (name: string, intervalMs: number) => {
          this.timers.set(name, { intervalMs, repeats: false });
          return succeeded(undefined);
        },
        cancel: (name: string) => this.timers.delete(name),
      },
      'wasi:logging/logging@0.1.0-draft': {
        log: (level: string, context: string, message: string) => {
          this.logs.push(`${level} ${context}: ${message}`);
        },
      },
      'wasi:config/store@0.2.0-rc.1': {
        get: (key: string) => succeeded(this.config.get(key)),
      },
      'wasi:clocks/monotonic-clock@0.2.0': { now: nowNs },
      'wasi:clocks/wall-clock@0.2.0': {
        now: () => ({ seconds: BigInt(Math.floor(this.nowMs / 1_000)), nanoseconds: 0 }),
      },
      'wasi:keyvalue/store@0.2.0-draft2': {
        open: () => (this.storageFails ? failed('access-denied') : succeeded(1)),
        '[method]bucket.get': (_self: number, key: string) => succeeded(this.stored.get(key)),
        '[method]bucket.set': (_self: number, key: string, value: Uint8Array) => {
          this.stored.set(key, value.slice());
          return succeeded(undefined);
        },
      },
    };
    return new Map(
      Object.entries(interfaces).map(([name, functions]) => [
        name,
        { functions: new Map(Object.entries(functions) as [string, HostFunction][]) },
      ]),
    );
  }
}

/** One running guest, with a method for each event. */
export class SimulatedInstance {
  readonly shape: ComponentShape;
  readonly #gateway: SimulatedGateway;
  readonly #handle: Handle;

  constructor(gateway: SimulatedGateway, handle: Handle, shape: ComponentShape) {
    this.#gateway = gateway;
    this.#handle = handle;
    this.shape = shape;
  }

  get memoryBytes(): number {
    return this.#handle.memoryBytes();
  }

  start(reason = 'cold', previousVersion?: string): unknown {
    return this.#call('start', { reason, generation: 1n, previousVersion });
  }

  stop(): unknown {
    return this.#call('stop', 1_000);
  }

  health(): unknown {
    return this.#call('health');
  }

  message(topic: string, payload: string): unknown {
    const bytes = new TextEncoder().encode(payload);
    return this.#call('on-message', { connection: 'main', topic, payload: bytes, retained: false });
  }

  frame(label: string, text: string): unknown {
    const bytes = new TextEncoder().encode(text);
    return this.#call('on-frame', { label, bytes, timestampNs: this.#nowNs(), lost: 0 });
  }

  /** Sets an input and tells the guest of the edge. */
  edge(label: string, edge: 'rising' | 'falling'): unknown {
    this.#gateway.lines.set(label, edge === 'rising' ? 'active' : 'inactive');
    const event = { label, edge, timestampNs: this.#nowNs(), sequence: 1n, lost: 0 };
    return this.#call('on-edge', event);
  }

  tick(name: string): unknown {
    return this.#call('on-tick', { name, timestampNs: this.#nowNs(), missed: 0 });
  }

  #nowNs(): bigint {
    return BigInt(this.#gateway.nowMs) * 1_000_000n;
  }

  #call(name: string, ...args: readonly unknown[]): unknown {
    const index = this.#handle.exports.findIndex(each => each.function.name === name);
    return this.#handle.call(index, args);
  }
}

function succeeded(val: unknown): unknown {
  return { tag: 'ok', val };
}

function failed(tag: string): unknown {
  return { tag: 'err', val: { tag } };
}
