import { errorMessage } from '../base/errors.ts';
import type { RootUpdatedReport } from '../control/reports.ts';
import type { RootStore } from '../deploy/root-store.ts';
import { rootsForAccepted, rootsForNew } from '../deploy/vouching.ts';
import type { Roots } from '../manifest/verify-envelope.ts';
import type { Clock } from '../ports/clock.ts';
import type { Foundation } from './foundation.ts';

/**
 * Adopts the next root. Who may sign has changed: that belongs into the audit as much as what was
 * signed. Rejects as RootStore.adopt does.
 */
export async function adoptRoot(
  roots: RootStore,
  { log, audit }: Foundation,
  document: Uint8Array,
): Promise<RootUpdatedReport> {
  const tell = (decision: 'event' | 'deny', reason: string) => {
    log.write(decision === 'event' ? 'info' : 'warn', 'gateway', reason);
    audit.record({
      actor: 'operator',
      action: 'root.adopt',
      resource: 'root',
      decision,
      grant: null,
      reason,
    });
  };
  try {
    const { version, expiresS } = await roots.adopt(document);
    tell('event', `root ${version} is in force`);
    return { version, expiresS };
  } catch (error) {
    tell('deny', `a root was refused: ${errorMessage(error)}`);
    throw error;
  }
}

/**
 * Returns the roots that may vouch for a release now.
 * @throws TrustError where nobody may vouch for a new one
 */
export function vouchingRoots(roots: RootStore, clock: Clock, fresh: boolean): Roots {
  const chain = roots.chain();
  if (!fresh) return rootsForAccepted({ chain });
  return rootsForNew({ chain, damage: roots.damage(), wallMs: clock.wallMs() });
}
