/**
 * One life of one instance, from the wait for its start to its end. Invariants:
 * - `onEnded` is called exactly once, and only when no instance of this run is alive;
 * - `onKill` is called before the engine is asked to kill;
 * - never more than `callsInFlightMax` calls wait, and messages are sent in order, at most once.
 */
import { errorCode, errorMessage } from '../base/errors.ts';
import type { Clock, Timer } from '../ports/clock.ts';
import type { ComponentInstance } from '../ports/component-host.ts';
import type {
  ActorMessage,
  ActorOptions,
  EndCause,
  LifecycleIds,
  StartReason,
} from './actor-types.ts';
import { type Health, parseHealth, startRefusal } from './health.ts';
import type { StartGate } from './start-gate.ts';

/** What became of a message: counted, never silent. */
export type MessageOutcome = 'handled' | 'failed' | 'undeliverable';

/** What a run needs, and whom it tells. The listeners must not throw. */
export interface RunParts {
  readonly reason: StartReason;
  readonly generation: bigint;
  readonly ids: LifecycleIds;
  readonly options: ActorOptions;
  readonly healthIntervalMs: number;
  readonly clock: Clock;
  readonly gate: StartGate;
  activate(reason: StartReason, generation: bigint): Promise<ComponentInstance>;
  /** Removes and returns the next message, when there is one. */
  take(): ActorMessage | undefined;
  onStarted(): void;
  onHealth(health: Health): void;
  onMessage(outcome: MessageOutcome): void;
  onKill(): void;
  /** `busy`: it was starting or handling a call when it ended. */
  onEnded(cause: EndCause, busy: boolean): void;
  onTrouble(level: 'warn' | 'error' | 'critical', text: string): void;
}

/** A killed instance that has not ended by then is reported; the run goes on waiting. */
const KILL_REPORT_MS = 5_000;

/** Starts, feeds, questions and ends one instance. */
export class InstanceRun {
  readonly #parts: RunParts;
  #phase: 'starting' | 'running' | 'stopping' | 'over' = 'starting';
  #instance: ComponentInstance | null = null;
  /** Set when we end the run: this, not the engine's reason, is then the cause. */
  #cause: EndCause | null = null;
  #callsInFlight = 0;
  #healthDue = false;
  #stopDue = false;
  #healthTimer: Timer | null = null;
  #deadlineTimer: Timer | null = null;

  constructor(parts: RunParts) {
    this.#parts = parts;
  }

  /** The instance, once it is activated and until it ends. */
  get instance(): ComponentInstance | null {
    return this.#instance;
  }

  /** Waits for the turn, activates and calls `start`. Everything else is told to the listeners. */
  async begin(): Promise<void> {
    const leave = await this.#parts.gate.enter();
    try {
      if (this.#cause === null) await this.#activate();
      else this.#finish(this.#cause);
    } finally {
      leave();
    }
  }

  /** Sends what may be sent now: the stop first, then a health call, then messages in order. */
  pump(): void {
    const instance = this.#instance;
    if (instance === null || this.#cause !== null) return;
    while (this.#callsInFlight < this.#parts.options.callsInFlightMax) {
      if (this.#stopDue) {
        this.#stopDue = false;
        void this.#callStop(instance);
        return;
      }
      if (this.#phase !== 'running') return;
      if (this.#healthDue) {
        this.#healthDue = false;
        void this.#callHealth(instance);
        continue;
      }
      const message = this.#parts.take();
      if (message === undefined) return;
      if (instance.exports(message.functionId)) this.#send(instance, message);
      else {
        message.settled?.();
        this.#parts.onMessage('undeliverable');
      }
    }
  }

  /** Ends the run: in good order when it is running, else at once. */
  stop(): void {
    if (this.#phase === 'starting') this.#kill({ kind: 'stopped' });
    if (this.#phase !== 'running') return;
    this.#phase = 'stopping';
    this.#stopDue = true;
    this.#healthTimer?.cancel();
    // Runs from here, not from the call: a controller busy with messages gets no longer.
    this.#deadlineTimer = this.#parts.clock.after(this.#parts.options.stopDeadlineMs, () => {
      this.#kill({ kind: 'stopped' });
    });
    this.pump();
  }

  async #activate(): Promise<void> {
    let instance: ComponentInstance;
    try {
      instance = await this.#activateInTime();
    } catch (error) {
      this.#finish(this.#cause ?? { kind: 'activation-failed', message: errorMessage(error) });
      return;
    }
    this.#instance = instance;
    const ended = instance.ended.then(reason => this.#finish(this.#cause ?? reason));
    if (this.#cause !== null) {
      this.#killInstance(instance);
      await ended;
      return;
    }
    // The turn at the gate lasts until the start is decided, and a refused instance is gone.
    await Promise.race([this.#callStart(instance), ended]);
    if (this.#cause !== null) await ended;
  }

  /** Activates with a deadline. An instance that comes too late is killed. */
  async #activateInTime(): Promise<ComponentInstance> {
    const { clock, options, reason, generation } = this.#parts;
    const { promise: tooLate, reject } = Promise.withResolvers<never>();
    let late = false;
    const timer = clock.after(options.activationDeadlineMs, () => {
      late = true;
      reject(new Error(`not activated within ${options.activationDeadlineMs} ms`));
    });
    // Through `then`, so that an activation that throws at once rejects like any other.
    const activation = Promise.resolve().then(() => this.#parts.activate(reason, generation));
    activation.then(
      instance => {
        if (late) instance.kill({ kind: 'stopped' }).catch(() => {});
      },
      () => {},
    );
    try {
      return await Promise.race([activation, tooLate]);
    } finally {
      timer.cancel();
    }
  }

  async #callStart(instance: ComponentInstance): Promise<void> {
    const { ids, options, reason, generation } = this.#parts;
    const context = { reason, generation, previousVersion: options.previousVersion };
    let refusal: string | null;
    try {
      refusal = startRefusal(await this.#call(instance, ids.start, [context]));
    } catch (error) {
      refusal = errorMessage(error);
    }
    if (this.#phase !== 'starting' || this.#cause !== null) return;
    if (refusal !== null) {
      this.#kill({ kind: 'start-refused', message: refusal });
      return;
    }
    this.#phase = 'running';
    this.#healthDue = true;
    this.#parts.onStarted();
    this.pump();
  }

  #send(instance: ComponentInstance, message: ActorMessage): void {
    this.#call(instance, message.functionId, message.args).then(
      () => {
        message.settled?.();
        this.#parts.onMessage('handled');
        this.pump();
      },
      error => {
        message.settled?.();
        this.#parts.onMessage('failed');
        this.#parts.onTrouble('warn', `message lost: ${message.what}: ${errorMessage(error)}`);
        this.pump();
      },
    );
  }

  async #callHealth(instance: ComponentInstance): Promise<void> {
    try {
      const health = parseHealth(await this.#call(instance, this.#parts.ids.health, []));
      if (this.#phase === 'running') this.#parts.onHealth(health);
    } catch (error) {
      this.#parts.onTrouble('warn', `health not answered: ${errorMessage(error)}`);
    }
    if (this.#phase !== 'running') return this.pump();
    this.#healthTimer = this.#parts.clock.after(this.#parts.healthIntervalMs, () => {
      this.#healthDue = true;
      this.pump();
    });
    this.pump();
  }

  async #callStop(instance: ComponentInstance): Promise<void> {
    const { ids, options } = this.#parts;
    try {
      await this.#call(instance, ids.stop, [options.stopDeadlineMs]);
    } catch (error) {
      this.#parts.onTrouble('warn', `stop not answered: ${errorMessage(error)}`);
    }
    this.#kill({ kind: 'stopped' });
  }

  /** Calls an export and keeps the count of calls that wait for an answer. */
  async #call(instance: ComponentInstance, id: number, args: readonly unknown[]) {
    this.#callsInFlight += 1;
    try {
      const answer = await instance.call(id, args);
      this.#callsInFlight -= 1;
      return answer;
    } catch (error) {
      // The end is judged first, with this call still in flight: it may be the one to blame.
      if (errorCode(error) === 'COMPONENT_ENDED') await instance.ended;
      this.#callsInFlight -= 1;
      throw error;
    }
  }

  /** Ends the run by our own decision. Its consequences follow when the instance has ended. */
  #kill(cause: EndCause): void {
    if (this.#phase === 'over' || this.#cause !== null) return;
    this.#cause = cause;
    this.#parts.onKill();
    if (this.#instance !== null) this.#killInstance(this.#instance);
  }

  #killInstance(instance: ComponentInstance): void {
    this.#deadlineTimer?.cancel();
    this.#deadlineTimer = this.#parts.clock.after(KILL_REPORT_MS, () => {
      this.#parts.onTrouble('critical', `not gone ${KILL_REPORT_MS} ms after its kill`);
    });
    instance.kill({ kind: 'stopped' }).catch((error: unknown) => {
      this.#parts.onTrouble('error', `kill failed: ${errorMessage(error)}`);
    });
  }

  #finish(cause: EndCause): void {
    if (this.#phase === 'over') return;
    const busy = this.#phase === 'starting' || this.#callsInFlight > 0;
    this.#phase = 'over';
    this.#instance = null;
    this.#healthTimer?.cancel();
    this.#deadlineTimer?.cancel();
    this.#parts.onEnded(cause, busy);
  }
}
