import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as v from 'valibot';
import { type Broker, startBroker } from '../../drivers/broker/broker.ts';
import type { ControlClient } from '../../runtime/control/client-io.ts';
import { installedSchema, type StatusReport, statusSchema } from '../../runtime/control/reports.ts';
import { buildGuests } from '../../scripts/guests.ts';
import { type Daemon, startDaemon } from '../../scripts/start/daemon.ts';
import { buildPrograms } from '../../scripts/start/programs.ts';
import { makeSite, signReleaseText } from '../../scripts/start/site.ts';
import { PROJECT } from './programs.ts';

const INSTALL_MS = 300_000;
const ASK_MS = 30_000;
const STATE_MS_MAX = 60_000;
const POLL_MS = 50;

/** A controller of a benchmark's release. */
export interface BenchController {
  readonly name: string;
  readonly guest: string;
  readonly grants: readonly string[];
}

/** gatewayd and component-host in processes of their own, from their bundles, and a broker here. */
export interface RealGateway {
  readonly daemon: Daemon;
  readonly broker: Broker;
  readonly client: ControlClient;
  status(): Promise<StatusReport>;
}

/**
 * Starts a gateway that runs these controllers, lets `use` work with it and removes everything.
 * Without controllers nothing is installed.
 */
export async function withRealGateway<T>(
  controllers: readonly BenchController[],
  use: (gateway: RealGateway) => Promise<T>,
): Promise<T> {
  const programs = await buildPrograms(PROJECT);
  const folder = await mkdtemp(join(tmpdir(), 'bench-gw-'));
  const undo: (() => unknown)[] = [() => rm(folder, { recursive: true, force: true })];
  try {
    const broker = await startBroker();
    undo.push(() => broker.close());
    const site = await makeSite({
      folder,
      brokerPort: broker.port,
      template: join(PROJECT, 'firmware-manifests/gateway.sim.toml'),
      extra: overrides(controllers),
    });
    const daemon = await startDaemon({ ...site, programs, logLevel: 'warn' });
    undo.push(() => daemon.stop());
    const client = await daemon.connect();
    undo.push(() => client.close());
    const gateway: RealGateway = {
      daemon,
      broker,
      client,
      status: () =>
        client.ask({ method: 'status', params: {} }, statusSchema, { timeoutMs: ASK_MS }),
    };
    if (controllers.length > 0) {
      const file = await releaseFile(controllers);
      await install(client, await signReleaseText(file.text, file.path, site.key));
    }
    await untilReady(gateway, controllers.length);
    return await use(gateway);
  } finally {
    for (const task of undo.reverse()) await task();
  }
}

/** No simulated meter: it would be a third process, and send lines that nobody wants. */
function overrides(controllers: readonly BenchController[]): string {
  const policies = controllers.map(
    ({ name, grants }) =>
      `[[policy]]\ncontroller = "${name}"\ngrants = ${JSON.stringify([...grants, ...BASE_GRANTS])}`,
  );
  const simulation = '[simulation]\nmeter-port = "none"';
  return ['[trial]\nsoak-ms = 0\ndeadline-ms = 240000', simulation, ...policies].join('\n\n');
}

const BASE_GRANTS = ['mem:256KiB', 'cpu:call[<=5s]'];

async function releaseFile(
  controllers: readonly BenchController[],
): Promise<{ readonly text: string; readonly path: string }> {
  const paths = await buildGuests([...new Set(controllers.map(({ guest }) => guest))]);
  const head = `name = "bench"
sequence = 1
version = "0.1.0"
vendor = "example.com"
class = "sim-gateway"
minimum-runtime = "0.1.0"
`;
  const tables = controllers.map(({ name, guest, grants }) => {
    const component = JSON.stringify(paths.get(guest) ?? guest);
    const requests = [...grants, ...BASE_GRANTS].map(
      grant => `[[controller.request]]\ngrant = ${JSON.stringify(grant)}\nreason = "Measured"`,
    );
    const own = `[[controller]]\nname = "${name}"\nversion = "0.1.0"\ncomponent = ${component}`;
    return [own, ...requests].join('\n\n');
  });
  return { text: [head, ...tables].join('\n\n'), path: join(PROJECT, 'release.toml') };
}

async function install(client: ControlClient, envelope: Uint8Array): Promise<void> {
  await client.ask(
    { method: 'install', params: { sizeBytes: envelope.length, wait: true } },
    installedSchema,
    { timeoutMs: INSTALL_MS, upload: envelope },
  );
}

async function untilReady(gateway: RealGateway, controllers: number): Promise<void> {
  const untilMs = performance.now() + STATE_MS_MAX;
  for (;;) {
    const status = await gateway.status();
    const running = status.controllers.filter(({ state }) => state === 'running').length;
    const connected = status.mqtt.every(each => each.connected);
    if (running === controllers && connected && status.host.state === 'running') return;
    if (performance.now() > untilMs) {
      throw new Error(`${running} of ${controllers} controllers run:\n${gateway.daemon.output()}`);
    }
    await new Promise(resolve => setTimeout(resolve, POLL_MS));
  }
}

/** Calls `onChange` with each change of these lines until the client is closed. */
export function watchLines(
  client: ControlClient,
  labels: readonly string[],
  onChange: (value: unknown) => void,
): void {
  client
    .ask({ method: 'watch', params: { labels: [...labels] } }, v.unknown(), {
      timeoutMs: null,
      onEvent: onChange,
    })
    // The end of the connection ends it.
    .catch(() => undefined);
}
