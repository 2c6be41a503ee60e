import type {
  ActorMessage,
  ActorOptions,
  ActorSpec,
  ActorState,
} from '../../../runtime/actors/actor-types.ts';
import { ControllerActor } from '../../../runtime/actors/controller-actor.ts';
import type { Health } from '../../../runtime/actors/health.ts';
import { StartGate } from '../../../runtime/actors/start-gate.ts';
import type { AuditRecord } from '../../../runtime/ports/audit.ts';
import {
  ComponentError,
  type ComponentInstance,
  type EndReason,
} from '../../../runtime/ports/component-host.ts';
import type { ManualClock } from './manual-clock.ts';

export const IDS = { start: 0, stop: 1, health: 2 };
export const ON_EDGE = 3;
export const NOT_EXPORTED = 9;

/** What a test makes an export do; a promise that never settles is a hang. */
export type Behaviour = (args: readonly unknown[], instance: ScriptedInstance) => unknown;

/** An instance whose exports a test scripts. Keeps the port's promises, also about its end. */
export class ScriptedInstance implements ComponentInstance {
  readonly ended: Promise<EndReason>;
  readonly calls: string[] = [];
  readonly #end = Promise.withResolvers<EndReason>();
  readonly #pending = new Set<(error: Error) => void>();
  readonly #behaviours: ReadonlyMap<number, Behaviour>;
  #gone = false;
  inFlightMost = 0;

  constructor(behaviours: ReadonlyMap<number, Behaviour>) {
    this.#behaviours = behaviours;
    this.ended = this.#end.promise;
  }

  call(functionId: number, args: readonly unknown[]): Promise<unknown> {
    if (this.#gone) return Promise.reject(new ComponentError('COMPONENT_ENDED', 'ended'));
    this.calls.push(functionId === ON_EDGE ? `edge ${String(args[0])}` : nameOf(functionId));
    return new Promise((resolve, reject) => {
      this.#pending.add(reject);
      this.inFlightMost = Math.max(this.inFlightMost, this.#pending.size);
      const done = (settleCall: () => void) => {
        if (this.#pending.delete(reject)) settleCall();
      };
      Promise.resolve(this.#behaviours.get(functionId)?.(args, this)).then(
        value => done(() => resolve(value)),
        error => done(() => reject(error)),
      );
    });
  }

  exports(functionId: number): boolean {
    return functionId !== NOT_EXPORTED;
  }

  kill(reason: EndReason): Promise<void> {
    this.end(reason);
    return Promise.resolve();
  }

  /** The instance ends: what waits rejects first, as the wire would have it, then `ended`. */
  end(reason: EndReason): void {
    if (this.#gone) return;
    this.#gone = true;
    for (const reject of this.#pending) reject(new ComponentError('COMPONENT_ENDED', reason.kind));
    this.#pending.clear();
    setImmediate(() => this.#end.resolve(reason));
  }

  statistics() {
    return { calls: this.calls.length, hostCalls: 0, logLinesDropped: 0, memoryBytes: 65_536 };
  }
}

function nameOf(functionId: number): string {
  return ['start', 'stop', 'health'][functionId] ?? String(functionId);
}

export const SPEC: ActorSpec = {
  name: 'thermostat',
  version: '2.0.1',
  restart: {
    policy: 'permanent',
    intensityMax: 3,
    periodMs: 60_000,
    backoffMinMs: 100,
    backoffMaxMs: 1_000,
  },
  mailbox: { messagesMax: 8, bytesMax: 1_024, overflow: 'drop-oldest' },
  healthIntervalMs: 10_000,
};

export const OPTIONS: ActorOptions = {
  firstReason: 'cold',
  previousVersion: undefined,
  generationBefore: 0n,
  callsInFlightMax: 4,
  activationDeadlineMs: 2_000,
  stopDeadlineMs: 500,
};

/** One actor with everything around it recorded. `events` keeps the order of all that happened. */
export function scriptedActor(
  clock: ManualClock,
  change: {
    readonly spec?: Partial<ActorSpec>;
    readonly options?: Partial<ActorOptions>;
    readonly gate?: StartGate;
    readonly behaviours?: Readonly<Record<number, Behaviour>>;
    readonly activate?: (generation: bigint) => Promise<ScriptedInstance> | undefined;
    readonly onSafeState?: () => void;
  } = {},
) {
  const behaviours = new Map<number, Behaviour>([
    [IDS.start, () => ({ tag: 'ok' })],
    [IDS.health, () => ({ tag: 'healthy' })],
  ]);
  for (const [id, behaviour] of Object.entries(change.behaviours ?? {})) {
    behaviours.set(Number(id), behaviour);
  }
  const instances: ScriptedInstance[] = [];
  const events: string[] = [];
  const logs: string[] = [];
  const audit: AuditRecord[] = [];
  const health: Health[] = [];
  const actor = new ControllerActor({
    spec: { ...SPEC, ...change.spec },
    ids: IDS,
    options: { ...OPTIONS, ...change.options },
    ports: {
      clock,
      random: { bytes: count => new Uint8Array(count), fraction: () => 0 },
      log: { write: (level, _source, message) => logs.push(`${level} ${message}`) },
      audit: { record: record => audit.push(record) },
      gate: change.gate ?? new StartGate(),
    },
    hooks: {
      activate: async (reason, generation) => {
        events.push(`activate ${reason} ${generation}`);
        const instance = (await change.activate?.(generation)) ?? new ScriptedInstance(behaviours);
        instances.push(instance);
        return instance;
      },
      onSafeState: () => {
        events.push('safe');
        change.onSafeState?.();
      },
      onState: (state: ActorState) => events.push(state.at),
      onHealth: one => health.push(one),
    },
  });
  const latest = (): ScriptedInstance => {
    const instance = instances.at(-1);
    if (instance === undefined) throw new Error('nothing was activated');
    return instance;
  };
  return { actor, events, logs, audit, health, instances, latest, behaviours };
}

/** An edge numbered `n` for the controller. */
export function edge(n: number, change: Partial<ActorMessage> = {}): ActorMessage {
  return { functionId: ON_EDGE, args: [n], bytes: 10, what: `edge ${n}`, ...change };
}
