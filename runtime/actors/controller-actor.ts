/**
 * One actor per controller. Invariants:
 * - at most one instance lives; the next starts only after the last one has ended;
 * - whenever an instance ends, `onSafeState` is called before anything else follows;
 * - a message is sent at most once; what waits in the mailbox survives a restart;
 * - no hook, port or guest can stop the supervision by throwing.
 */
import { errorMessage } from '../base/errors.ts';
import type { Timer } from '../ports/clock.ts';
import {
  type ActorHooks,
  type ActorMessage,
  type ActorOptions,
  type ActorPorts,
  type ActorSpec,
  type ActorState,
  type ActorStatus,
  describeEnd,
  type EndCause,
  type LifecycleIds,
  type StartReason,
} from './actor-types.ts';
import { guestText, type Health } from './health.ts';
import { InstanceRun } from './instance-run.ts';
import { Mailbox } from './mailbox.ts';
import { firstState, next, type SupervisionState } from './restart.ts';

/** Supervises one controller: starts, feeds, questions, stops and restarts it. */
export class ControllerActor {
  readonly spec: ActorSpec;
  readonly #ids: LifecycleIds;
  readonly #options: ActorOptions;
  readonly #ports: ActorPorts;
  readonly #hooks: ActorHooks;
  readonly #mailbox: Mailbox<ActorMessage>;
  readonly #counters = { handled: 0, failed: 0, undeliverable: 0, refused: 0, discarded: 0 };
  readonly #stopped = Promise.withResolvers<void>();
  #supervision: SupervisionState;
  #state: ActorState;
  #health: Health = { kind: 'unknown' };
  #run: InstanceRun | null = null;
  #backoffTimer: Timer | null = null;
  #generation: bigint;
  #restarts = 0;
  #lastEnd: ActorStatus['lastEnd'] = null;
  #settled: (() => void)[] = [];

  constructor(parts: {
    readonly spec: ActorSpec;
    readonly ids: LifecycleIds;
    readonly options: ActorOptions;
    readonly ports: ActorPorts;
    readonly hooks: ActorHooks;
  }) {
    this.spec = parts.spec;
    this.#ids = parts.ids;
    this.#options = parts.options;
    this.#ports = parts.ports;
    this.#hooks = parts.hooks;
    this.#mailbox = new Mailbox(parts.spec.mailbox);
    this.#generation = parts.options.generationBefore;
    const nowMs = parts.ports.clock.monotonicMs();
    this.#supervision = firstState(nowMs);
    this.#state = { at: 'idle', sinceMs: nowMs };
  }

  /**
   * Starts the controller for the first time. Resolves when the start is decided: running,
   * waiting for a restart, quarantined or stopped. Does nothing after the first call.
   */
  start(): Promise<void> {
    if (this.#state.at !== 'idle') return Promise.resolve();
    this.#supervision = firstState(this.#now());
    this.#begin(this.#options.firstReason);
    return new Promise(resolve => this.#settled.push(resolve));
  }

  /**
   * Stops the controller for good: `stop` within its deadline, then kill, then safe state.
   * Resolves when nothing runs any more.
   */
  stop(): Promise<void> {
    if (this.#state.at === 'stopping' || this.#state.at === 'stopped') return this.#stopped.promise;
    const nowMs = this.#now();
    const stop = { kind: 'stop', cause: 'stopped' } as const;
    this.#supervision = next(this.#supervision, stop, nowMs, this.spec.restart);
    this.#backoffTimer?.cancel();
    if (this.#run !== null) {
      this.#change({ at: 'stopping', sinceMs: nowMs });
      this.#run.stop();
    } else {
      this.#safeState();
      this.#change({ at: 'stopped', sinceMs: nowMs, cause: { kind: 'stopped' } });
    }
    return this.#stopped.promise;
  }

  /** Lets a quarantined controller start again. Returns false when it is not quarantined. */
  release(): boolean {
    if (this.#state.at !== 'quarantined') return false;
    const released = { kind: 'released' } as const;
    this.#supervision = next(this.#supervision, released, this.#now(), this.spec.restart);
    this.#event('controller.release', 'released from quarantine by an operator');
    this.#begin('restart');
    return true;
  }

  /** Queues a message. Returns false when it was dropped or refused; it is counted then. */
  deliver(message: ActorMessage): boolean {
    const { at } = this.#state;
    if (at === 'quarantined' || at === 'stopping' || at === 'stopped') {
      this.#counters.refused += 1;
      return false;
    }
    const { accepted, droppedOldest } = this.#mailbox.push(message, message.bytes);
    for (const lost of droppedOldest) lost.settled?.();
    if (at === 'running') this.#run?.pump();
    return accepted;
  }

  /** Removes and returns the messages that wait, for the actor that takes over after a stop. */
  takeWaiting(): readonly ActorMessage[] {
    const messages: ActorMessage[] = [];
    for (let one = this.#mailbox.take(); one !== undefined; one = this.#mailbox.take()) {
      messages.push(one);
    }
    return messages;
  }

  /** Returns a snapshot for `status`. */
  status(): ActorStatus {
    return {
      name: this.spec.name,
      version: this.spec.version,
      state: this.#state,
      health: this.#health,
      generation: this.#generation,
      restarts: this.#restarts,
      intensityMax: this.spec.restart.intensityMax,
      lastEnd: this.#lastEnd,
      waiting: { messages: this.#mailbox.size, bytes: this.#mailbox.bytes },
      mailbox: this.#mailbox.counters(),
      messages: { ...this.#counters },
      statistics: this.#run?.instance?.statistics() ?? null,
    };
  }

  #begin(reason: StartReason): void {
    this.#generation += 1n;
    if (reason === 'restart') this.#restarts += 1;
    const run = new InstanceRun({
      reason,
      generation: this.#generation,
      ids: this.#ids,
      options: this.#options,
      healthIntervalMs: this.spec.healthIntervalMs,
      clock: this.#ports.clock,
      gate: this.#ports.gate,
      activate: (why, generation) => this.#hooks.activate(why, generation),
      take: () => this.#mailbox.take(),
      onStarted: () => this.#started(reason),
      onHealth: health => this.#setHealth(health),
      onMessage: outcome => {
        this.#counters[outcome] += 1;
      },
      onKill: () => this.#safeState(),
      onEnded: (cause, busy) => this.#ended(cause, busy),
      onTrouble: (level, text) => this.#log(level, text),
    });
    this.#run = run;
    this.#setHealth({ kind: 'unknown' });
    this.#change({ at: 'starting', sinceMs: this.#now(), reason });
    void run.begin();
  }

  #started(reason: StartReason): void {
    this.#event('controller.start', reason);
    this.#change({ at: 'running', sinceMs: this.#now() });
  }

  /** Draws the consequences of an end. The safe state comes before everything else. */
  #ended(cause: EndCause, busy: boolean): void {
    this.#safeState();
    this.#run = null;
    const nowMs = this.#now();
    this.#lastEnd = { cause, wallMs: this.#ports.clock.wallMs() };
    const event = {
      kind: 'ended',
      cause: cause.kind,
      normal: cause.kind === 'stopped',
      // Who was idle when the host process died did not kill it.
      counted: cause.kind !== 'host-lost' || busy,
      unstoppable: cause.kind === 'unstoppable',
      jitter: this.#ports.random.fraction(),
    } as const;
    this.#supervision = next(this.#supervision, event, nowMs, this.spec.restart);
    this.#event('controller.end', describeEnd(cause));
    this.#follow(this.#supervision, cause, nowMs);
  }

  #follow(supervision: SupervisionState, cause: EndCause, nowMs: number): void {
    switch (supervision.at) {
      case 'backoff': {
        const { untilMs, attempt } = supervision;
        const waitMs = Math.max(0, untilMs - nowMs);
        this.#log(
          'warn',
          `ended (${describeEnd(cause)}), restart in ${Math.round(waitMs)} ms`,
          cause,
        );
        this.#change({ at: 'backoff', sinceMs: nowMs, untilMs, attempt, cause });
        this.#wake(waitMs);
        return;
      }
      case 'quarantined':
        this.#log('error', `quarantined: ${whyQuarantined(cause)}`, cause);
        this.#event('controller.quarantine', describeEnd(cause));
        for (const lost of this.takeWaiting()) {
          this.#counters.discarded += 1;
          lost.settled?.();
        }
        this.#change({ at: 'quarantined', sinceMs: nowMs, cause });
        return;
      case 'stopped':
        this.#log('info', `stopped (${describeEnd(cause)})`, cause);
        this.#change({ at: 'stopped', sinceMs: nowMs, cause });
        return;
      case 'up':
        throw new Error('an end leads to back-off, quarantine or stop');
    }
  }

  #wake(delayMs: number): void {
    this.#backoffTimer = this.#ports.clock.after(delayMs, () => {
      const nowMs = this.#now();
      const state = next(this.#supervision, { kind: 'elapsed' }, nowMs, this.spec.restart);
      if (state.at === 'up') {
        this.#supervision = state;
        this.#begin('restart');
      } else if (state.at === 'backoff') {
        // A timer may fire a fraction of a millisecond early.
        this.#wake(Math.max(1, state.untilMs - nowMs));
      }
    });
  }

  #change(state: ActorState): void {
    this.#state = state;
    if (state.at === 'stopped') this.#stopped.resolve();
    if (state.at !== 'starting' && state.at !== 'stopping') {
      for (const resolve of this.#settled.splice(0)) resolve();
    }
    this.#guarded('state', () => this.#hooks.onState(state));
  }

  #setHealth(health: Health): void {
    const before = this.#health;
    this.#health = health;
    if (describeHealth(before) === describeHealth(health)) return;
    if (health.kind === 'degraded' || health.kind === 'unhealthy') {
      this.#log('warn', `${health.kind}: ${health.message}`);
    } else if (health.kind === 'healthy' && before.kind !== 'unknown') {
      this.#log('info', 'healthy again');
    }
    this.#guarded('health', () => this.#hooks.onHealth(health));
  }

  #safeState(): void {
    this.#guarded('safe state', () => this.#hooks.onSafeState());
  }

  #guarded(what: string, task: () => void): void {
    try {
      task();
    } catch (error) {
      this.#log('critical', `${what} hook failed: ${errorMessage(error)}`);
    }
  }

  #now(): number {
    return this.#ports.clock.monotonicMs();
  }

  #log(level: 'info' | 'warn' | 'error' | 'critical', message: string, cause?: EndCause): void {
    const code = cause === undefined ? {} : { code: cause.kind };
    const fields = { controller: this.spec.name, ...code };
    this.#ports.log.write(level, 'gateway', guestText(message), fields);
  }

  #event(action: string, reason: string): void {
    const resource = `${this.spec.name}@${this.spec.version}#${this.#generation}`;
    const record = { actor: 'gateway', action, resource, grant: null, reason: guestText(reason) };
    this.#ports.audit.record({ ...record, decision: 'event' });
  }
}

function describeHealth(health: Health): string {
  return 'message' in health ? `${health.kind} ${health.message}` : health.kind;
}

function whyQuarantined(cause: EndCause): string {
  const words = describeEnd(cause);
  return cause.kind === 'unstoppable' ? words : `ended too often, last by ${words}`;
}
