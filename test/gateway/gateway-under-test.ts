import { spawn } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectAsync, type MqttClient } from 'mqtt';
import * as assert from 'uvu/assert';
import * as v from 'valibot';
import { type Broker, startBroker } from '../../drivers/broker/broker.ts';
import { errorCode, errorMessage } from '../../runtime/base/errors.ts';
import type { AskOptions, ControlClient } from '../../runtime/control/client-io.ts';
import type { Request } from '../../runtime/control/messages.ts';
import {
  type ControllerReport,
  type InstalledReport,
  installedSchema,
  type LineChange,
  type LogLine,
  lineChangeSchema,
  linesSchema,
  logLineSchema,
  type SlotsReport,
  type StatusReport,
  slotsSchema,
  statusSchema,
  type WhyReport,
  whySchema,
} from '../../runtime/control/reports.ts';
import { type Daemon, startDaemon } from '../../scripts/start/daemon.ts';
import { buildPrograms } from '../../scripts/start/programs.ts';
import { makeSite, type Site } from '../../scripts/start/site.ts';
import { relatives } from '../../scripts/test/process-tree.ts';
import { type ReleaseParts, signedRelease, TEST_POLICY } from './releases.ts';

/** How the gateway of a test differs from `gateway.sim.toml`. */
export interface GatewayOptions {
  /** A broker that the test keeps itself; otherwise one is started. */
  readonly brokerPort?: number;
  /** Changes the text of the simulated board. */
  readonly board?: (text: string) => string;
  /** Text that replaces or adds tables of the configuration. */
  readonly extra?: string;
  /** Changes the programs, in a copy of their folder. */
  readonly programs?: (folder: string) => Promise<void>;
  /** Where the state is kept; in the test's own folder unless given. */
  readonly stateDirectory?: string;
}

/** What a refused request said. */
export interface Refused {
  readonly code: string;
  readonly message: string;
}

const PROJECT = join(import.meta.dirname, '../..');
const SIM = join(PROJECT, 'firmware-manifests');
const ASK_MS = 60_000;
/** Generous, for a busy machine. What takes this long has failed. */
const WAIT_MS = 30_000;
const POLL_MS = 25;
/** Of the daemon's log, when something fails. */
const OUTPUT_SHOWN_CHARS = 4_000;
const SHORT_TRIAL = '[trial]\nsoak-ms = 200\ndeadline-ms = 20000\n';

const lineEventSchema = v.object({ items: v.array(lineChangeSchema) });
const logEventSchema = v.object({ items: v.array(logLineSchema) });

/** A gatewayd of its own process, with a site, a broker and a client of its own. */
export class GatewayUnderTest {
  readonly folder: string;
  readonly site: Site;
  readonly brokerPort: number;
  readonly #programs: string;
  #broker: Broker | null;
  #daemon: Daemon | null = null;
  #client: ControlClient | null = null;
  #mqtt: MqttClient | null = null;
  #earlierOutput = '';

  private constructor(parts: {
    readonly folder: string;
    readonly site: Site;
    readonly brokerPort: number;
    readonly broker: Broker | null;
    readonly programs: string;
  }) {
    this.folder = parts.folder;
    this.site = parts.site;
    this.brokerPort = parts.brokerPort;
    this.#broker = parts.broker;
    this.#programs = parts.programs;
  }

  /** Makes a site and a broker in a temporary folder. The daemon is not started. */
  static async make(options: GatewayOptions = {}): Promise<GatewayUnderTest> {
    const folder = await mkdtemp(join(tmpdir(), 'gw-'));
    const built = await buildPrograms(PROJECT);
    const programs = options.programs === undefined ? built : join(folder, 'programs');
    if (options.programs !== undefined) {
      await cp(built, programs, { recursive: true });
      // What is not bundled is found from there.
      await symlink(join(PROJECT, 'node_modules'), join(folder, 'node_modules'));
      await options.programs(programs);
    }
    const broker = options.brokerPort === undefined ? await startBroker() : null;
    const brokerPort = options.brokerPort ?? broker?.port ?? 0;
    const board = await readFile(join(SIM, 'boards/sim.toml'), 'utf8');
    await writeFile(join(folder, 'board.toml'), options.board?.(board) ?? board);
    const template = await readFile(join(SIM, 'gateway.sim.toml'), 'utf8');
    const templateFile = join(folder, 'template.toml');
    await writeFile(templateFile, template.replace('boards/sim.toml', 'board.toml'));
    const { stateDirectory } = options;
    const state = stateDirectory === undefined ? '' : `state-directory = "${stateDirectory}"\n`;
    const extra = state + SHORT_TRIAL + TEST_POLICY + (options.extra ?? '');
    const site = await makeSite({ folder, brokerPort, template: templateFile, extra });
    return new GatewayUnderTest({ folder, site, brokerPort, broker, programs });
  }

  /** Makes one and starts it. */
  static async start(options: GatewayOptions = {}): Promise<GatewayUnderTest> {
    const gateway = await GatewayUnderTest.make(options);
    try {
      await gateway.startDaemon();
    } catch (error) {
      await gateway.close();
      throw error;
    }
    return gateway;
  }

  async startDaemon(): Promise<void> {
    this.#daemon = await startDaemon({
      configFile: this.site.configFile,
      socket: this.site.socket,
      programs: this.#programs,
    });
    this.#client = await this.#daemon.connect();
  }

  /** Starts another daemon with the same configuration and returns what it failed with. */
  async startSecondDaemon(): Promise<string> {
    const { configFile } = this.site;
    const program = join(this.#programs, 'gatewayd.js');
    const second = spawn(process.execPath, [program, '--config', configFile], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let output = '';
    second.stderr.on('data', (text: Buffer) => {
      output += text.toString('utf8');
    });
    const kill = setTimeout(() => second.kill('SIGKILL'), WAIT_MS);
    const code = await new Promise(resolve => second.once('close', resolve));
    clearTimeout(kill);
    assert.is(code, 1, output);
    return output;
  }

  /** What the daemons wrote to their log so far. */
  output(): string {
    return this.#earlierOutput + (this.#daemon?.output() ?? '');
  }

  /** Asks the daemon. */
  async ask<Schema extends v.GenericSchema>(
    request: Request,
    schema: Schema,
    options: Partial<AskOptions> = {},
  ): Promise<v.InferOutput<Schema>> {
    if (this.#client === null) throw new Error('the daemon is not started');
    return this.#client.ask(request, schema, { timeoutMs: ASK_MS, ...options });
  }

  /** Installs and waits for the commit. */
  install(envelope: Uint8Array): Promise<InstalledReport> {
    const params = { sizeBytes: envelope.length, wait: true };
    return this.ask({ method: 'install', params }, installedSchema, { upload: envelope });
  }

  /** Installs with a recovery token. */
  installWith(envelope: Uint8Array, token: Uint8Array): Promise<InstalledReport> {
    const base64 = Buffer.from(token).toString('base64');
    const params = { sizeBytes: envelope.length, wait: true, token: base64 };
    return this.ask({ method: 'install', params }, installedSchema, { upload: envelope });
  }

  /** Signs with the site's key and installs. */
  async installParts(parts: ReleaseParts): Promise<InstalledReport> {
    return this.install(await signedRelease(parts, this.site.key));
  }

  status(): Promise<StatusReport> {
    return this.ask({ method: 'status', params: {} }, statusSchema);
  }

  slots(): Promise<SlotsReport> {
    return this.ask({ method: 'slots', params: {} }, slotsSchema);
  }

  async why(name: string | null): Promise<WhyReport['causes']> {
    return (await this.ask({ method: 'why', params: { name } }, whySchema)).causes;
  }

  /** The last lines of the log. */
  async logs(countMax = 1_000): Promise<readonly LogLine[]> {
    const lines: LogLine[] = [];
    const params = { countMax, follow: false };
    await this.ask({ method: 'logs', params }, v.null(), {
      onEvent: value => void lines.push(...v.parse(logEventSchema, value).items),
    });
    return lines;
  }

  /** State of one controller, or null where no such controller runs. */
  async controller(name: string): Promise<ControllerReport | null> {
    return (await this.status()).controllers.find(one => one.name === name) ?? null;
  }

  /** Waits until a controller is in a state. */
  reached(name: string, state: ControllerReport['state']): Promise<ControllerReport> {
    return until(`${name} is ${state}`, async () => {
      const report = await this.controller(name);
      return report?.state === state ? report : null;
    });
  }

  /** State of one line now. */
  async line(label: string): Promise<'active' | 'inactive' | null> {
    const { lines } = await this.ask({ method: 'lines', params: {} }, linesSchema);
    return lines.find(line => line.label === label)?.state ?? null;
  }

  /** Waits until a line has a state. */
  lineBecomes(label: string, state: 'active' | 'inactive'): Promise<true> {
    return until(`${label} is ${state}`, async () => (await this.line(label)) === state || null);
  }

  async drive(label: string, state: 'active' | 'inactive'): Promise<void> {
    await this.ask({ method: 'drive', params: { label, state } }, v.unknown());
  }

  /** Returns a list that grows with each change of these lines, until the daemon ends. */
  watch(labels: readonly string[]): LineChange[] {
    const changes: LineChange[] = [];
    this.#client
      ?.ask({ method: 'watch', params: { labels: [...labels] } }, v.unknown(), {
        timeoutMs: null,
        onEvent: value => void changes.push(...v.parse(lineEventSchema, value).items),
      })
      .catch(() => undefined);
    return changes;
  }

  /** A client of the broker, which reconnects by itself. */
  async mqtt(): Promise<MqttClient> {
    this.#mqtt ??= await connectAsync(`mqtt://127.0.0.1:${this.brokerPort}`, {
      reconnectPeriod: 50,
    });
    return this.#mqtt;
  }

  async publish(topic: string, payload: string | Buffer): Promise<void> {
    await (await this.mqtt()).publishAsync(topic, payload, { qos: 1 });
  }

  /** Waits until the gateway's connection to the broker is up or down. */
  brokerIs(connected: boolean): Promise<true> {
    return until(`the broker is ${connected ? 'there' : 'gone'}`, async () =>
      (await this.status()).mqtt[0]?.connected === connected ? true : null,
    );
  }

  /** Cuts every connection to the broker and frees its port. */
  async stopBroker(): Promise<void> {
    await this.#broker?.close();
    this.#broker = null;
  }

  /** Starts the broker again, at the same port. */
  async startBroker(): Promise<void> {
    this.#broker = await startBroker({ port: this.brokerPort });
  }

  /** Publishes on and off until the sibling `relay` has followed both. */
  async relayAnswers(): Promise<void> {
    for (const [payload, state] of [['on', 'active'] as const, ['off', 'inactive'] as const]) {
      await this.publish('site/relay/pump', payload);
      try {
        await this.lineBecomes('pump', state);
      } catch (cause) {
        const log = this.output().slice(-OUTPUT_SHOWN_CHARS);
        throw new Error(`the relay does not answer "${payload}":\n${log}`, { cause });
      }
    }
  }

  /** Processes of the daemon's session: itself, component-host, stages, helpers. */
  processes(): readonly { readonly pid: number; readonly command: string }[] {
    return relatives(this.#daemon?.process.pid ?? 0, '');
  }

  /** Ends the daemon as a power cut does, without a chance to tidy up. */
  async killDaemon(): Promise<void> {
    const daemon = this.#daemon;
    if (daemon === null) return;
    const ended = new Promise(resolve => daemon.process.once('exit', resolve));
    daemon.process.kill('SIGKILL');
    await ended;
    this.#forgetDaemon();
    await until('nothing of the killed daemon is left', async () =>
      relatives(daemon.process.pid ?? 0, '').length === 0 ? true : null,
    );
  }

  /** Ends the daemon in good order, and requires that it leaves no process behind. */
  async stopDaemon(): Promise<void> {
    const daemon = this.#daemon;
    if (daemon === null) return;
    this.#client?.close();
    const code = await daemon.stop();
    this.#forgetDaemon();
    assert.is(code, 0, 'gatewayd ends in good order');
    await until('nothing of the daemon is left', async () =>
      relatives(daemon.process.pid ?? 0, '').length === 0 ? true : null,
    );
  }

  /** Ends all that was started and removes the folder. */
  async close(): Promise<void> {
    try {
      await this.stopDaemon();
    } finally {
      await this.#mqtt?.endAsync(true);
      await this.stopBroker();
      await rm(this.folder, { recursive: true, force: true });
    }
  }

  #forgetDaemon(): void {
    this.#earlierOutput = this.output();
    this.#client?.close();
    this.#client = null;
    this.#daemon = null;
  }
}

/** Polls until `probe` returns something; throws with `what` when that takes too long. */
export async function until<Value>(
  what: string,
  probe: () => Promise<Value | null>,
  limitMs = WAIT_MS,
): Promise<NonNullable<Value>> {
  const endMs = performance.now() + limitMs;
  for (;;) {
    const value = await probe();
    if (value !== null && value !== undefined) return value;
    if (performance.now() > endMs) throw new Error(`not within ${limitMs} ms: ${what}`);
    await sleep(POLL_MS);
  }
}

/** Returns the code and the words that a task is refused with. */
export async function refusal(task: Promise<unknown>): Promise<Refused> {
  try {
    await task;
  } catch (error) {
    return { code: errorCode(error), message: errorMessage(error) };
  }
  throw new Error('it was not refused');
}
