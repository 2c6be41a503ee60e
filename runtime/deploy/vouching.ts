import type { Authority, Roots } from '../manifest/verify-envelope.ts';
import { TrustError } from '../trust/errors.ts';
import { pathCovers } from '../trust/paths.ts';
import { roleOf } from '../trust/root.ts';
import { currentRoot, newestFirst, type RootChain } from '../trust/root-chain.ts';
import { nowAtLeastS, requireRootInForce } from '../trust/time.ts';
import { DeployError } from './errors.ts';

/** What is known of the roots of a gateway when a release is to be verified. */
export interface Vouching {
  readonly chain: RootChain;
  /** Why a later root cannot be read any more, or null. */
  readonly damage: string | null;
  readonly wallMs: number;
}

/**
 * Returns the roots that may vouch for a new release: the one in force, while it is.
 * @throws TrustError `TRUST_EXPIRED`, `TRUST_DAMAGED`
 */
export function rootsForNew({ chain, damage, wallMs }: Vouching): Roots {
  if (damage !== null) throw new TrustError('TRUST_DAMAGED', damage);
  const root = currentRoot(chain);
  requireRootInForce(root, nowAtLeastS(chain, wallMs));
  return [root];
}

/**
 * Returns the roots that may vouch for a release that this gateway accepted before: every one that
 * was in force, the newest first. That a key was replaced since is no reason to stop what runs.
 */
export function rootsForAccepted({ chain }: Pick<Vouching, 'chain'>): Roots {
  return newestFirst(chain);
}

/**
 * Refuses a release whose role may not touch a controller that is installed: a release is the whole
 * set, so whoever may sign for the pump could remove the heater by leaving it out.
 * @throws DeployError `DEPLOY_NOT_OWNER`
 */
export function requireOwnership(
  chain: RootChain,
  authority: Authority,
  installed: readonly { readonly name: string }[],
): void {
  const paths = roleOf(currentRoot(chain), authority.role)?.scope?.paths ?? [];
  const foreign = installed.find(({ name }) => !paths.some(path => pathCovers(path, name)));
  if (foreign === undefined) return;
  throw new DeployError(
    'DEPLOY_NOT_OWNER',
    `role ${authority.role} may sign ${paths.join(', ')}, and the installed controller ` +
      `${foreign.name} would be replaced: have a role sign whose paths cover both`,
  );
}
