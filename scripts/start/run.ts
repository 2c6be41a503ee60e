/**
 * `npm start`: the whole main job on this machine, without hardware, root or anything installed.
 * Builds the example controllers, signs them with a throwaway key, starts a broker and a gateway
 * with a simulated board, installs the release and tells what happens. Ctrl-C removes everything.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { connectAsync } from 'mqtt';
import * as v from 'valibot';
import { startBroker } from '../../drivers/broker/broker.ts';
import { errorCode, errorMessage } from '../../runtime/base/errors.ts';
import type { ControlClient } from '../../runtime/control/client-io.ts';
import {
  installedSchema,
  installStepSchema,
  lineChangeSchema,
} from '../../runtime/control/reports.ts';
import { buildGuests } from '../guests.ts';
import { type Daemon, startDaemon } from './daemon.ts';
import { buildPrograms } from './programs.ts';
import { makeSite, type Site, signReleaseFile } from './site.ts';

const PROJECT = join(import.meta.dirname, '../..');
const RELEASE = join(PROJECT, 'firmware-manifests/examples/release.toml');
const TELEMETRY_TOPIC = 'site/telemetry/thermostat';
const INSTALL_MS = 60_000;
const lineEventSchema = v.object({ items: v.array(lineChangeSchema) });

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    seconds: { type: 'string' },
    verbose: { type: 'boolean', short: 'v', default: false },
  },
});
const startedMs = performance.now();

/** One line with the seconds since the start. */
function say(text: string): void {
  const seconds = ((performance.now() - startedMs) / 1_000).toFixed(1).padStart(5);
  process.stdout.write(`${seconds}s  ${text}\n`);
}

async function main(): Promise<void> {
  const stopped = stopSignal();
  say('building the example controllers from source (cached when nothing changed)');
  // Compilers and gateway need nothing of each other until the release is signed.
  const guests = buildGuests(['thermostat', 'pump-guard']);
  guests.catch(() => undefined);
  const programs = await buildPrograms(PROJECT);
  const folder = await mkdtemp(join(tmpdir(), 'airssys-'));
  const undo: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true, force: true })];
  try {
    const broker = await startBroker({ port: Number(values.port) });
    undo.push(() => broker.close());
    say(`broker: mqtt://127.0.0.1:${broker.port} (embedded, loopback only)`);
    const site = await makeSite({
      folder,
      brokerPort: broker.port,
      template: join(PROJECT, 'firmware-manifests/gateway.sim.toml'),
    });
    say('DEVELOPMENT KEY: this run made a throwaway signing key and trusts it. Never do that');
    say('  on a real gateway: make one with `airssys-wasm keygen` and keep it off the machine.');
    const daemon = await startDaemon({
      ...site,
      programs,
      logLevel: values.verbose ? 'debug' : 'info',
      onLine: line => process.stdout.write(`        | ${line}\n`),
    });
    undo.push(() => daemon.stop());
    const client = await daemon.connect();
    await follow(client, broker.port, undo);
    await guests;
    await install(client, await signReleaseFile(RELEASE, site.key));
    tellNext(site, broker.port);
    await Promise.race([stopped, lost(daemon)]);
    client.close();
  } finally {
    say('stopping');
    for (const task of undo.reverse()) await task();
  }
  say('stopped; nothing is left behind');
}

async function install(client: ControlClient, envelope: Uint8Array): Promise<void> {
  const installed = await client.ask(
    { method: 'install', params: { sizeBytes: envelope.length, wait: true } },
    installedSchema,
    {
      timeoutMs: INSTALL_MS,
      upload: envelope,
      onEvent: value => {
        const step = v.parse(installStepSchema, value);
        if (step.step !== 'trial') say(`install: ${step.step} ${step.detail}`);
        else say(`install: ${step.installed.name} ${step.installed.version} on trial`);
      },
    },
  );
  say(`install: ${installed.name} ${installed.version} committed in slot ${installed.slot}`);
}

/** Shows what the relay and the telemetry do. */
async function follow(
  client: ControlClient,
  port: number,
  undo: (() => Promise<unknown>)[],
): Promise<void> {
  const watching = client.ask({ method: 'watch', params: { labels: [] } }, v.unknown(), {
    timeoutMs: null,
    onEvent: value => {
      const { items } = v.parse(lineEventSchema, value);
      for (const change of items) say(`line:      ${change.label} ${change.state}`);
    },
  });
  watching.catch(() => undefined);
  const listener = await connectAsync(`mqtt://127.0.0.1:${port}`);
  undo.push(() => listener.endAsync(true));
  listener.on('message', (topic, payload) => {
    say(`telemetry: ${topic} ${payload.toString('utf8')}`);
  });
  await listener.subscribeAsync(TELEMETRY_TOPIC);
}

function tellNext(site: Site, port: number): void {
  const mqtt = `npx mqtt pub -h 127.0.0.1 -p ${port}`;
  const cli = `npm run -s airssys -- --socket ${site.socket}`;
  process.stdout.write(`
It runs. In another terminal, in this folder, try:

  a warmer room       ${mqtt} -t site/setpoint -m 24
  state               ${cli} status
  watch the relays    ${cli} gpio watch heater pump
  fill the sump       ${cli} sim drive float-low active
                      ${cli} sim drive float-high active
  make it crash       ${mqtt} -t site/thermostat/crash -m now
  why it restarted    ${cli} why thermostat

Ctrl-C stops everything and leaves nothing behind.

`);
}

/** Resolves on Ctrl-C, on a request to end, or after \`--seconds\`. */
function stopSignal(): Promise<void> {
  return new Promise(resolve => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.once(signal, () => resolve());
    }
    if (values.seconds !== undefined) setTimeout(resolve, Number(values.seconds) * 1_000);
  });
}

function lost(daemon: Daemon): Promise<never> {
  return new Promise((_, reject) => {
    daemon.process.once('exit', code => reject(new Error(`gatewayd ended with code ${code}`)));
  });
}

try {
  await main();
} catch (error) {
  process.stderr.write(`npm start failed: ${errorCode(error)}: ${errorMessage(error)}\n`);
  process.exitCode = 1;
}
