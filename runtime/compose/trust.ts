import { errorMessage } from '../base/errors.ts';
import type { TrustUpdatedReport } from '../control/reports.ts';
import type { Occasion } from '../deploy/deployer.ts';
import type { TrustStore } from '../deploy/trust-store.ts';
import { rootsForAccepted, rootsForNew } from '../deploy/vouching.ts';
import type { Vouchers } from '../manifest/verify-envelope.ts';
import type { Clock } from '../ports/clock.ts';
import { type RecoveryToken, verifyRecoveryToken } from '../trust/recovery-token.ts';
import { currentRoot } from '../trust/root-chain.ts';
import type { Foundation } from './foundation.ts';

/**
 * Adopts the next root or a list of revocations. Who may sign has changed: that belongs into the
 * audit as much as what was signed. Rejects as TrustStore.adopt does.
 */
export async function updateTrust(
  trust: TrustStore,
  foundation: Foundation,
  document: Uint8Array,
): Promise<TrustUpdatedReport> {
  const tell = teller(foundation, 'trust.update');
  try {
    const { kind, version } = await trust.adopt(document);
    tell('event', `${kind} ${version} is in force`);
    return { kind, version };
  } catch (error) {
    tell('deny', `refused, and nothing changed: ${errorMessage(error)}`);
    throw error;
  }
}

/**
 * Returns who may vouch for a release now.
 * @throws TrustError where nobody may vouch for a new one
 */
export function vouchers(trust: TrustStore, clock: Clock, occasion: Occasion): Vouchers {
  const chain = trust.chain();
  const roots =
    occasion === 'new'
      ? rootsForNew({ chain, damage: trust.damage(), wallMs: clock.wallMs() })
      : rootsForAccepted({ chain });
  return { roots, revocations: trust.revocations() };
}

/**
 * Returns the leave that a recovery token gives: an exception, which is recorded as one.
 * @throws TrustError, SignatureError where it is none
 */
export function leaveOf(
  trust: TrustStore,
  foundation: Foundation,
  token: Uint8Array,
  gateway: string,
): RecoveryToken {
  const tell = teller(foundation, 'trust.token');
  try {
    const root = currentRoot(trust.chain());
    const leave = verifyRecoveryToken(token, root, gateway, trust.revocations());
    const what = `release ${leave.manifestDigest.slice(0, 12)}`;
    tell('event', `token ${leave.counter} asks for ${what}, which may be older than the floor`);
    return leave;
  } catch (error) {
    tell('deny', `a recovery token was refused: ${errorMessage(error)}`);
    throw error;
  }
}

function teller({ log, audit }: Foundation, action: string) {
  return (decision: 'event' | 'deny', reason: string) => {
    log.write(decision === 'event' ? 'info' : 'warn', 'gateway', reason);
    audit.record({ actor: 'operator', action, resource: 'trust', decision, grant: null, reason });
  };
}
