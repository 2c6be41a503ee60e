import type { Authority, Roots } from '../manifest/verify-envelope.ts';
import { SignatureError } from '../signing/errors.ts';
import { TrustError } from '../trust/errors.ts';
import { pathCovers } from '../trust/paths.ts';
import type { Revocations } from '../trust/revocations.ts';
import { isReached, type Root, roleOf } from '../trust/root.ts';
import { currentRoot, isRoleRenewed, newestFirst, type RootChain } from '../trust/root-chain.ts';
import { nowAtLeastS, requireRootInForce } from '../trust/time.ts';
import { DeployError } from './errors.ts';
import type { Floor } from './slot-record.ts';

/** What is known of whom to trust when a release is to be verified. */
export interface Vouching {
  readonly chain: RootChain;
  /** Why a later root or list cannot be read any more, or null. */
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

/** What the deployer asks of trust while a release is on its way. */
export interface ReleaseTrust {
  /** Returns the floors that a release of this authority must not go below, by role. */
  floorsOf(authority: Authority, floors: ReadonlyMap<string, Floor>): ReadonlyMap<string, Floor>;
  /**
   * Refuses a release whose roles may not touch a controller that is installed: a release is the
   * whole set, so whoever may sign for the pump could remove the heater by leaving it out.
   * @throws DeployError `DEPLOY_NOT_OWNER`
   */
  requireOwner(authority: Authority, installed: readonly string[]): void;
  /**
   * Refuses what nobody vouches for any more: roots and lists may come while a release is on its
   * way. What came back by a token is judged by the root that vouched for it, all else by the one
   * in force.
   * @throws SignatureError `SIGNATURE_REVOKED`
   */
  requireVouched(authority: Authority, manifestDigest: string, isRecovery: boolean): void;
}

/** What a gateway was told of whom to trust; it changes as it runs. */
export interface TrustInForce {
  chain(): RootChain;
  revocations(): Revocations;
}

/** Returns what the deployer asks, answered by what is in force when it asks. */
export function releaseTrust(trust: TrustInForce): ReleaseTrust {
  return {
    floorsOf: (authority, floors) => floorsOf(trust.chain(), authority, floors),
    requireOwner: (authority, installed) => requireOwner(trust.chain(), authority, installed),
    requireVouched: (authority, manifestDigest, isRecovery) => {
      const chain = trust.chain();
      const then = rootOfVersion(chain, authority.rootVersion);
      const root = isRecovery ? then : currentRoot(chain);
      requireVouched(root, trust.revocations(), authority, manifestDigest);
    },
  };
}

/**
 * A floor holds for the roles that vouch for a release, and for every role that its keys reached
 * when that floor rose: neither a signature that is taken off nor a role that is renamed leads
 * around it. It ends when a root leaves its role none of its keys.
 */
function floorsOf(
  chain: RootChain,
  { roles, keyIds }: Authority,
  floors: ReadonlyMap<string, Floor>,
): ReadonlyMap<string, Floor> {
  return new Map(
    [...floors].filter(([name, { rootVersion }]) => {
      if (isRoleRenewed(chain, name, rootVersion)) return false;
      const then = rootOfVersion(chain, rootVersion);
      return roles.includes(name) || isRoleReached(then, name, keyIds);
    }),
  );
}

function requireOwner(
  chain: RootChain,
  { roles: names }: Authority,
  installed: readonly string[],
): void {
  const roles = names.flatMap(name => roleOf(currentRoot(chain), name) ?? []);
  let foreign: string | undefined;
  for (const { scope } of roles) {
    foreign = installed.find(name => !scope?.paths.some(path => pathCovers(path, name)));
    if (foreign === undefined) return;
  }
  throw new DeployError(
    'DEPLOY_NOT_OWNER',
    `role ${names.join(', ')} may not sign for the installed controller ${foreign ?? '?'} ` +
      'that would be replaced: have a role sign whose paths cover both',
  );
}

function requireVouched(
  root: Root | null,
  { keyIds: revoked, releases, version }: Revocations,
  { roles, keyIds }: Authority,
  manifestDigest: string,
): void {
  const left = keyIds.filter(id => !revoked.includes(id));
  const isVouched = roles.some(name => isRoleReached(root, name, left));
  if (isVouched && !releases.includes(manifestDigest)) return;
  throw new SignatureError(
    'SIGNATURE_REVOKED',
    `nobody vouches for release ${manifestDigest.slice(0, 12)} any more: list ${version} or root ` +
      `${root?.version ?? 'of then'} took that away while it was on its way`,
  );
}

function isRoleReached(root: Root | null, name: string, keyIds: readonly string[]): boolean {
  const role = root === null ? null : roleOf(root, name);
  return role !== null && isReached(role, keyIds);
}

function rootOfVersion(chain: RootChain, version: number): Root | null {
  return chain.find(root => root.version === version) ?? null;
}
