import type { ActorMessage, ActorStatus } from './actor-types.ts';
import { describeEnd } from './actor-types.ts';
import type { ControllerActor } from './controller-actor.ts';

/**
 * How a release does as a whole, for its trial. `waiting`: somebody has not answered yet, or is
 * about to be restarted. `bad` names everyone whose state counts against the release.
 */
export type ReleaseHealth =
  | { readonly kind: 'good' }
  | { readonly kind: 'waiting'; readonly for: readonly string[] }
  | { readonly kind: 'bad'; readonly problems: readonly string[] };

/** Owns the actors of a release, in start order. Takes over actors that already run as they are. */
export class Supervisor {
  readonly #actors: ReadonlyMap<string, ControllerActor>;

  constructor(actors: readonly ControllerActor[]) {
    this.#actors = new Map(actors.map(actor => [actor.spec.name, actor]));
  }

  /** Starts one after the other. One that fails does not keep the next from its start. */
  async start(): Promise<void> {
    for (const actor of this.#actors.values()) await actor.start();
  }

  /** Stops in reverse order, except those in `keep`, which another supervisor takes over. */
  async stop(keep: ReadonlySet<string> = new Set()): Promise<void> {
    for (const actor of [...this.#actors.values()].reverse()) {
      if (!keep.has(actor.spec.name)) await actor.stop();
    }
  }

  /** Returns the actor of a controller. */
  actor(name: string): ControllerActor | undefined {
    return this.#actors.get(name);
  }

  /** Queues a message for a controller. Returns false when it was dropped, refused or unknown. */
  deliver(name: string, message: ActorMessage): boolean {
    return this.#actors.get(name)?.deliver(message) ?? false;
  }

  /** Lets a quarantined controller start again. */
  release(name: string): 'released' | 'not-quarantined' | 'unknown' {
    const actor = this.#actors.get(name);
    if (actor === undefined) return 'unknown';
    return actor.release() ? 'released' : 'not-quarantined';
  }

  /** Returns a snapshot of every actor, in start order. */
  status(): readonly ActorStatus[] {
    return [...this.#actors.values()].map(actor => actor.status());
  }

  /** Returns the judgement over all controllers now. */
  health(): ReleaseHealth {
    return releaseHealth(this.status());
  }
}

/** Judges a release by the snapshots of its controllers. */
function releaseHealth(controllers: readonly ActorStatus[]): ReleaseHealth {
  const problems: string[] = [];
  const waitingFor: string[] = [];
  for (const { name, state, health } of controllers) {
    if (state.at === 'quarantined') {
      problems.push(`${name} is quarantined: ${describeEnd(state.cause)}`);
    } else if (state.at === 'stopped' && state.cause.kind !== 'stopped') {
      problems.push(`${name} has stopped: ${describeEnd(state.cause)}`);
    } else if (health.kind === 'unhealthy') {
      problems.push(`${name} is unhealthy: ${health.message}`);
    } else if (state.at !== 'stopped' && (state.at !== 'running' || health.kind === 'unknown')) {
      waitingFor.push(name);
    }
  }
  if (problems.length > 0) return { kind: 'bad', problems };
  return waitingFor.length > 0 ? { kind: 'waiting', for: waitingFor } : { kind: 'good' };
}
