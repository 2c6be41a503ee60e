import { formatGrant } from '../../capabilities/grammar/index.ts';
import { type ActorStatus, describeEnd } from '../actors/actor-types.ts';
import type {
  ControllerReport,
  ListReport,
  SlotReport,
  SlotsReport,
  StatusReport,
} from '../control/reports.ts';
import type { AdmittedController } from '../deploy/admission.ts';
import type { SlotName, SlotRecord } from '../deploy/slot-record.ts';
import type { Release } from '../manifest/release.ts';
import type { VendorHostStatus } from '../ports/component-host.ts';
import type { MqttConnectionState } from '../ports/mqtt.ts';
import type { Root } from '../trust/root.ts';
import { isExpired } from '../trust/time.ts';

/** What a report tells of the running release; a LiveRelease has this shape. */
export interface ReportedRelease {
  readonly release: Pick<Release, 'name' | 'version' | 'sequence'>;
  readonly slot: SlotName;
  readonly units: readonly { readonly admitted: Pick<AdmittedController, 'spec' | 'grants'> }[];
  controllers(): readonly ActorStatus[];
}

/** All that a status is made from. Pure: a picture in, a report out. */
export interface GatewayPicture {
  readonly gateway: string;
  readonly runtimeVersion: string;
  readonly startedMs: number;
  readonly nowMs: number;
  /** Seconds since 1970, at least. */
  readonly nowS: number;
  readonly record: SlotRecord;
  readonly live: ReportedRelease | null;
  /** The first is there always. */
  readonly hosts: readonly VendorHostStatus[];
  readonly mqtt: readonly MqttConnectionState[];
  /** Serial ports that should be open. */
  readonly serial: readonly SerialPortState[];
  readonly notices: readonly string[];
  /** What is wrong with the state directory, in words. */
  readonly troubles: readonly string[];
  /** The root in force. */
  readonly root: Pick<Root, 'version' | 'expiresS'>;
  /** Why the gateway runs and installs nothing until a person has acted, or null. */
  readonly standstill: string | null;
  readonly lastChange: { readonly what: string; readonly atMs: number } | null;
}

/** What a status tells of a serial port. */
export interface SerialPortState {
  readonly label: string;
  readonly open: boolean;
  readonly lastError: string | null;
}

/** Returns the answer of `status`. */
export function statusReport(picture: GatewayPicture): StatusReport {
  const { record, live, hosts, mqtt, nowMs, lastChange } = picture;
  const actors = live?.controllers() ?? [];
  const controllers = actors.map(actor => controllerReport(actor, live, nowMs));
  const dark = [...darkness(picture), ...missingWalls(hosts)];
  const problems = [
    ...dark,
    ...picture.troubles.map(what => ({ subject: 'state', what, fix: null })),
    ...expiredRoot(picture),
    ...controllers.flatMap(problemOf),
    ...mqtt.flatMap(connection =>
      connection.connected
        ? []
        : [
            {
              subject: `mqtt ${connection.connection}`,
              what:
                `not connected to ${connection.address}: ` +
                `${connection.lastError ?? 'no answer yet'}`,
              fix: null,
            },
          ],
    ),
    ...picture.serial.flatMap(({ label, open, lastError }) =>
      open ? [] : [{ subject: `serial ${label}`, what: lastError ?? 'not open yet', fix: null }],
    ),
    ...hosts.flatMap(host =>
      host.state === 'running' || host.state === 'starting'
        ? []
        : [{ subject: subjectOf(host, hosts), what: `is ${host.state}`, fix: null }],
    ),
  ];
  const down = hosts.flatMap(({ walls }) => walls.filter(wall => wall.state !== 'up'));
  const notices = [...picture.notices];
  if (down.length > 0) {
    const names = [...new Set(down.map(wall => wall.name))];
    notices.push(`walls that do not stand: ${names.join(', ')}`);
  }
  if (live === null && dark.length === 0) notices.push('no release is installed; install one');
  return {
    gateway: picture.gateway,
    runtimeVersion: picture.runtimeVersion,
    uptimeMs: Math.max(0, nowMs - picture.startedMs),
    verdict: dark.length > 0 ? 'failing' : verdictOf(controllers, problems.length),
    problems,
    notices,
    root: { version: picture.root.version, expiresS: picture.root.expiresS },
    slots: { a: slotReport(record, 'a'), b: slotReport(record, 'b') },
    controllers,
    ...hostReports(hosts),
    mqtt: [...mqtt],
    lastChange:
      lastChange === null
        ? null
        : { what: lastChange.what, agoMs: Math.max(0, nowMs - lastChange.atMs) },
  };
}

function expiredRoot({ root, nowS }: GatewayPicture): StatusReport['problems'] {
  if (!isExpired(root, nowS)) return [];
  const what = `root ${root.version} has expired: nothing new is installed`;
  return [{ subject: 'trust', what, fix: 'airssys-wasm trust update FILE' }];
}

/** Only the first of several hosts is told of in the way that a single one is. */
function hostReports(
  hosts: readonly VendorHostStatus[],
): Pick<StatusReport, 'host' | 'otherHosts'> {
  const reports = hosts.map(({ vendor, state, pid, starts, walls }) => {
    return { vendor, state, pid, starts, walls: [...walls] };
  });
  const [first, ...others] = reports;
  const { vendor: _, ...host } = first ?? { state: 'stopped', pid: null, starts: 0, walls: [] };
  return others.length === 0 ? { host } : { host, otherHosts: others };
}

/** A wall that somebody demanded is no notice: nothing runs without it. */
function missingWalls(hosts: readonly VendorHostStatus[]): StatusReport['problems'] {
  return hosts.flatMap(host =>
    host.missingWalls.map(words => ({
      subject: subjectOf(host, hosts),
      what: `HOST_WALLS_MISSING: the configuration demands ${words}`,
      fix: 'airssys-wasm status --walls',
    })),
  );
}

function subjectOf({ vendor }: VendorHostStatus, hosts: readonly VendorHostStatus[]): string {
  return hosts.length === 1 || vendor === null ? 'component-host' : `component-host of ${vendor}`;
}

/** Why the gateway does nothing of what it is for, although something was committed. */
function darkness({ record, live, standstill }: GatewayPicture): StatusReport['problems'] {
  if (standstill !== null) return [{ subject: 'state', what: standstill, fix: null }];
  const entry = record.active === null ? null : record.slots[record.active];
  if (entry === null || live !== null) return [];
  const what = `${entry.version} is in slot ${record.active} and does not run`;
  return [{ subject: entry.name, what, fix: 'airssys-wasm logs' }];
}

/** Returns the answer of `slots`. */
export function slotsReport(record: SlotRecord): SlotsReport {
  return {
    a: slotReport(record, 'a'),
    b: slotReport(record, 'b'),
    triesLeft: record.trial?.triesLeft ?? null,
    lastCause: record.lastCause,
    bad: [...record.bad],
  };
}

/** Returns the answer of `list`. */
export function listReport(live: ReportedRelease | null): ListReport {
  if (live === null) return { release: null, controllers: [] };
  const { name, version, sequence } = live.release;
  const states = new Map(live.controllers().map(actor => [actor.name, actor.state.at]));
  return {
    release: { name, version, sequence, slot: live.slot },
    controllers: live.units.map(({ admitted: { spec, grants } }) => ({
      name: spec.name,
      version: spec.version,
      state: states.get(spec.name) ?? 'idle',
      digest: spec.digest,
      sizeBytes: spec.sizeBytes,
      parts: spec.parts.map(({ name, digest, sizeBytes }) => ({ name, digest, sizeBytes })),
      grants: grants.map(formatGrant).sort(),
    })),
  };
}

function slotReport(record: SlotRecord, slot: SlotName): SlotReport | null {
  const entry = record.slots[slot];
  if (entry === null) return null;
  const { name, version, sequence, manifestDigest, state } = entry;
  return {
    name,
    version,
    sequence,
    manifestDigest,
    state: record.trial?.slot === slot ? 'trial' : state,
    active: record.active === slot,
  };
}

function controllerReport(
  actor: ActorStatus,
  live: ReportedRelease | null,
  nowMs: number,
): ControllerReport {
  const { state, health, messages, mailbox } = actor;
  const unit = live?.units.find(one => one.admitted.spec.name === actor.name);
  const classes = new Set(unit?.admitted.grants.map(grant => grant.class) ?? []);
  for (const limit of ['mem', 'cpu', 'time'] as const) classes.delete(limit);
  const cause = 'cause' in state ? describeEnd(state.cause) : null;
  return {
    name: actor.name,
    version: actor.version,
    state: state.at,
    forMs: Math.max(0, nowMs - state.sinceMs),
    restartInMs: state.at === 'backoff' ? Math.max(0, state.untilMs - nowMs) : null,
    restarts: actor.restarts,
    attempt: state.at === 'backoff' ? state.attempt : null,
    attemptsMax: actor.intensityMax,
    health: health.kind,
    // What an ended instance said of itself is old news beside why it ended.
    message: cause ?? ('message' in health ? health.message : null),
    memoryBytes: actor.statistics?.memoryBytes ?? null,
    waiting: actor.waiting.messages,
    handled: messages.handled,
    lost:
      messages.failed +
      messages.discarded +
      messages.refused +
      messages.undeliverable +
      mailbox.droppedNewest +
      mailbox.droppedOldest +
      mailbox.droppedOversize,
    capabilities: [...classes].sort(),
  };
}

function problemOf(controller: ControllerReport): StatusReport['problems'] {
  const { name, state, health, message } = controller;
  const because = message === null ? '' : `: ${message}`;
  if (state === 'quarantined') {
    const fix = `airssys-wasm why ${name}`;
    return [{ subject: name, what: `quarantined${because}`, fix }];
  }
  if (state === 'backoff') {
    const what = `restarting ${controller.attempt ?? 0}/${controller.attemptsMax}${because}`;
    return [{ subject: name, what, fix: `airssys-wasm why ${name}` }];
  }
  if (state === 'stopped') {
    return [{ subject: name, what: `stopped${because}`, fix: `airssys-wasm why ${name}` }];
  }
  if (health === 'degraded' || health === 'unhealthy') {
    return [{ subject: name, what: `${health}${because}`, fix: `airssys-wasm logs ${name}` }];
  }
  return [];
}

function verdictOf(
  controllers: readonly ControllerReport[],
  problems: number,
): StatusReport['verdict'] {
  const failing = controllers.some(
    ({ state, health }) => state === 'quarantined' || health === 'unhealthy',
  );
  if (failing) return 'failing';
  return problems > 0 ? 'degraded' : 'ok';
}
