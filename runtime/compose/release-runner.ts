import type { ActorStatus } from '../actors/actor-types.ts';
import { Supervisor } from '../actors/supervisor.ts';
import { type AdmissionRules, type AdmittedController, admitRelease } from '../deploy/admission.ts';
import type { ReleaseStart } from '../deploy/deploy-event.ts';
import type { ReadyRelease, RunningRelease } from '../deploy/deployer.ts';
import { DeployError } from '../deploy/errors.ts';
import type { SlotName } from '../deploy/slot-record.ts';
import { startTrial, type TrialBounds, trialBounds } from '../deploy/trial.ts';
import type { Release } from '../manifest/release.ts';
import {
  type ControllerUnit,
  type UnitChange,
  type UnitSurroundings,
  wireController,
} from './controller-unit.ts';

/** What the running release looks like from outside. */
export interface LiveRelease extends RunningRelease {
  readonly release: Release;
  readonly slot: SlotName;
  controllers(): readonly ActorStatus[];
  /** Effective grants of each controller in canonical text. */
  readonly units: readonly ControllerUnit[];
  releaseQuarantine(name: string): 'released' | 'not-quarantined' | 'unknown';
}

/** What a release is started with. */
export interface RunnerParts {
  readonly around: UnitSurroundings;
  readonly rules: AdmissionRules;
  readonly trial: TrialBounds;
  readonly onUnmet: (words: string) => void;
  readonly onChange: UnitChange;
}

/**
 * Starts a release: components are compiled first, then controllers are started in their order.
 * Rejects when a component cannot be compiled; what a controller does later is its supervisor's.
 */
export async function runRelease(
  parts: RunnerParts,
  ready: ReadyRelease,
  slot: SlotName,
  reason: ReleaseStart,
  previous: Release | null,
): Promise<LiveRelease> {
  const { release } = ready;
  const admitted = admitRelease(release, parts.rules, false);
  const units: ControllerUnit[] = [];
  const closeAll = () => {
    for (const unit of units) unit.close();
  };
  // A change may be reported while the units are still being made.
  let look = () => {};
  try {
    for (const one of admitted) {
      for (const words of one.unmet) parts.onUnmet(words);
      const assembly = ready.assemblies.get(one.spec.name);
      if (assembly === undefined) {
        throw new DeployError('DEPLOY_NOT_STORED', `${one.spec.name} was not staged`);
      }
      const before = previous?.controllers.find(({ name }) => name === one.spec.name);
      const host = parts.around.hosts.of(vendorOf(release, one));
      const changed = before !== undefined && before.version !== one.spec.version;
      units.push(
        wireController(parts.around, {
          admitted: one,
          host,
          component: await host.prepare(assembly),
          shape: assembly.own.artifact.shape,
          slot,
          firstReason: reason,
          previousVersion: changed ? before.version : undefined,
          onChange: (name, state, lastWords) => {
            parts.onChange(name, state, lastWords);
            look();
          },
        }),
      );
    }
  } catch (error) {
    closeAll();
    throw error;
  }
  await parts.around.hosts.retain(new Set(admitted.map(one => vendorOf(release, one))));
  const supervisor = new Supervisor(units.map(unit => unit.actor));
  for (const unit of units) unit.listen();
  const bounds = trialBounds(parts.trial, release.soakMs ?? 0);
  const trial = startTrial(() => supervisor.health(), parts.around.clock, bounds);
  look = trial.look;
  await supervisor.start();
  return {
    release,
    slot,
    units,
    proven: trial.outcome,
    controllers: () => supervisor.status(),
    releaseQuarantine: name => supervisor.release(name),
    stop: async () => {
      look = () => {};
      trial.abandon();
      await supervisor.stop();
      closeAll();
    },
  };
}

/** A controller is its release's vendor's, unless it names another. */
function vendorOf(release: Release, { spec }: AdmittedController): string {
  return spec.vendor ?? release.vendor;
}
