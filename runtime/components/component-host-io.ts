import process from 'node:process';
import { type BackoffSettings, backoffMs } from '../base/backoff.ts';
import { errorMessage } from '../base/errors.ts';
import type { Clock, Timer } from '../ports/clock.ts';
import {
  type ActivationRequest,
  ComponentError,
  type ComponentHostPort,
  type ComponentInstance,
  type HostStatus,
  type PreparedComponent,
  type StagedArtifact,
} from '../ports/component-host.ts';
import type { Random } from '../ports/random.ts';
import { type Contract, type ContractCodecs, compileContract } from '../transport/index.ts';
import { chooseUid, findConfiningTools } from './confining-tools-io.ts';
import { confinedCommand, hostDescriptorsMax, hostFlags } from './host-command.ts';
import { type HostProcess, startHostProcess } from './host-process-io.ts';
import { HostRun, type HostTimes, WrongContract } from './host-run.ts';
import { type SiblingEntry, siblingEntry } from './sibling-entry.ts';

const SLOTS_DEFAULT = 32;
const SLOTS_MAX = 120;
const RESTART_BACKOFF: BackoffSettings = { minMs: 100, maxMs: 5_000 };
/** A host that ran this long starts again at once, and with a clean record. */
const STEADY_MS = 30_000;
const TIMES_DEFAULT: HostTimes = {
  startDeadlineMs: 30_000,
  prepareDeadlineMs: 30_000,
  activationDeadlineMs: 10_000,
  // Terminating takes 3-20 ms, but seconds where the machine is overloaded. Only the slot waits for
  // it: calls are rejected before.
  killGraceMs: 1_000,
};

/** How the host process is started and who hears of it. */
export interface ComponentHostOptions {
  /** The contract that the host's entry has too. */
  readonly contract: Contract;
  readonly clock: Clock;
  readonly random: Random;
  /** Instances at a time, at most 120; 32 when not given. */
  readonly slots?: number;
  /** The user that the host becomes; needs root. Null keeps the gateway's own. */
  readonly hostUid?: number | null;
  /** The host's entry file; this program's own when not given. */
  readonly entry?: SiblingEntry;
  readonly times?: Partial<HostTimes>;
  /** Between starts when hosts end soon after each other; 100 ms to 5 s when not given. */
  readonly restartBackoff?: BackoffSettings;
  /** The host broke the protocol or did not end a worker, and was killed: for the audit. */
  readonly onViolation: (message: string) => void;
  /** A line that the host process printed, or what became of it: for the log. */
  readonly onOutput: (line: string) => void;
}

/** Starts component-host and keeps it running until `close`. */
export function spawnComponentHost(options: ComponentHostOptions): ComponentHostPort {
  return new ComponentHost(options);
}

/** A prepared component; keeps the artifact, because a host that returns must get it again. */
class Prepared implements PreparedComponent {
  readonly digest: string;
  readonly id: number;
  readonly artifact: StagedArtifact;
  private readonly onRelease: (id: number) => void;

  constructor(id: number, artifact: StagedArtifact, onRelease: (id: number) => void) {
    this.id = id;
    this.digest = artifact.digest;
    this.artifact = artifact;
    this.onRelease = onRelease;
  }

  release(): void {
    this.onRelease(this.id);
  }
}

class ComponentHost implements ComponentHostPort {
  private readonly options: ComponentHostOptions;
  private readonly codecs: ContractCodecs;
  private readonly slots: number;
  private readonly times: HostTimes;
  private current: { readonly run: HostRun; readonly process: HostProcess } | null = null;
  private state: HostStatus['state'] = 'starting';
  private starts = 0;
  private quickEnds = 0;
  private restartTimer: Timer | null = null;
  private nextComponentId = 1;
  /** Told when a run greets, when the port stops, and when waiting has to look again. */
  private readonly waiting = new Set<() => void>();
  private stopReason = 'component-host was closed';

  constructor(options: ComponentHostOptions) {
    this.options = options;
    this.codecs = compileContract(options.contract);
    this.slots = Math.min(SLOTS_MAX, options.slots ?? SLOTS_DEFAULT);
    this.times = { ...TIMES_DEFAULT, ...options.times };
    this.start();
  }

  async prepare(artifact: StagedArtifact): Promise<PreparedComponent> {
    const run = await this.readyRun();
    const id = this.nextComponentId;
    this.nextComponentId += 1;
    await run.prepare(id, artifact);
    return new Prepared(id, artifact, released => this.current?.run.forget(released));
  }

  async activate(request: ActivationRequest): Promise<ComponentInstance> {
    const { component } = request;
    if (!(component instanceof Prepared)) {
      throw new ComponentError('COMPONENT_ACTIVATION_FAILED', 'prepared by somebody else');
    }
    const run = await this.readyRun();
    await run.prepare(component.id, component.artifact);
    return run.activate(component.id, request);
  }

  status(): HostStatus {
    return {
      state: this.state,
      pid: this.current?.process.pid ?? null,
      starts: this.starts,
      workers: this.current?.run.workers ?? 0,
      walls: this.current?.run.walls() ?? [],
    };
  }

  async close(): Promise<void> {
    this.stop('component-host was closed');
    const { current } = this;
    if (current === null) return;
    await new Promise<void>(resolve => {
      this.waiting.add(resolve);
      current.process.kill();
    });
  }

  private stop(reason: string): void {
    this.state = 'stopped';
    this.stopReason = reason;
    this.restartTimer?.cancel();
    this.wakeWaiting();
  }

  private start(): void {
    const { contract, clock, random, onViolation, onOutput } = this.options;
    const startedMs = clock.monotonicMs();
    this.starts += 1;
    const process = startHostProcess(this.command(), this.slots, {
      onControl: chunk => run.onControl(chunk),
      onSlot: (slot, chunk) => run.onSlot(slot, chunk),
      onStray: slot => run.onStray(slot),
      onOutput,
      onExit: detail => {
        run.onExit(detail);
        this.ended(detail, clock.monotonicMs() - startedMs);
      },
    });
    const run = new HostRun(
      {
        codecs: this.codecs,
        contractDigest: contract.digest,
        clock,
        random,
        times: this.times,
        onViolation,
      },
      process,
    );
    this.current = { run, process };
    run.ready.then(
      () => {
        if (this.state !== 'stopped') this.state = 'running';
        this.wakeWaiting();
      },
      (error: unknown) => {
        if (error instanceof WrongContract) this.stop(errorMessage(error));
      },
    );
  }

  private ended(detail: string, livedMs: number): void {
    this.current = null;
    if (this.state === 'stopped') {
      this.wakeWaiting();
      return;
    }
    this.quickEnds = livedMs >= STEADY_MS ? 0 : this.quickEnds + 1;
    const { clock, random, onOutput, restartBackoff = RESTART_BACKOFF } = this.options;
    // The first end in a long time may be any guest's; the host returns at once then.
    const delayMs =
      this.quickEnds <= 1 ? 0 : backoffMs(restartBackoff, this.quickEnds - 1, random.fraction());
    onOutput(`component-host ${detail}; starts again in ${Math.round(delayMs)} ms`);
    this.state = 'restarting';
    this.restartTimer = clock.after(delayMs, () => this.start());
  }

  private command() {
    const entry = this.options.entry ?? siblingEntry(import.meta.url, 'component-host');
    const { uid, obstacle } = chooseUid(this.options.hostUid ?? null, entry);
    if (obstacle !== '') this.options.onOutput(`component-host keeps our uid: ${obstacle}`);
    return confinedCommand({
      nodePath: process.execPath,
      entry,
      flags: hostFlags(),
      args: [],
      tools: findConfiningTools(),
      uid,
      descriptorsMax: hostDescriptorsMax(this.slots),
    });
  }

  /** Returns a run that has greeted, waiting for it as long as a start may take. */
  private async readyRun(): Promise<HostRun> {
    const untilMs = this.options.clock.monotonicMs() + this.times.startDeadlineMs;
    for (;;) {
      if (this.state === 'stopped') {
        throw new ComponentError('COMPONENT_HOST_LOST', this.stopReason);
      }
      if (this.state === 'running' && this.current !== null) return this.current.run;
      const leftMs = untilMs - this.options.clock.monotonicMs();
      if (leftMs <= 0) {
        throw new ComponentError('COMPONENT_HOST_LOST', 'component-host does not start');
      }
      await this.changeWithin(leftMs);
    }
  }

  private changeWithin(waitMs: number): Promise<void> {
    return new Promise(resolve => {
      const done = () => {
        timer.cancel();
        this.waiting.delete(done);
        resolve();
      };
      const timer = this.options.clock.after(waitMs, done);
      this.waiting.add(done);
    });
  }

  private wakeWaiting(): void {
    for (const wake of [...this.waiting]) wake();
  }
}
