import {
  applySafeState,
  type DeliveryHandlers,
  type GatewayGuards,
  type GuardableDrivers,
  openCapabilities,
  safeOutputs,
} from '../../capabilities/guards/index.ts';
import { contractImports, exportIds } from '../../wit/generated/contract.ts';
import type { ActorMessage, ActorState, StartReason } from '../actors/actor-types.ts';
import { ControllerActor } from '../actors/controller-actor.ts';
import { guestText } from '../actors/health.ts';
import type { StartGate } from '../actors/start-gate.ts';
import { errorMessage } from '../base/errors.ts';
import type { ComponentShape } from '../base/value-type.ts';
import type { AdmittedController } from '../deploy/admission.ts';
import type { SlotName } from '../deploy/slot-record.ts';
import { guestLevel } from '../monitoring/log.ts';
import type { Clock } from '../ports/clock.ts';
import type {
  ComponentHostPort,
  ComponentHosts,
  ComponentInstance,
  PreparedComponent,
} from '../ports/component-host.ts';
import type { Log } from '../ports/log.ts';
import type { Random } from '../ports/random.ts';

/**
 * One controller of the running release, wired: its actor, its deliveries, the import object of
 * each of its instances, and the safe state of its outputs.
 */
export interface ControllerUnit {
  readonly actor: ControllerActor;
  readonly admitted: AdmittedController;
  /** Begins to listen to what the grants name; messages wait in the mailbox until it runs. */
  listen(): void;
  /** Stops listening and forgets the compiled component. The actor must have stopped. */
  close(): void;
}

/** What every controller of a gateway is wired to. */
export interface UnitSurroundings {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly hosts: ComponentHosts;
  readonly guards: GatewayGuards;
  readonly drivers: GuardableDrivers;
  readonly gate: StartGate;
  /** Returns the number of the next instance of a controller, rising over the gateway's life. */
  readonly nextInstance: (controller: string) => bigint;
}

/**
 * Told of a change of state, or of health with null. `lastWords` is the first line of the last
 * error that the present or last instance logged, or null.
 */
export type UnitChange = (name: string, state: ActorState | null, lastWords: string | null) => void;

/** What one controller is wired from. */
export interface UnitParts {
  readonly admitted: AdmittedController;
  /** The process that the component was prepared in. */
  readonly host: ComponentHostPort;
  readonly component: PreparedComponent;
  readonly shape: ComponentShape;
  readonly slot: SlotName;
  readonly firstReason: Exclude<StartReason, 'restart'>;
  readonly previousVersion: string | undefined;
  readonly onChange: UnitChange;
}

/** What an instance logged last as an error: a thrown message, before the trap that follows. */
interface LastWords {
  line: string | null;
}

/** Calls of one instance sent and not yet answered. */
const CALLS_IN_FLIGHT_MAX = 32;
/** Compilation is done before; this is for a worker to start and instantiate. */
const ACTIVATION_DEADLINE_MS = 10_000;
const STOP_DEADLINE_MS = 1_000;
/** What a message costs in a mailbox beside its bytes. */
const MESSAGE_OVERHEAD_BYTES = 128;

const EDGE = 'airssys:gpio/edge-handler@0.1.0';
const FRAME = 'airssys:serial/data-handler@0.1.0';
const MESSAGE = 'airssys:mqtt/message-handler@0.1.0';
const LIFECYCLE = {
  start: exportIds['airssys:lifecycle/controller@0.1.0#start'],
  stop: exportIds['airssys:lifecycle/controller@0.1.0#stop'],
  health: exportIds['airssys:lifecycle/controller@0.1.0#health'],
};

/** Wires one controller. Nothing runs before the actor is started. */
export function wireController(around: UnitSurroundings, parts: UnitParts): ControllerUnit {
  const { admitted, component } = parts;
  const { spec, grants } = admitted;
  const words: LastWords = { line: null };
  const actor = new ControllerActor({
    spec,
    ids: LIFECYCLE,
    options: {
      firstReason: parts.firstReason,
      previousVersion: parts.previousVersion,
      generationBefore: 0n,
      callsInFlightMax: CALLS_IN_FLIGHT_MAX,
      activationDeadlineMs: ACTIVATION_DEADLINE_MS,
      stopDeadlineMs: STOP_DEADLINE_MS,
    },
    ports: {
      clock: around.clock,
      random: around.random,
      log: around.log,
      audit: around.guards.audit,
      gate: around.gate,
    },
    hooks: {
      activate: () => activateInstance(around, parts, actor, words),
      onSafeState: () => driveSafe(around, admitted),
      onState: state => parts.onChange(spec.name, state, words.line),
      onHealth: () => parts.onChange(spec.name, null, words.line),
    },
  });

  // Deliveries belong to the controller, not to an instance: what arrives during a restart waits.
  const ears = openCapabilities({
    contract: [],
    controller: { name: spec.name, version: spec.version, instance: 0n },
    grants,
    gateway: around.guards,
    drivers: around.drivers,
    onTick: () => undefined,
  });
  return {
    actor,
    admitted,
    listen: () => {
      for (const { grant, reason } of ears.startDeliveries(deliveries(actor, parts.shape))) {
        const words = `nothing will arrive through ${grant}: ${reason}`;
        around.log.write('error', 'gateway', words, { controller: spec.name });
      }
    },
    close: () => {
      ears.close();
      component.release();
    },
  };
}

/** Makes one running copy with guards of its own. */
async function activateInstance(
  around: UnitSurroundings,
  { admitted, host, component, slot }: UnitParts,
  actor: ControllerActor,
  words: LastWords,
): Promise<ComponentInstance> {
  const { spec, grants, limits } = admitted;
  words.line = null;
  const instance = around.nextInstance(spec.name);
  const imports = openCapabilities({
    contract: contractImports,
    controller: { name: spec.name, version: spec.version, instance },
    grants,
    gateway: around.guards,
    drivers: around.drivers,
    onTick: tick => deliverTick(actor, tick),
  });
  try {
    const running = await host.activate({
      component,
      snapshot: {
        identity: { name: spec.name, version: spec.version, slot, instance },
        granted: imports.granted,
        config: spec.config,
      },
      limits: { ...limits, callsInFlightMax: CALLS_IN_FLIGHT_MAX },
      onHostCall: imports.onHostCall,
      onLog: (level, context, message) => {
        const text = context === '' ? message : `${context}: ${message}`;
        const known = guestLevel(level);
        if (known === 'error' || known === 'critical') words.line = guestText(firstLine(text));
        around.log.write(known, `controller/${spec.name}`, text);
      },
    });
    // Rights end with the instance, whoever ended it, and before anybody else learns of the end.
    void running.ended.then(() => imports.close());
    return running;
  } catch (error) {
    imports.close();
    throw error;
  }
}

function firstLine(text: string): string {
  return text.slice(0, text.search(/[\r\n]|$/));
}

/** Drives the outputs of a controller to their safe values, past its guards. */
function driveSafe(around: UnitSurroundings, { spec, grants }: AdmittedController): void {
  const failures = applySafeState({
    actor: 'gateway',
    outputs: safeOutputs(grants, around.guards.board),
    gpio: around.drivers.gpio,
    lines: around.guards.lines,
    audit: around.guards.audit,
    clock: around.clock,
  });
  for (const { label, error } of failures) {
    const words = `output "${label}" could not be driven safe: ${errorMessage(error)}`;
    around.log.write('critical', 'gateway', words, { controller: spec.name });
  }
}

function deliveries(actor: ControllerActor, shape: ComponentShape): DeliveryHandlers {
  const exported = new Set(shape.exports.map(({ name }) => name));
  return {
    ...(exported.has(EDGE) && {
      onEdge: event => {
        deliver(actor, exportIds[`${EDGE}#on-edge`], event, `gpio ${event.label}`, 0);
      },
    }),
    ...(exported.has(FRAME) && {
      onFrame: frame => {
        const bytes = frame.bytes.length;
        deliver(actor, exportIds[`${FRAME}#on-frame`], frame, `serial ${frame.label}`, bytes);
      },
    }),
    ...(exported.has(MESSAGE) && {
      onMessage: message => {
        const what = `mqtt ${message.connection}/${message.topic}`;
        const bytes = message.payload.length + message.topic.length;
        deliver(actor, exportIds[`${MESSAGE}#on-message`], message, what, bytes);
      },
    }),
  };
}

function deliver(
  actor: ControllerActor,
  functionId: number,
  value: unknown,
  what: string,
  payloadBytes: number,
): void {
  const bytes = MESSAGE_OVERHEAD_BYTES + payloadBytes;
  actor.deliver({ functionId, args: [value], bytes, what });
}

/** Queues a tick; the promise is open while it waits, so that later ones are merged meanwhile. */
function deliverTick(
  actor: ControllerActor,
  tick: { readonly name: string },
): Promise<void> | undefined {
  const { promise, resolve } = Promise.withResolvers<void>();
  const message: ActorMessage = {
    functionId: exportIds['airssys:timer/tick-handler@0.1.0#on-tick'],
    args: [tick],
    bytes: MESSAGE_OVERHEAD_BYTES,
    what: `timer ${tick.name}`,
    settled: resolve,
  };
  return actor.deliver(message) ? promise : undefined;
}
