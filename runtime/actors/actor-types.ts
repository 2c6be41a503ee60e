import type { Audit } from '../ports/audit.ts';
import type { Clock } from '../ports/clock.ts';
import type { ComponentInstance, EndReason, InstanceStatistics } from '../ports/component-host.ts';
import type { Log } from '../ports/log.ts';
import type { Random } from '../ports/random.ts';
import type { Health } from './health.ts';
import type { MailboxBounds, MailboxCounters } from './mailbox.ts';
import type { RestartPolicy } from './restart.ts';
import type { StartGate } from './start-gate.ts';

/** What an actor needs to know of its controller; a release's `ControllerSpec` has this shape. */
export interface ActorSpec {
  readonly name: string;
  readonly version: string;
  readonly restart: RestartPolicy;
  readonly mailbox: MailboxBounds;
  readonly healthIntervalMs: number;
}

/** `start-reason` of `airssys:lifecycle/controller`. */
export type StartReason = 'cold' | 'restart' | 'update' | 'rollback';

/** Ids of the lifecycle functions in the contract's table of exports. */
export interface LifecycleIds {
  readonly start: number;
  readonly stop: number;
  readonly health: number;
}

/** Bounds and history of one actor. */
export interface ActorOptions {
  /** Why the first start happens; later ones are restarts. */
  readonly firstReason: Exclude<StartReason, 'restart'>;
  /** The version that ran before, when it was another one. */
  readonly previousVersion: string | undefined;
  /** Starts of this controller within the release so far. */
  readonly generationBefore: bigint;
  /** Calls sent and not yet answered; `InstanceLimits` of the activation must not be smaller. */
  readonly callsInFlightMax: number;
  /** `activate` not done by then counts as failed. */
  readonly activationDeadlineMs: number;
  /** How long an orderly `stop` may take before the instance is killed. */
  readonly stopDeadlineMs: number;
}

/** What an actor may use. */
export interface ActorPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly audit: Audit;
  readonly gate: StartGate;
}

/** What an actor calls. A hook that throws is logged; supervision goes on. */
export interface ActorHooks {
  /** Makes a running copy with its guards in place. The lifecycle's `start` is not its business. */
  activate(reason: StartReason, generation: bigint): Promise<ComponentInstance>;
  /**
   * Drives the controller's outputs to their safe values. Called at once when an instance is to
   * be killed and again when it has ended, always before a restart: it may be called repeatedly.
   */
  onSafeState(): void;
  /** Called after every change of state. */
  onState(state: ActorState): void;
  /** Called when the controller's judgement of itself changes. */
  onHealth(health: Health): void;
}

/** Something for a handler of a controller. */
export interface ActorMessage {
  /** Id in the contract's table of exports. */
  readonly functionId: number;
  readonly args: readonly unknown[];
  /** Counted against the mailbox. */
  readonly bytes: number;
  /** For people, when it is lost: `serial meter`, `mqtt local/site/setpoint`. */
  readonly what: string;
  /** Called once when an accepted message was handled, or lost in any way. Must not throw. */
  readonly settled?: () => void;
}

/** Why a running copy is no more. */
export type EndCause =
  | EndReason
  | { readonly kind: 'start-refused'; readonly message: string }
  | { readonly kind: 'activation-failed'; readonly message: string };

/** What an actor is doing. Times are monotonic milliseconds. */
export type ActorState =
  | { readonly at: 'idle'; readonly sinceMs: number }
  | { readonly at: 'starting'; readonly sinceMs: number; readonly reason: StartReason }
  | { readonly at: 'running'; readonly sinceMs: number }
  | {
      readonly at: 'backoff';
      readonly sinceMs: number;
      readonly untilMs: number;
      readonly attempt: number;
      readonly cause: EndCause;
    }
  | { readonly at: 'quarantined'; readonly sinceMs: number; readonly cause: EndCause }
  | { readonly at: 'stopping'; readonly sinceMs: number }
  | { readonly at: 'stopped'; readonly sinceMs: number; readonly cause: EndCause };

/** Figures of an actor's messages since its creation. */
export interface MessageCounters {
  readonly handled: number;
  /** Being handled when the instance ended, or refused by the engine; not delivered again. */
  readonly failed: number;
  /** For a function that the controller does not export. */
  readonly undeliverable: number;
  /** Refused because the controller is quarantined, stopping or stopped. */
  readonly refused: number;
  /** Waiting when the controller was quarantined. */
  readonly discarded: number;
}

/** A snapshot for `status`. */
export interface ActorStatus {
  readonly name: string;
  readonly version: string;
  readonly state: ActorState;
  readonly health: Health;
  /** Starts so far, within the release. */
  readonly generation: bigint;
  readonly restarts: number;
  /** More counted ends than this within the period: quarantine. */
  readonly intensityMax: number;
  readonly lastEnd: { readonly cause: EndCause; readonly wallMs: number } | null;
  readonly waiting: { readonly messages: number; readonly bytes: number };
  readonly mailbox: MailboxCounters;
  readonly messages: MessageCounters;
  /** Null while no instance runs. */
  readonly statistics: InstanceStatistics | null;
}

/** Returns a cause in words, one line. */
export function describeEnd(cause: EndCause): string {
  return cause.message === undefined ? cause.kind : `${cause.kind}: ${cause.message}`;
}
