/**
 * What one instance can call. It starts empty; each effective grant adds the entries that its class
 * opens, each behind a guard; a call without an entry is answered `denied`.
 */
import type { FunctionShape, InterfaceShape } from '../../runtime/base/value-type.ts';
import type { HostCallHandler } from '../../runtime/ports/component-host.ts';
import { ComponentError } from '../../runtime/ports/component-host.ts';
import type { GpioPort } from '../../runtime/ports/gpio.ts';
import type { KeyValuePort } from '../../runtime/ports/keyvalue.ts';
import type { MqttPort } from '../../runtime/ports/mqtt.ts';
import type { SerialPort } from '../../runtime/ports/serial.ts';
import type { Grant } from '../grammar/index.ts';
import type { DeliveryFailure, DeliveryHandlers } from './deliveries.ts';
import { startDeliveries } from './deliveries.ts';
import { guardGpio } from './gpio-guard.ts';
import type { ControllerIdentity, GatewayGuards } from './guard-context.ts';
import { GuardContext } from './guard-context.ts';
import type { GuardedPorts, HostEntries, HostEntry } from './host-entries.ts';
import { hostEntries } from './host-entries.ts';
import { guardKeyValue } from './keyvalue-guard.ts';
import { denyMissing } from './missing-entry.ts';
import { guardMqtt } from './mqtt-guard.ts';
import { guardSerial } from './serial-guard.ts';
import type { OnTick } from './timer-service.ts';
import { TimerService } from './timer-service.ts';

/** The drivers that guards are put in front of. */
export interface GuardableDrivers {
  readonly gpio: GpioPort;
  readonly serial: SerialPort;
  readonly mqtt: MqttPort;
  readonly keyvalue: KeyValuePort;
}

/** What `buildImportObject` puts together. */
export interface ImportObjectParts {
  /** The contract's imports; a function's index in the flat list is its id. */
  readonly contract: readonly InterfaceShape[];
  readonly context: GuardContext;
  readonly grants: readonly Grant[];
  readonly ports: GuardedPorts;
  /** Functions that need no grant, by `PACKAGE/INTERFACE#FUNCTION` without version. */
  readonly ungranted?: HostEntries;
}

/** The import object of one instance. */
export interface ImportObject {
  readonly onHostCall: HostCallHandler;
  /** Effective grants in canonical text, sorted. */
  readonly granted: readonly string[];
  /** Starts what the grants let the controller hear. Once. */
  startDeliveries(handlers: DeliveryHandlers): readonly DeliveryFailure[];
  /** Ends timers, pulses, subscriptions and stores; every later call is refused. */
  close(): void;
}

interface Slot {
  readonly name: string;
  readonly shape: FunctionShape;
  readonly entry: HostEntry | undefined;
}

/** Returns the import object over guarded ports. */
export function buildImportObject(parts: ImportObjectParts): ImportObject {
  const { contract, context, grants, ports } = parts;
  const entries = hostEntries(grants, ports, context);
  const slots: readonly Slot[] = contract.flatMap(({ name: versioned, functions }) =>
    functions.map(shape => {
      const name = `${withoutVersion(versioned)}#${shape.name}`;
      return { name, shape, entry: entries.get(name) ?? parts.ungranted?.get(name) };
    }),
  );
  return {
    onHostCall: (functionId, args) => {
      const slot = slots[functionId];
      if (slot === undefined) {
        throw new ComponentError('COMPONENT_ARGUMENT', `there is no host function ${functionId}`);
      }
      if (slot.entry === undefined || context.closed) {
        return denyMissing(context, slot.name, slot.shape, args);
      }
      return slot.entry(args);
    },
    granted: context.granted,
    startDeliveries: handlers => startDeliveries({ grants, ports, context, handlers }),
    close: () => context.close(),
  };
}

/** Puts guards in front of the drivers for one instance and returns its import object. */
export function openCapabilities(parts: {
  readonly contract: readonly InterfaceShape[];
  readonly controller: ControllerIdentity;
  readonly grants: readonly Grant[];
  readonly gateway: GatewayGuards;
  readonly drivers: GuardableDrivers;
  readonly onTick: OnTick;
  readonly ungranted?: HostEntries;
}): ImportObject {
  const { contract, grants, drivers } = parts;
  const context = new GuardContext(parts.controller, grants, parts.gateway);
  const ports: GuardedPorts = {
    gpio: guardGpio(drivers.gpio, context),
    serial: guardSerial(drivers.serial, context),
    mqtt: guardMqtt(drivers.mqtt, context),
    keyvalue: guardKeyValue(drivers.keyvalue, context),
    timers: new TimerService(context, parts.onTick),
  };
  const ungranted = parts.ungranted === undefined ? {} : { ungranted: parts.ungranted };
  return buildImportObject({ contract, context, grants, ports, ...ungranted });
}

function withoutVersion(name: string): string {
  const at = name.indexOf('@');
  return at < 0 ? name : name.slice(0, at);
}
