import { createSystemClock } from '../../drivers/clock/system-clock.ts';
import { contractDigest } from '../../wit/generated/contract.ts';
import { errorMessage } from '../base/errors.ts';
import { RUNTIME_VERSION } from '../base/runtime-version.ts';
import { cachedStage } from '../components/stage-cache.ts';
import { spawnStage } from '../components/stage-io.ts';
import { claimControlSocket, listenControl } from '../control/server-io.ts';
import type { AdmissionRules } from '../deploy/admission.ts';
import { contentStore } from '../deploy/content-store.ts';
import type { DeployEvent } from '../deploy/deploy-event.ts';
import { createDeployer, type Deployer } from '../deploy/deployer.ts';
import { slotStore } from '../deploy/slot-store.ts';
import { openTrustStore, type TrustStore } from '../deploy/trust-store.ts';
import { releaseTrust } from '../deploy/vouching.ts';
import type { ReleaseVerifier } from '../manifest/release-verifier.ts';
import { threadedVerifier } from '../manifest/threaded-verifier-io.ts';
import type { LogSink } from '../monitoring/log.ts';
import { ComponentError } from '../ports/component-host.ts';
import type { Log } from '../ports/log.ts';
import { currentRoot } from '../trust/root-chain.ts';
import { nowAtLeastS } from '../trust/time.ts';
import { Closing } from './closing.ts';
import { controlService, installedReport } from './control-service.ts';
import { type Engine, openEngine } from './engine.ts';
import { tellBootDamage, tellDeploy, tellState } from './events.ts';
import { type Foundation, layFoundation } from './foundation.ts';
import { InstallProgress } from './install-progress.ts';
import { createMetrics } from './metric-set.ts';
import { releaseReadiness } from './release-readiness.ts';
import { type LiveRelease, runRelease } from './release-runner.ts';
import type { GatewaySettings } from './settings-io.ts';
import { lockState } from './state-lock.ts';
import type { GatewayPicture } from './status-report.ts';
import { leaveOf, updateTrust, vouchers } from './trust.ts';

/** What a gateway is started with. */
export interface GatewayParts {
  readonly settings: GatewaySettings;
  /** Where log lines go, beside the ring that `logs` reads. */
  readonly sinks: readonly LogSink[];
  /** Somebody asked for the end over the control socket. */
  readonly onShutdown: () => void;
  /** A release has been running for a while: what its start needed can be given back. */
  readonly onSettled: () => void;
}

/** A running gateway. */
export interface Gateway {
  readonly log: Log;
  /** Stops controllers (outputs safe), then everything else. Twice does nothing. */
  close(): Promise<void>;
}

/** Longer than the verifier's thread and the stage process outlive an installation. */
const SETTLED_MS = 5_000;

/** Walls that component-host has by its sandbox; where one is demanded, stage has it too. */
const SANDBOX_WALLS = ['namespaces', 'seccomp'] as const;

/** The part of the gateway that changes. */
interface Live {
  release: LiveRelease | null;
  lastChange: GatewayPicture['lastChange'];
  /** What staging lacks, in words; null where it lacks nothing, or nothing was staged. */
  stageNotice: string | null;
}

/**
 * Starts a gateway: state, drivers, component-host, the committed release, and the control socket.
 * Rejects when one of them cannot be had at all; a broker or a serial port that is away, or a
 * release that cannot run, does not keep a gateway from starting.
 */
export async function startGateway(parts: GatewayParts): Promise<Gateway> {
  const closing = new Closing();
  try {
    return await assemble(parts, closing);
  } catch (error) {
    await closing.close();
    throw error;
  }
}

async function assemble(parts: GatewayParts, closing: Closing): Promise<Gateway> {
  const { settings } = parts;
  const { config, board } = settings;
  // A second daemon must not come near the first one's state, lines, ports and connections; nor
  // may it take a socket for left behind that the first one is about to listen at.
  const lock = lockState(config.stateDirectory);
  closing.add(() => lock.release());
  await claimControlSocket(config.controlSocket, createSystemClock());
  const foundation = await layFoundation(config.stateDirectory, parts.sinks, closing);
  const engine = await openEngine(settings, foundation, closing);
  const { clock, log, causes, ring, state } = foundation;
  const live: Live = { release: null, lastChange: null, stageNotice: null };
  const progress = new InstallProgress();
  const verifier = threadedVerifier({ clock, log });
  closing.add(() => verifier.close());
  const trust = await openTrustStore(foundation.files, state.trust, settings.root);
  const deployer = makeDeployer({
    settings,
    foundation,
    engine,
    verifier,
    trust,
    progress,
    live,
    onSettled: parts.onSettled,
  });
  closing.add(() => deployer.close());
  const startedMs = clock.monotonicMs();
  const troubles = () =>
    [lock.notice, state.notice, trust.damage()].filter(words => words !== null);
  const running = () => (deployer.running() === null ? null : live.release);
  const picture = (): GatewayPicture => ({
    gateway: config.name,
    runtimeVersion: RUNTIME_VERSION,
    startedMs,
    nowMs: clock.monotonicMs(),
    nowS: nowAtLeastS(trust.chain(), clock.wallMs()),
    record: deployer.record(),
    live: running(),
    hosts: engine.hosts.status(),
    mqtt: engine.mqtt.connections(),
    serial: engine.hardware.serialPorts(),
    notices: [...engine.hardware.notices, ...(live.stageNotice === null ? [] : [live.stageNotice])],
    troubles: [...troubles(), ...auditTroubles(foundation, config.auditRequired)],
    root: currentRoot(trust.chain()),
    standstill: deployer.trouble(),
    lastChange: live.lastChange,
  });
  const server = await listenControl({
    path: config.controlSocket,
    mode: 0o600,
    serverName: `airssys-wasm ${RUNTIME_VERSION}`,
    clock,
    onBreach: message => log.write('warn', 'gateway', `control socket: ${message}`),
    service: controlService({
      board,
      hardware: engine.hardware,
      deployer,
      progress,
      causes,
      ring,
      metrics: createMetrics(picture),
      clock,
      live: running,
      picture,
      leaveOf: token => leaveOf(trust, foundation, token, config.name),
      updateTrust: document => updateTrust(trust, foundation, document),
      shutdown: parts.onShutdown,
    }),
  });
  closing.add(() => server.close());
  tellStart(foundation, config.name, engine.hardware.notices, troubles());
  await boot(deployer, log);
  return { log, close: () => closeAll(closing, log) };
}

function tellStart(
  foundation: Foundation,
  name: string,
  notices: readonly string[],
  troubles: readonly string[],
): void {
  const { log, state } = foundation;
  log.write('info', 'gateway', `${name} started, boot ${state.boot}`);
  if (state.bootDamage !== null) tellBootDamage(foundation, state.bootDamage);
  for (const notice of notices) log.write('info', 'gateway', notice);
  for (const trouble of troubles) log.write('error', 'gateway', trouble);
}

async function closeAll(closing: Closing, log: Log): Promise<void> {
  for (const error of await closing.close()) {
    log.write('error', 'gateway', `closing: ${errorMessage(error)}`);
  }
}

function auditTroubles({ auditTrouble }: Foundation, isRequired: boolean): readonly string[] {
  const trouble = auditTrouble();
  if (trouble === null) return [];
  const effect = isRequired ? '; controllers may do nothing unsafe until it can' : '';
  return [`the audit log cannot be written: ${trouble}${effect}`];
}

function makeDeployer(parts: {
  readonly settings: GatewaySettings;
  readonly foundation: Foundation;
  readonly engine: Engine;
  readonly verifier: ReleaseVerifier;
  readonly trust: TrustStore;
  readonly progress: InstallProgress;
  readonly live: Live;
  readonly onSettled: () => void;
}): Deployer {
  const { settings, foundation, engine, verifier, trust, progress, live } = parts;
  const { config } = settings;
  const { files, state, clock, log } = foundation;
  const rules: AdmissionRules = {
    runtimeVersion: RUNTIME_VERSION,
    gatewayClass: config.gatewayClass,
    board: settings.board,
    boardClass: settings.board.boardClass ?? settings.board.name,
    policy: settings.policy,
    ...config.limits,
  };
  // What another version staged is staged again: plan and rules belong together.
  const tag = `${RUNTIME_VERSION} ${contractDigest}`;
  const cache = { files, hasher: verifier, folder: state.staged, tag };
  const port = spawnStage({
    clock,
    uid: config.hostUid,
    requireSandbox: SANDBOX_WALLS.some(wall => config.requiredWalls.includes(wall)),
    onShared: why => {
      live.stageNotice = `stage processes share the gateway's namespaces: ${why}`;
      log.write('info', 'gateway', live.stageNotice);
    },
  });
  const stage = cachedStage(port, cache);
  const nowS = () => nowAtLeastS(trust.chain(), clock.wallMs());
  const deployer = createDeployer({
    slots: slotStore(files, state.slots),
    envelopes: contentStore(files, verifier, state.releases, config.limits.releaseBytesMax),
    makeReady: async (envelope, occasion) => {
      const readiness = {
        verifier,
        vouchers: () => vouchers(trust, clock, occasion),
        rules,
        nowS,
        stage,
        progress,
      };
      return releaseReadiness(readiness, envelope, occasion);
    },
    trust: releaseTrust(trust),
    start: async (ready, slot, reason, previous) => {
      live.release = await runRelease(
        {
          around: engine.surroundings,
          rules,
          trial: config.trial,
          onUnmet: words => log.write('warn', 'gateway', words),
          onChange: (name, change, lastWords) => {
            if (change !== null) tellState(foundation, name, change, lastWords);
          },
        },
        ready,
        slot,
        reason,
        previous,
      );
      return live.release;
    },
    forgetOthers: kept => stage.collect(kept),
    obstacle: () => wallsObstacle(engine),
    onEvent: event => {
      tellDeploy(foundation, event);
      const what = changeWords(event);
      if (what !== null) live.lastChange = { what, atMs: clock.monotonicMs() };
      tellProgress(progress, event, deployer);
      if (event.kind === 'started') clock.after(SETTLED_MS, parts.onSettled);
    },
  });
  return deployer;
}

/** Without the walls that the configuration demands, no guest is run. */
async function wallsObstacle({ hosts }: Engine): Promise<Error | null> {
  try {
    const missing = await hosts.missingWalls();
    if (missing.length === 0) return null;
    const words = `nothing runs without the walls that [walls] demands: ${missing.join('; ')}`;
    return new ComponentError('HOST_WALLS_MISSING', words);
  } catch (error) {
    return error instanceof Error ? error : new Error(errorMessage(error));
  }
}

/** A release that cannot run must not keep the gateway from being reached. */
async function boot(deployer: Deployer, log: Log): Promise<void> {
  try {
    await deployer.boot();
  } catch (error) {
    log.write('critical', 'gateway', `no release runs: ${errorMessage(error)}`);
  }
}

function tellProgress(progress: InstallProgress, event: DeployEvent, deployer: Deployer): void {
  if (event.kind === 'installing') {
    progress.tell({ step: 'storing', detail: `slot ${event.slot}` });
  }
  const running = deployer.running();
  if (event.kind === 'started' && event.reason === 'update' && running !== null) {
    progress.tell({ step: 'trial', installed: installedReport(running, 'trial') });
  }
}

function changeWords(event: DeployEvent): string | null {
  switch (event.kind) {
    case 'committed':
      return `${event.release.version} installed`;
    case 'rolled-back':
      return `rolled back to ${event.release.version}`;
    case 'trial-failed':
      return `${event.release} taken back`;
    default:
      return null;
  }
}
