import { PROBED_WALLS, type Wall, type WallName } from '../ports/component-host.ts';

/** What the kernel says of a host process and of the gateway; empty where it does not say. */
export interface KernelFacts {
  readonly gatewayUid: number | undefined;
  /** `/proc/PID/status` of the host and of the gateway. */
  readonly status: string;
  readonly gatewayStatus: string;
  /** `/proc/PID/limits` of the host. */
  readonly limits: string;
  /** `/proc/PID/ns/KIND` of both, by kind. */
  readonly namespaces: ReadonlyMap<string, string>;
  readonly gatewayNamespaces: ReadonlyMap<string, string>;
}

/** Why a wall was not put up; empty where it was. */
export interface WallObstacles {
  readonly uid: string;
  readonly namespaces: string;
  readonly seccomp: string;
}

/** Kinds of namespaces that a host must not share. */
const NAMESPACE_KINDS = ['mnt', 'pid', 'net', 'ipc', 'uts'] as const;

/** Filter mode, in `/proc/PID/status`. */
const SECCOMP_FILTER = '2';

/** Returns the walls that only the kernel can vouch for. What it does not tell is `unknown`. */
export function kernelWalls(facts: KernelFacts, obstacles: WallObstacles): readonly Wall[] {
  const { status } = facts;
  const uid = field(status, 'Uid')?.split(/\s+/)[0];
  const because = (obstacle: string) => (obstacle === '' ? '' : `: ${obstacle}`);
  return [
    wall('own-uid', uid, text => text !== String(facts.gatewayUid), {
      up: text => `runs as uid ${text}`,
      down: text => `runs as uid ${text}, like the gateway${because(obstacles.uid)}`,
    }),
    wall('no-new-privileges', field(status, 'NoNewPrivs'), text => text === '1', {
      up: text => `NoNewPrivs is ${text}`,
    }),
    wall('no-capabilities', field(status, 'CapEff'), text => /^0+$/.test(text), {
      up: text => `CapEff is ${text}`,
    }),
    resourceLimits(facts.limits),
    namespaces(facts, because(obstacles.namespaces)),
    seccomp(facts, because(obstacles.seccomp)),
  ];
}

/**
 * Returns what the probes found, in the light of what the kernel says. A probe cannot tell a
 * namespace of its own from the gateway's: another process may have the gateway's id there, and
 * an empty network refuses a connection as a full one does.
 */
export function judgedProbes(probed: readonly Wall[], facts: KernelFacts): readonly Wall[] {
  const own = (kind: string) => isSeparate(facts, kind) === true;
  return probed
    .filter(({ name }) => PROBED_WALLS.some(known => known === name))
    .map(found => {
      const { name, state } = found;
      if (state !== 'down') return found;
      if (name === 'network' && own('net')) {
        return { name, state: 'up', detail: 'sockets reach a network of its own, an empty one' };
      }
      if (name === 'signals' && own('pid')) {
        return { name, state: 'up', detail: 'signals reach processes of its own' };
      }
      return found;
    });
}

/** Returns which of the demanded walls do not stand, in words; empty when all do. */
export function missingWalls(
  walls: readonly Wall[],
  demanded: readonly WallName[],
): readonly string[] {
  return demanded.flatMap(name => {
    const found = walls.find(wall => wall.name === name);
    if (found?.state === 'up') return [];
    return [`${name} (${found?.detail ?? 'nothing is known of it'})`];
  });
}

function resourceLimits(limits: string): Wall {
  const none = (what: string) => new RegExp(`^${what}\\s+0\\s+0\\s`, 'm').test(limits);
  const stands = none('Max core file size') && none('Max file size');
  const detail = stands ? 'core files and written files of no byte' : 'files may be written';
  return wall('resource-limits', limits === '' ? undefined : detail, () => stands, {
    up: text => text,
  });
}

function namespaces(facts: KernelFacts, because: string): Wall {
  const name = 'namespaces';
  const shared = NAMESPACE_KINDS.filter(kind => isSeparate(facts, kind) === false);
  if (NAMESPACE_KINDS.some(kind => isSeparate(facts, kind) === null)) {
    return { name, state: 'unknown', detail: 'no /proc/PID/ns' };
  }
  if (shared.length === 0) {
    return { name, state: 'up', detail: `${NAMESPACE_KINDS.join(', ')} of its own` };
  }
  return { name, state: 'down', detail: `${shared.join(', ')} are the gateway's${because}` };
}

/** A gateway in a container may be under a filter itself, which the host then has too. */
function seccomp({ status, gatewayStatus }: KernelFacts, because: string): Wall {
  const filters = (text: string) => Number(field(text, 'Seccomp_filters') ?? 0);
  const more = filters(status) - filters(gatewayStatus);
  return wall('seccomp', field(status, 'Seccomp'), mode => mode === SECCOMP_FILTER && more > 0, {
    up: () => `${more} filter of system calls more than the gateway`,
    down: () => `no filter of system calls${because}`,
  });
}

/** Whether the host has a namespace of its own; null where the kernel does not say. */
function isSeparate(facts: KernelFacts, kind: string): boolean | null {
  const own = facts.namespaces.get(kind);
  const gateways = facts.gatewayNamespaces.get(kind);
  return own === undefined || gateways === undefined ? null : own !== gateways;
}

function field(status: string, name: string): string | undefined {
  return new RegExp(`^${name}:\\s*(.+?)\\s*$`, 'm').exec(status)?.[1];
}

function wall(
  name: WallName,
  value: string | undefined,
  stands: (value: string) => boolean,
  words: { readonly up: (value: string) => string; readonly down?: (value: string) => string },
): Wall {
  if (value === undefined) return { name, state: 'unknown', detail: 'nothing in /proc/PID' };
  return stands(value)
    ? { name, state: 'up', detail: words.up(value) }
    : { name, state: 'down', detail: (words.down ?? words.up)(value) };
}
