/**
 * `npm start`: the whole main job on this machine, without hardware, root or anything installed.
 * Builds the example controllers, signs them with a throwaway key, starts a broker and a gateway
 * with a simulated board, installs the release and tells what happens. Ctrl-C removes everything.
 */
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
import { type SpawnedDaemon, spawnDaemon } from './daemon.ts';
import { makeStartFolder, removeLeftovers } from './leftovers.ts';
import { readStartRequest, START_USAGE, type StartOptions } from './options.ts';
import { START_GUESTS } from './prepare.ts';
import { buildPrograms } from './programs.ts';
import { makeSite, type Site, signReleaseFile } from './site.ts';
import { Stopped, Stopping, Undo } from './stopping.ts';

const PROJECT = join(import.meta.dirname, '../..');
const RELEASE = join(PROJECT, 'firmware-manifests/examples/release.toml');
const TELEMETRY_TOPIC = 'site/telemetry/thermostat';
const INSTALL_MS = 60_000;
const lineEventSchema = v.object({ items: v.array(lineChangeSchema) });

const startedMs = performance.now();

/** One line with the seconds since the start. */
function say(text: string): void {
  const seconds = ((performance.now() - startedMs) / 1_000).toFixed(1).padStart(5);
  process.stdout.write(`${seconds}s  ${text}\n`);
}

/** Runs until it is stopped, then undoes everything; resolves to the exit code. */
async function main(options: StartOptions): Promise<number> {
  const stopping = new Stopping();
  const undo = new Undo();
  listen(stopping, options.runsMs);
  let code = 0;
  try {
    await demonstrate(options, stopping, undo);
  } catch (error) {
    if (!(error instanceof Stopped)) {
      process.stderr.write(`npm start failed: ${errorCode(error)}: ${errorMessage(error)}\n`);
      code = 1;
    }
  }
  // From now on a request to stop only says that this is being done.
  stopping.ask('done');
  say('stopping');
  const failures = await undo.run();
  for (const error of failures) process.stderr.write(`left behind: ${errorMessage(error)}\n`);
  if (failures.length > 0) return 1;
  say('stopped; nothing is left behind');
  return code;
}

async function demonstrate(options: StartOptions, stopping: Stopping, undo: Undo): Promise<void> {
  say('building the example controllers from source (nothing to do when none changed)');
  // Compilers and gateway need nothing of each other until the release is signed.
  const guests = buildGuests(START_GUESTS);
  guests.catch(() => undefined);
  const programs = await stopping.unlessAsked(buildPrograms(PROJECT));
  await removeLeftovers(tmpdir(), Date.now());
  const folder = await makeStartFolder(tmpdir());
  undo.add(() => rm(folder, { recursive: true, force: true, maxRetries: 3 }));
  const broker = await startBroker({ port: options.port });
  undo.add(() => broker.close());
  say(`broker: mqtt://127.0.0.1:${broker.port} (embedded, loopback only)`);
  const site = await makeSite({
    folder,
    brokerPort: broker.port,
    template: join(PROJECT, 'firmware-manifests/gateway.sim.toml'),
  });
  say('DEVELOPMENT KEY: this run made a throwaway signing key and trusts it. Never do that');
  say('  on a real gateway: make one with `airssys-wasm keygen` and keep it off the machine.');
  const daemon = spawnDaemon({
    ...site,
    programs,
    logLevel: options.verbose ? 'debug' : 'info',
    onLine: line => process.stdout.write(`        | ${line}\n`),
  });
  undo.add(() => daemon.stop());
  await stopping.unlessAsked(daemon.answering());
  const client = await stopping.unlessAsked(daemon.connect());
  undo.add(async () => client.close());
  await stopping.unlessAsked(follow(client, broker.port, undo));
  await stopping.unlessAsked(guests);
  const envelope = await signReleaseFile(RELEASE, site.key);
  await stopping.unlessAsked(Promise.race([install(client, envelope), lost(daemon)]));
  tellNext(site, broker.port);
  await stopping.unlessAsked(lost(daemon));
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
async function follow(client: ControlClient, port: number, undo: Undo): Promise<void> {
  const watching = client.ask({ method: 'watch', params: { labels: [] } }, v.unknown(), {
    timeoutMs: null,
    onEvent: value => {
      const { items } = v.parse(lineEventSchema, value);
      for (const change of items) say(`line:      ${change.label} ${change.state}`);
    },
  });
  watching.catch(() => undefined);
  const listener = await connectAsync(`mqtt://127.0.0.1:${port}`);
  undo.add(() => listener.endAsync(true));
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

/**
 * Asks to stop on Ctrl-C, on a request to end, when the terminal or reader is gone, or when the
 * time is up. The handlers stay: a second Ctrl-C must not kill what undoes the rest.
 */
function listen(stopping: Stopping, runsMs: number | null): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (!stopping.ask(signal)) say('already stopping; this takes a few seconds');
    });
  }
  // A line that cannot be written is lost; nobody reads it any more.
  process.stdout.on('error', error => {
    if (['EPIPE', 'EIO'].includes(errorCode(error))) stopping.ask('nobody reads the output');
  });
  process.stderr.on('error', () => undefined);
  if (runsMs !== null) setTimeout(() => stopping.ask('time is up'), runsMs).unref();
}

async function lost(daemon: SpawnedDaemon): Promise<never> {
  throw new Error(`gatewayd ended with code ${await daemon.ended}`);
}

const request = readStartRequest(process.argv.slice(2));
if (request.kind === 'help') {
  process.stdout.write(`${START_USAGE}\n`);
} else if (request.kind === 'wrong') {
  process.stderr.write(`npm start: ${request.message}\n\n${START_USAGE}\n`);
  process.exitCode = 2;
} else {
  // At once: what was being built when somebody stopped it is not waited for.
  process.exit(await main(request.options));
}
