/** A gateway without hardware for the tests of guards: time stands still until it is moved. */
import { type BoardFacts, type Grant, parseGrant } from '../../../capabilities/grammar/index.ts';
import {
  type Ceilings,
  DEFAULT_CEILINGS,
  type GatewayGuards,
  GuardContext,
  KvUsage,
  LineRegistry,
  QuotaLedger,
  sizesByReading,
} from '../../../capabilities/guards/index.ts';
import type { AuditRecord } from '../../../runtime/ports/audit.ts';
import type { Clock } from '../../../runtime/ports/clock.ts';
import {
  type EdgeEvent,
  GpioError,
  type GpioPort,
  type LineState,
} from '../../../runtime/ports/gpio.ts';
import type { KeyValuePort } from '../../../runtime/ports/keyvalue.ts';
import type { IncomingMessage, MqttPort, OutgoingMessage } from '../../../runtime/ports/mqtt.ts';
import type { SerialFrame, SerialPort } from '../../../runtime/ports/serial.ts';

export const board: BoardFacts = {
  lines: [
    { label: 'heater', direction: 'out', safe: 'inactive', reserved: false },
    { label: 'pump', direction: 'out', safe: 'inactive', reserved: false },
    { label: 'alarm', direction: 'out', safe: 'hold', reserved: false },
    { label: 'fan', direction: 'out', safe: 'active', reserved: false },
    { label: 'watchdog', direction: 'out', safe: 'hold', reserved: true },
    { label: 'door', direction: 'in', safe: 'hold', reserved: false },
    { label: 'float', direction: 'in', safe: 'hold', reserved: false },
  ],
  serialPorts: [{ label: 'meter' }, { label: 'console' }],
};

/** Time that moves when it is told to. */
export class FakeClock implements Clock {
  nowMs = 1_000_000;
  #waiting: { dueMs: number; task: () => void }[] = [];

  monotonicNs(): bigint {
    return BigInt(Math.round(this.nowMs * 1e6));
  }

  monotonicMs(): number {
    return this.nowMs;
  }

  wallMs(): number {
    return this.nowMs;
  }

  after(delayMs: number, task: () => void) {
    const entry = { dueMs: this.nowMs + delayMs, task };
    this.#waiting.push(entry);
    return {
      cancel: () => {
        this.#waiting = this.#waiting.filter(other => other !== entry);
      },
    };
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  advance(ms: number): void {
    const endMs = this.nowMs + ms;
    for (;;) {
      const [next] = this.#waiting
        .filter(({ dueMs }) => dueMs <= endMs)
        .sort((a, b) => a.dueMs - b.dueMs);
      if (next === undefined) break;
      this.#waiting = this.#waiting.filter(other => other !== next);
      this.nowMs = Math.max(this.nowMs, next.dueMs);
      next.task();
    }
    this.nowMs = endMs;
  }
}

/** What reached the drivers, and what drivers can be made to do. */
export function fakeDrivers() {
  const writes: string[] = [];
  const states = new Map<string, LineState>();
  const stored = new Map<string, Uint8Array>();
  const watchers = new Map<string, Set<(event: EdgeEvent) => void>>();
  const listeners = new Set<{ label: string; onFrame: (frame: SerialFrame) => void }>();
  const subscribers = new Set<{ filter: string; onMessage: (message: IncomingMessage) => void }>();
  const published: OutgoingMessage[] = [];
  const fault: { gpio: GpioError | null; kv: Error | null; audit: string | null } = {
    gpio: null,
    kv: null,
    audit: null,
  };
  const gpio: GpioPort = {
    read: label => states.get(label) ?? 'inactive',
    write: (label, state) => {
      if (fault.gpio !== null) throw fault.gpio;
      if (!board.lines.some(line => line.label === label)) {
        throw new GpioError('GPIO_UNDEFINED_LABEL', `no line "${label}"`);
      }
      states.set(label, state);
      writes.push(`${label}=${state}`);
    },
    watch: (label, onEdge) => {
      const set = watchers.get(label) ?? new Set();
      watchers.set(label, set.add(onEdge));
      return { stop: () => set.delete(onEdge) };
    },
  };
  const serial: SerialPort = {
    write: (label, bytes) => writes.push(`${label}:${bytes.length}`),
    listen: (label, onFrame) => {
      const entry = { label, onFrame };
      listeners.add(entry);
      return { stop: () => listeners.delete(entry) };
    },
  };
  const mqtt: MqttPort = {
    publish: message => BigInt(published.push(message)),
    subscribe: (_connection, filter, onMessage) => {
      const entry = { filter, onMessage };
      subscribers.add(entry);
      return { stop: () => subscribers.delete(entry) };
    },
    connections: () => [],
  };
  return {
    writes,
    states,
    stored,
    published,
    fault,
    listeners,
    subscribers,
    drivers: { gpio, serial, mqtt, keyvalue: memoryStore(stored, fault) },
    edge: (label: string, edge: 'rising' | 'falling', sequence: bigint) => {
      const event = { label, edge, sequence, timestampNs: 0n, lost: 0 };
      for (const onEdge of watchers.get(label) ?? []) onEdge(event);
    },
    open: () =>
      listeners.size +
      subscribers.size +
      [...watchers.values()].reduce((sum, set) => sum + set.size, 0),
  };
}

function memoryStore(
  stored: Map<string, Uint8Array>,
  fault: { readonly kv: Error | null },
): KeyValuePort {
  const turn = async () => {
    await new Promise(resolve => setImmediate(resolve));
    if (fault.kv !== null) throw fault.kv;
  };
  return {
    get: async (namespace, key) => {
      await turn();
      return stored.get(`${namespace}/${key}`);
    },
    set: async (namespace, key, value) => {
      await turn();
      stored.set(`${namespace}/${key}`, value);
    },
    delete: async (namespace, key) => {
      await turn();
      stored.delete(`${namespace}/${key}`);
    },
    exists: async (namespace, key) => {
      await turn();
      return stored.has(`${namespace}/${key}`);
    },
    listKeys: async (namespace, cursor) => {
      await turn();
      const prefix = `${namespace}/`;
      const keys = [...stored.keys()]
        .filter(key => key.startsWith(prefix))
        .map(key => key.slice(prefix.length))
        .sort()
        .filter(key => cursor === undefined || key > cursor);
      const page = keys.slice(0, 100);
      return { keys: page, cursor: keys.length > 100 ? (page.at(-1) ?? null) : null };
    },
  };
}

/** A gateway with one clock, one audit and drivers that remember. */
export function fakeGateway(ceilings: Ceilings = DEFAULT_CEILINGS) {
  const clock = new FakeClock();
  const records: AuditRecord[] = [];
  const fakes = fakeDrivers();
  const gateway: GatewayGuards = {
    board,
    reservedTopics: ['airssys/+/control/#'],
    reservedPorts: ['console'],
    quotas: new QuotaLedger(ceilings),
    lines: new LineRegistry(clock.monotonicMs()),
    usage: new KvUsage(sizesByReading(fakes.drivers.keyvalue)),
    audit: { record: record => records.push(record) },
    unrecorded: () => fakes.fault.audit,
    clock,
  };
  let instances = 0n;
  const context = (grants: readonly string[], name = 'thermostat') => {
    instances += 1n;
    const controller = { name, version: '1.0.0', instance: instances };
    return new GuardContext(controller, grants.map(parseGrant), gateway);
  };
  return { ...fakes, clock, records, gateway, context };
}

/** The grants of a list of texts. */
export function grantsOf(texts: readonly string[]): readonly Grant[] {
  return texts.map(parseGrant);
}

/** Returns the code that a call is refused with, or `ok`. */
export function codeOf(run: () => unknown): string {
  try {
    run();
    return 'ok';
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error);
  }
}

/** The same for a call that answers later. */
export async function codeOfLater(run: () => Promise<unknown>): Promise<string> {
  try {
    await run();
    return 'ok';
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error);
  }
}

/** Returns the grant that a refusal tells to add, or '' when it names none. */
export function lineToAdd(text: string): string {
  return /gateway's policy: (\S+)$/.exec(text)?.[1] ?? '';
}
