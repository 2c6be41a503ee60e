import { type BackoffSettings, backoffMs } from '../base/backoff.ts';
import { errorMessage } from '../base/errors.ts';
import type { Clock, Timer } from '../ports/clock.ts';
import {
  type ActivationRequest,
  type Assembly,
  ComponentError,
  type ComponentHostPort,
  type ComponentInstance,
  type HostStatus,
  type PreparedComponent,
  type WallName,
} from '../ports/component-host.ts';
import type { Random } from '../ports/random.ts';
import { type Contract, type ContractCodecs, compileContract } from '../transport/index.ts';
import { type HostCgroup, noGroup } from './host-cgroup-io.ts';
import { type HostEnd, SIGNAL_CODES_FROM } from './host-end-io.ts';
import { hostLaunch } from './host-launch-io.ts';
import { type HostProcess, startHostProcess } from './host-process-io.ts';
import { HostRun, type HostTimes, WrongContract } from './host-run.ts';
import { type SiblingEntry, siblingEntry } from './sibling-entry.ts';
import { missingWalls } from './walls.ts';

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
  // it: calls are rejected before. The last step costs the neighbours their process.
  killGraceMs: 2_000,
};

/** What a filter of system calls ends a process with. */
const FILTER_SIGNAL = 'SIGSYS';

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
  /** Limits of memory and threads; none when not given. */
  readonly cgroup?: HostCgroup;
  /** Without one of these, nothing is prepared or activated. */
  readonly requiredWalls?: readonly WallName[];
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

/** A component-host whose walls can be asked for. */
export interface WalledHost extends ComponentHostPort {
  /** Waits for the host, and returns which of the demanded walls do not stand, in words. */
  missingWalls(): Promise<readonly string[]>;
}

/** Starts component-host and keeps it running until `close`. */
export function spawnComponentHost(options: ComponentHostOptions): WalledHost {
  return new ComponentHost(options);
}

/** A prepared assembly, which is kept: a host that returns must get it again. */
class Prepared implements PreparedComponent {
  readonly id: number;
  readonly assembly: Assembly;
  /** Another host may have given the same id. */
  readonly owner: ComponentHost;
  private readonly onRelease: (id: number) => void;

  constructor(
    id: number,
    assembly: Assembly,
    owner: ComponentHost,
    onRelease: (id: number) => void,
  ) {
    this.id = id;
    this.assembly = assembly;
    this.owner = owner;
    this.onRelease = onRelease;
  }

  release(): void {
    this.onRelease(this.id);
  }
}

class ComponentHost implements WalledHost {
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
  /** Told when the process is gone. */
  private readonly closers = new Set<() => void>();
  private stopReason = 'component-host was closed';
  /** Why namespaces are not tried any more; empty while they are. */
  private sandboxObstacle = '';
  private lastLine = '';
  private readonly cgroup: HostCgroup;

  constructor(options: ComponentHostOptions) {
    this.options = options;
    this.codecs = compileContract(options.contract);
    this.slots = Math.min(SLOTS_MAX, options.slots ?? SLOTS_DEFAULT);
    this.times = { ...TIMES_DEFAULT, ...options.times };
    this.cgroup = options.cgroup ?? noGroup('no group was made for this host');
    this.start();
  }

  async prepare(assembly: Assembly): Promise<PreparedComponent> {
    const run = await this.walledRun();
    const id = this.nextComponentId;
    this.nextComponentId += 1;
    await run.prepare(id, assembly);
    return new Prepared(id, assembly, this, released => this.current?.run.forget(released));
  }

  async activate(request: ActivationRequest): Promise<ComponentInstance> {
    const { component } = request;
    if (!(component instanceof Prepared) || component.owner !== this) {
      throw new ComponentError('COMPONENT_ACTIVATION_FAILED', 'prepared by somebody else');
    }
    const run = await this.walledRun();
    await run.prepare(component.id, component.assembly);
    return run.activate(component.id, request);
  }

  async missingWalls(): Promise<readonly string[]> {
    const { requiredWalls = [] } = this.options;
    if (requiredWalls.length === 0) return [];
    const run = await this.readyRun();
    return missingWalls(run.walls(), requiredWalls);
  }

  status(): HostStatus {
    const { requiredWalls = [] } = this.options;
    const walls = this.current?.run.walls() ?? [];
    return {
      state: this.state,
      pid: this.current?.process.pid ?? null,
      starts: this.starts,
      workers: this.current?.run.workers ?? 0,
      walls,
      // Of a host that has not greeted yet nothing is known, and nothing is wrong.
      missingWalls: walls.length === 0 ? [] : missingWalls(walls, requiredWalls),
    };
  }

  async close(): Promise<void> {
    this.stop('component-host was closed');
    const { current } = this;
    if (current !== null) {
      const gone = new Promise<void>(resolve => this.closers.add(resolve));
      current.process.kill();
      await gone;
    }
    this.cgroup.remove();
  }

  private stop(reason: string): void {
    this.state = 'stopped';
    this.stopReason = reason;
    this.restartTimer?.cancel();
    this.wakeWaiting();
  }

  private start(): void {
    const { contract, clock, random, onViolation } = this.options;
    const startedMs = clock.monotonicMs();
    this.starts += 1;
    const { command, obstacles } = this.launch();
    const process = startHostProcess(
      { command, slots: this.slots, obstacles, cgroup: this.cgroup },
      {
        onControl: chunk => run.onControl(chunk),
        onSlot: (slot, chunk) => run.onSlot(slot, chunk),
        onStray: slot => run.onStray(slot),
        onOutput: line => this.say(line),
        onExit: end => {
          if (end.signal === FILTER_SIGNAL) run.kill('it made a system call that no host needs');
          run.onExit(end.detail);
          if (!run.hasGreeted && command.sandbox !== null) this.doubtSandbox(end);
          this.ended(end.detail, clock.monotonicMs() - startedMs);
        },
      },
    );
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
    for (const tell of this.closers) tell();
    this.closers.clear();
    if (this.state === 'stopped') return;
    this.quickEnds = livedMs >= STEADY_MS ? 0 : this.quickEnds + 1;
    const { clock, random, restartBackoff = RESTART_BACKOFF } = this.options;
    // The first end in a long time may be any guest's; the host returns at once then.
    const delayMs =
      this.quickEnds <= 1 ? 0 : backoffMs(restartBackoff, this.quickEnds - 1, random.fraction());
    this.say(`component-host ${detail}; starts again in ${Math.round(delayMs)} ms`);
    this.state = 'restarting';
    this.restartTimer = clock.after(delayMs, () => this.start());
  }

  private launch() {
    const { hostUid = null, entry = siblingEntry(import.meta.url, 'component-host') } =
      this.options;
    const { slots, sandboxObstacle } = this;
    const launch = hostLaunch({ entry, slots, uid: hostUid, sandboxObstacle });
    const { obstacles } = launch;
    if (obstacles.uid !== '') this.say(`component-host keeps our uid: ${obstacles.uid}`);
    if (obstacles.namespaces !== '') {
      this.say(`component-host shares our namespaces: ${obstacles.namespaces}`);
    }
    return launch;
  }

  /**
   * A process that ended by itself before it greeted has run no guest. Where it was to have
   * namespaces, the machine may refuse them: it is started without, and every report says so.
   */
  private doubtSandbox({ exitCode, detail }: HostEnd): void {
    if (exitCode === null || exitCode === 0 || exitCode >= SIGNAL_CODES_FROM) return;
    this.sandboxObstacle = this.lastLine === '' ? detail : this.lastLine;
  }

  private say(line: string): void {
    this.lastLine = line;
    this.options.onOutput(line);
  }

  /** Returns a run behind all walls that are demanded. */
  private async walledRun(): Promise<HostRun> {
    const missing = await this.missingWalls();
    if (missing.length > 0) {
      const words = `walls that this gateway demands do not stand: ${missing.join('; ')}`;
      throw new ComponentError('HOST_WALLS_MISSING', words);
    }
    return this.readyRun();
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
