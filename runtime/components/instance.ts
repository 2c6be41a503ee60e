import type { Clock, Timer } from '../ports/clock.ts';
import type { ComponentInstance, EndReason, InstanceStatistics } from '../ports/component-host.ts';
import { ComponentError } from '../ports/component-host.ts';
import type { Activated } from '../transport/index.ts';
import { judgeCall, type ThreadTimes } from './call-time.ts';
import {
  LADDER_START,
  type LadderEffect,
  type LadderEvent,
  type LadderState,
  nextLadderStep,
} from './kill-ladder.ts';
import type { SlotSession } from './slot-session.ts';

/** What an instance needs of the process it is in. */
export interface InstanceOwner {
  /** Asks the host's main thread to terminate the worker of the slot. */
  terminateWorker(): void;
  /** SIGKILL to the host process, which has `message` to answer for. */
  killHost(message: string): void;
  /** The instance ended; its slot is free when the worker was released. */
  onFinish(): void;
}

/** What an instance is made of. */
export interface InstanceOptions {
  readonly session: SlotSession;
  readonly owner: InstanceOwner;
  readonly clock: Clock;
  /** Runs a task when the sockets have been read once more, so that no news lies unread. */
  readonly afterReading: (task: () => void) => void;
  /** Processor time that a terminated worker has before its host is killed; see `judgeCall`. */
  readonly killGraceMs: number;
  /** Processor time of the host's workers; null where nobody can tell. */
  readonly threadTimes: () => ThreadTimes | null;
  /** What a worker that is not yet warm may take to begin. */
  readonly startDeadlineMs: number;
  /** What instantiation may take from then on, start functions included. */
  readonly activationDeadlineMs: number;
}

/** An instance from the moment its worker is asked to take a slot. Drives the kill ladder. */
export class Instance implements ComponentInstance {
  readonly ended: Promise<EndReason>;
  /** Resolves when the component stands; rejects with ComponentError when it never does. */
  readonly activated: Promise<void>;
  private readonly options: InstanceOptions;
  private readonly resolveEnded: (reason: EndReason) => void;
  private readonly resolveActivated: () => void;
  private readonly rejectActivated: (error: ComponentError) => void;
  private state: LadderState = LADDER_START;
  private exported: ReadonlySet<number> = new Set();
  private activationTimer: Timer | null;
  private graceTimer: Timer | null = null;

  constructor(options: InstanceOptions) {
    this.options = options;
    const ended = Promise.withResolvers<EndReason>();
    const activated = Promise.withResolvers<void>();
    this.ended = ended.promise;
    this.resolveEnded = ended.resolve;
    this.activated = activated.promise;
    // Nobody may be waiting when it rejects.
    this.activated.catch(() => {});
    this.resolveActivated = () => activated.resolve();
    this.rejectActivated = activated.reject;
    this.activationTimer = this.endAfter(options.startDeadlineMs, 'no worker took the slot');
  }

  call(functionId: number, args: readonly unknown[]): Promise<unknown> {
    return this.options.session.call(functionId, args);
  }

  exports(functionId: number): boolean {
    return this.exported.has(functionId);
  }

  async kill(reason: EndReason): Promise<void> {
    this.handle({ kind: 'end', reason });
    await this.ended;
  }

  statistics(): InstanceStatistics {
    return this.options.session.statistics();
  }

  /** A worker has begun to instantiate. */
  onOpened(): void {
    if (this.activationTimer === null) return;
    this.activationTimer.cancel();
    const { activationDeadlineMs } = this.options;
    this.activationTimer = this.endAfter(activationDeadlineMs, 'the component did not start');
  }

  /** The component stands. */
  onActivated({ exports }: Activated): void {
    this.activationTimer?.cancel();
    this.activationTimer = null;
    this.exported = exports;
    this.resolveActivated();
  }

  /** Goes on along the kill ladder. */
  handle(event: LadderEvent): void {
    const { state, effects } = nextLadderStep(this.state, event);
    // The state first: an effect may lead back here.
    this.state = state;
    for (const effect of effects) this.perform(effect, state);
  }

  private endAfter(delayMs: number, what: string): Timer {
    const timer = this.options.clock.after(delayMs, () => {
      const message = `${what} within ${delayMs} ms`;
      this.options.afterReading(() => {
        if (this.activationTimer === timer) {
          this.handle({ kind: 'end', reason: { kind: 'deadline', message } });
        }
      });
    });
    return timer;
  }

  private perform(effect: LadderEffect, state: LadderState): void {
    const { session, owner, clock, killGraceMs } = this.options;
    const reason = state.at === 'running' ? null : state.reason;
    switch (effect) {
      case 'reject-calls':
        session.close(describe(reason));
        return;
      case 'stop-worker':
        session.stopWorker();
        owner.terminateWorker();
        return;
      case 'start-grace':
        this.watchGrace(clock.monotonicMs(), null);
        return;
      case 'kill-host':
        owner.killHost(`a worker did not end within ${killGraceMs} ms`);
        return;
      case 'finish':
        this.finish(reason);
    }
  }

  private watchGrace(sinceMs: number, mark: ThreadTimes | null): void {
    const { clock, killGraceMs, threadTimes, afterReading } = this.options;
    const look = { spentMs: clock.monotonicMs() - sinceMs, threads: threadTimes() };
    const verdict = judgeCall(killGraceMs, look, mark);
    if (verdict.over !== null) {
      this.handle({ kind: 'grace-over' });
      return;
    }
    this.graceTimer = clock.after(verdict.nextLookMs, () => {
      afterReading(() => {
        if (this.state.at === 'ending') this.watchGrace(sinceMs, verdict.mark);
      });
    });
  }

  private finish(reason: EndReason | null): void {
    this.graceTimer?.cancel();
    this.activationTimer?.cancel();
    const isLost = reason?.kind === 'host-lost';
    const code = isLost ? 'COMPONENT_HOST_LOST' : 'COMPONENT_ACTIVATION_FAILED';
    // Does nothing when the component had stood.
    this.rejectActivated(new ComponentError(code, describe(reason)));
    this.options.owner.onFinish();
    this.resolveEnded(reason ?? { kind: 'stopped' });
  }
}

function describe(reason: EndReason | null): string {
  if (reason === null) return 'the instance has ended';
  if (reason.kind === 'stopped') return 'the instance was stopped';
  return `${reason.kind}: ${reason.message}`;
}
