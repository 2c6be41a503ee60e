/**
 * The entries of an import object: for each class of grants the functions that it opens, and
 * nothing else. Every entry goes through a guard; none of them decides.
 */

import { ComponentError } from '../../runtime/ports/component-host.ts';
import type { KeyValuePort } from '../../runtime/ports/keyvalue.ts';
import { KeyValueError } from '../../runtime/ports/keyvalue.ts';
import type { MqttPort } from '../../runtime/ports/mqtt.ts';
import type { SerialPort } from '../../runtime/ports/serial.ts';
import type { Grant } from '../grammar/index.ts';
import type { GuardedGpio } from './gpio-guard.ts';
import type { GuardContext } from './guard-context.ts';
import {
  boolArg,
  bytesArg,
  optionalTextArg,
  qosArg,
  stateArg,
  textArg,
  u32Arg,
} from './host-args.ts';
import { requireNamespace } from './keyvalue-guard.ts';
import type { TimerService } from './timer-service.ts';
import { asResult, asResultLater } from './wit-errors.ts';

/** Answers one function of the contract. */
export type HostEntry = (args: readonly unknown[]) => unknown;

/** Entries by `PACKAGE/INTERFACE#FUNCTION`, without versions. */
export type HostEntries = Map<string, HostEntry>;

/** The guarded ports of one instance. */
export interface GuardedPorts {
  readonly gpio: GuardedGpio;
  readonly serial: SerialPort;
  readonly mqtt: MqttPort;
  readonly keyvalue: KeyValuePort;
  readonly timers: TimerService;
}

/** Stores that an instance may have open. */
const BUCKETS_OPEN_MAX = 64;

const GPIO = 'airssys:gpio/digital';
const SERIAL = 'airssys:serial/port';
const MQTT = 'airssys:mqtt/publisher';
const TIMERS = 'airssys:timer/timers';
const STORE = 'wasi:keyvalue/store';

/** Returns the entries that the grants open, starting from none. */
export function hostEntries(
  grants: readonly Grant[],
  ports: GuardedPorts,
  context: GuardContext,
): HostEntries {
  const entries: HostEntries = new Map();
  const buckets = new Buckets(context);
  for (const grant of grants) {
    if (grant.class === 'gpio') addGpio(entries, ports.gpio);
    if (grant.class === 'serial' && grant.mode !== 'r') addSerial(entries, ports.serial);
    if (grant.class === 'mqtt' && grant.pub) addMqtt(entries, ports.mqtt);
    if (grant.class === 'time') addTimers(entries, ports.timers);
    if (grant.class === 'kv') {
      addStore(entries, buckets);
      addStoreReads(entries, ports.keyvalue, buckets);
      addStoreWrites(entries, ports.keyvalue, buckets);
    }
  }
  return entries;
}

function addGpio(entries: HostEntries, gpio: GuardedGpio): void {
  entries.set(`${GPIO}#read`, args => asResult(() => gpio.read(textArg(args, 0))));
  entries.set(`${GPIO}#write`, args =>
    asResult(() => gpio.write(textArg(args, 0), stateArg(args, 1))),
  );
  entries.set(`${GPIO}#pulse`, args =>
    asResult(() => gpio.pulse(textArg(args, 0), stateArg(args, 1), u32Arg(args, 2))),
  );
}

function addSerial(entries: HostEntries, serial: SerialPort): void {
  entries.set(`${SERIAL}#write`, args =>
    asResult(() => serial.write(textArg(args, 0), bytesArg(args, 1))),
  );
}

function addMqtt(entries: HostEntries, mqtt: MqttPort): void {
  entries.set(`${MQTT}#publish`, args =>
    asResult(() =>
      mqtt.publish({
        connection: textArg(args, 0),
        topic: textArg(args, 1),
        payload: bytesArg(args, 2),
        qos: qosArg(args, 3),
        retain: boolArg(args, 4),
      }),
    ),
  );
}

function addTimers(entries: HostEntries, timers: TimerService): void {
  entries.set(`${TIMERS}#set-interval`, args =>
    asResult(() => timers.every(textArg(args, 0), u32Arg(args, 1))),
  );
  entries.set(`${TIMERS}#set-timeout`, args =>
    asResult(() => timers.once(textArg(args, 0), u32Arg(args, 1))),
  );
  entries.set(`${TIMERS}#cancel`, args => timers.cancel(textArg(args, 0)));
}

function addStore(entries: HostEntries, buckets: Buckets): void {
  entries.set(`${STORE}#open`, args => asResult(() => buckets.open(textArg(args, 0))));
  entries.set(`${STORE}#[resource-drop]bucket`, args => buckets.drop(u32Arg(args, 0)));
}

function addStoreReads(entries: HostEntries, keyvalue: KeyValuePort, buckets: Buckets): void {
  entries.set(`${STORE}#[method]bucket.get`, args => {
    const namespace = buckets.namespaceOf(args);
    return asResultLater(() => keyvalue.get(namespace, textArg(args, 1)));
  });
  entries.set(`${STORE}#[method]bucket.exists`, args => {
    const namespace = buckets.namespaceOf(args);
    return asResultLater(() => keyvalue.exists(namespace, textArg(args, 1)));
  });
  entries.set(`${STORE}#[method]bucket.list-keys`, args => {
    const namespace = buckets.namespaceOf(args);
    return asResultLater(async () => {
      const page = await keyvalue.listKeys(namespace, optionalTextArg(args, 1));
      return { keys: page.keys, cursor: page.cursor ?? undefined };
    });
  });
}

function addStoreWrites(entries: HostEntries, keyvalue: KeyValuePort, buckets: Buckets): void {
  entries.set(`${STORE}#[method]bucket.set`, args => {
    const namespace = buckets.namespaceOf(args);
    return asResultLater(() => keyvalue.set(namespace, textArg(args, 1), bytesArg(args, 2)));
  });
  entries.set(`${STORE}#[method]bucket.delete`, args => {
    const namespace = buckets.namespaceOf(args);
    return asResultLater(() => keyvalue.delete(namespace, textArg(args, 1)));
  });
}

/** The stores that one instance has open, by the representation its handles carry. */
class Buckets {
  readonly #context: GuardContext;
  readonly #open = new Map<number, string>();
  #next = 1;

  constructor(context: GuardContext) {
    this.#context = context;
    context.open.add(() => this.#open.clear());
  }

  open(namespace: string): number {
    requireNamespace(this.#context, namespace);
    if (this.#open.size >= BUCKETS_OPEN_MAX) {
      throw new KeyValueError('KV_QUOTA', `${BUCKETS_OPEN_MAX} stores are open already`);
    }
    while (this.#open.has(this.#next)) this.#next = (this.#next % 0x7fff_ffff) + 1;
    const representation = this.#next;
    this.#open.set(representation, namespace);
    this.#next = (this.#next % 0x7fff_ffff) + 1;
    return representation;
  }

  drop(representation: number): void {
    if (!this.#open.delete(representation) && !this.#context.closed) throw unknownBucket();
  }

  /** Numbers are forged more easily than handles: only our own count. */
  namespaceOf(args: readonly unknown[]): string {
    const namespace = this.#open.get(u32Arg(args, 0));
    if (namespace === undefined) throw unknownBucket();
    return namespace;
  }
}

function unknownBucket(): ComponentError {
  return new ComponentError('COMPONENT_ARGUMENT', 'the store is not open');
}
