import {
  KvUsage,
  LineRegistry,
  QuotaLedger,
  sizesByReading,
} from '../../capabilities/guards/index.ts';
import { openMqttConnections } from '../../drivers/mqtt/mqtt-connections.ts';
import { contractDigest, exportFunctions, importFunctions } from '../../wit/generated/contract.ts';
import { StartGate } from '../actors/start-gate.ts';
import { spawnComponentHost } from '../components/component-host-io.ts';
import { hostBounds } from '../components/host-cgroup.ts';
import { openHostCgroups } from '../components/host-cgroup-io.ts';
import { createHostPool } from '../components/host-pool.ts';
import type { GatewayConfig } from '../manifest/gateway-config.ts';
import type { ComponentHosts } from '../ports/component-host.ts';
import type { MqttPort } from '../ports/mqtt.ts';
import { openKeyValueStore } from '../storage/key-value-store-io.ts';
import { StoreOnDemand } from '../storage/store-on-demand.ts';
import { namedConnections } from './broker-identity.ts';
import type { Closing } from './closing.ts';
import type { UnitSurroundings } from './controller-unit.ts';
import type { Foundation } from './foundation.ts';
import { type Hardware, openHardware } from './hardware.ts';
import type { GatewaySettings } from './settings-io.ts';

/** Drivers, guards and the process that runs guests, wired for controllers to come. */
export interface Engine {
  readonly hardware: Hardware;
  readonly mqtt: MqttPort;
  readonly hosts: ComponentHosts;
  readonly surroundings: UnitSurroundings;
}

/** Topics of the gateway itself; no grant reaches them. */
const RESERVED_TOPICS = ['airssys/#'];

/** Opens drivers, storage and component-host. */
export async function openEngine(
  { config, board }: GatewaySettings,
  foundation: Foundation,
  closing: Closing,
): Promise<Engine> {
  const { clock, random, log, audit, state } = foundation;
  const { keyvalueFile: file } = state;
  const { storeBytesMax } = config.limits;
  // What is gone with a damaged store takes no room any more.
  const onDamage = () => usage.forget();
  const open = () => openKeyValueStore({ file, storeBytesMax, clock, log, onDamage });
  const keyvalue = new StoreOnDemand({ open, clock, log });
  const usage = new KvUsage(sizesByReading(keyvalue));
  closing.add(() => keyvalue.close());
  const { simulation } = config;
  const hardware = await openHardware({ board, simulation, clock, random, log });
  closing.add(() => hardware.close());
  const { files } = foundation;
  const named = await namedConnections(config, { files, random, folder: state.root });
  if (named.notice !== null) log.write('info', 'gateway', named.notice);
  const mqtt = openMqttConnections({ connections: named.connections, clock, random, log });
  closing.add(() => mqtt.close());
  const hosts = openHosts(config, foundation);
  closing.add(() => hosts.close());
  const surroundings: UnitSurroundings = {
    clock,
    random,
    log,
    hosts,
    gate: new StartGate(),
    drivers: { gpio: hardware.gpio, serial: hardware.serial, mqtt, keyvalue },
    guards: {
      board,
      reservedTopics: RESERVED_TOPICS,
      reservedPorts: [],
      quotas: new QuotaLedger(),
      lines: new LineRegistry(clock.monotonicMs()),
      usage,
      audit,
      unrecorded: () => (config.auditRequired ? foundation.auditTrouble() : null),
      clock,
    },
    nextInstance: state.nextInstance,
  };
  return { hardware, mqtt, hosts, surroundings };
}

/** Starts the first host process, and is ready to start more. */
function openHosts(config: GatewayConfig, foundation: Foundation): ComponentHosts {
  const { clock, random, log } = foundation;
  const cgroups = openHostCgroups();
  const slots = config.limits.controllersMax + SPARE_SLOTS;
  const bounds = hostBounds(slots, config.limits.memoryBytesMax);
  return createHostPool({
    perVendor: config.hostPerVendor,
    spawn: name =>
      spawnComponentHost({
        contract: { imports: importFunctions, exports: exportFunctions, digest: contractDigest },
        clock,
        random,
        slots,
        hostUid: config.hostUid,
        cgroup: cgroups.make(name, bounds),
        requiredWalls: config.requiredWalls,
        onViolation: message => tellViolation(foundation, message),
        onOutput: line => log.write('info', 'component-host', line),
      }),
  });
}

/** A worker on its way out and the warm one waiting each hold a slot for a moment. */
const SPARE_SLOTS = 2;

/** component-host broke the protocol: it was killed, and somebody has to know. */
function tellViolation({ log, audit }: Foundation, message: string): void {
  log.write('critical', 'gateway', `component-host was killed: ${message}`, {
    code: 'HOST_VIOLATION',
  });
  audit.record({
    actor: 'gateway',
    action: 'host.violation',
    resource: 'component-host',
    decision: 'event',
    grant: null,
    reason: message,
  });
}
