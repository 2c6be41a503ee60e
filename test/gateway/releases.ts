import { join } from 'node:path';
import { stringify } from 'smol-toml';
import type { PrivateKey } from '../../runtime/signing/ed25519.ts';
import { buildGuests } from '../../scripts/guests.ts';
import { signReleaseText } from '../../scripts/start/site.ts';

/** A controller of a release that a test builds. */
export interface ControllerParts {
  readonly name: string;
  /** A guest's name, or the absolute path of a component. */
  readonly component: string;
  readonly version?: string;
  /** The release's unless given. */
  readonly vendor?: string;
  readonly config?: Readonly<Record<string, string>>;
  /** Grants beside memory and call deadline. */
  readonly grants?: readonly string[];
  /** Grants that the release can do without. */
  readonly optionalGrants?: readonly string[];
  /** Bytes with unit; 1 MiB unless given. */
  readonly memory?: string;
  /** A duration with unit; one second unless given. */
  readonly deadline?: string;
  readonly restart?: Readonly<Record<string, string | number>>;
  readonly mailbox?: Readonly<Record<string, string | number>>;
  /** Components are absolute paths. */
  readonly parts?: readonly { name: string; component: string; memory: string }[];
  readonly links?: readonly { importer?: string; interface: string; exporter: string }[];
  /** Further keys of its table in `release.toml`. */
  readonly more?: Readonly<Record<string, unknown>>;
}

/** A release that a test builds. */
export interface ReleaseParts {
  readonly gatewayClass?: string;
  readonly name?: string;
  readonly version?: string;
  readonly sequence?: number;
  readonly controllers: readonly ControllerParts[];
  /** Further keys of `release.toml`. */
  readonly more?: Readonly<Record<string, unknown>>;
}

const GUESTS = join(import.meta.dirname, '../../build/guests');

/** Returns the text of a release. */
export function releaseText(parts: ReleaseParts): string {
  return stringify({
    name: parts.name ?? 'test-site',
    sequence: parts.sequence ?? 1,
    version: parts.version ?? '1.0.0',
    vendor: 'example.com',
    class: parts.gatewayClass ?? 'sim-gateway',
    'minimum-runtime': '0.1.0',
    ...parts.more,
    controller: parts.controllers.map(controllerTable),
  });
}

/** Returns the envelope of a release, signed; its guests are built first. */
export async function signedRelease(parts: ReleaseParts, key: PrivateKey): Promise<Uint8Array> {
  const guests = parts.controllers.map(({ component }) => component).filter(isGuest);
  await buildGuests([...new Set(guests)]);
  return signReleaseText(releaseText(parts), join(GUESTS, 'release.toml'), key);
}

/** A controller that drives `pump` by the payload of `site/relay/pump`. */
export const RELAY: ControllerParts = {
  name: 'relay',
  component: 'bench-relay',
  grants: ['gpio:pump[dir=out]', 'mqtt:main/site/relay/pump[sub]'],
};

/** A controller that does as `site/culprit/do` says; `on` switches `heater` on. */
export const CULPRIT: ControllerParts = {
  name: 'culprit',
  component: 'misbehaves',
  grants: ['gpio:heater[dir=out]', 'mqtt:main/site/culprit/do[sub]', 'mqtt:main/site/flood[pub]'],
};

/** Policy of the controllers that tests bring, in addition to those of `gateway.sim.toml`. */
export const TEST_POLICY = `
[[policy]]
controller = "relay"
grants = [
  "gpio:pump[dir=out]",
  "mqtt:main/site/relay/pump[sub]",
  "mem:8MiB",
  "cpu:call[<=5s]",
]

[[policy]]
controller = "culprit"
grants = [
  "gpio:heater[dir=out]",
  "mqtt:main/site/culprit/+[sub]",
  "mqtt:main/site/flood[pub]",
  "mem:32MiB",
  "cpu:call[<=5s]",
]
`;

function controllerTable(parts: ControllerParts) {
  const { memory = '1MiB', deadline = '1s', component } = parts;
  const needed = [...(parts.grants ?? []), `mem:${memory}`, `cpu:call[<=${deadline}]`];
  return {
    name: parts.name,
    version: parts.version ?? '1.0.0',
    ...parts.more,
    ...(parts.vendor !== undefined && { vendor: parts.vendor }),
    component: isGuest(component) ? `${component}.wasm` : component,
    'health-interval': '1s',
    config: parts.config ?? {},
    part: parts.parts ?? [],
    link: parts.links ?? [],
    restart: parts.restart ?? {},
    mailbox: parts.mailbox ?? {},
    request: [
      ...needed.map(grant => ({ grant, reason: 'a test' })),
      ...(parts.optionalGrants ?? []).map(grant => ({ grant, reason: 'a test', optional: true })),
    ],
  };
}

function isGuest(component: string): boolean {
  return !component.startsWith('/');
}
