import { type Grant, parseGrant, subsumes } from '../../capabilities/grammar/index.ts';
import { SignatureError } from '../signing/errors.ts';
import type { TrustedKey } from '../signing/trusted-key.ts';
import { pathCovers } from './paths.ts';
import { countOf, isReleaseRole, type Role, type Root } from './root.ts';

/** What a release wants of the role that signed it. */
export interface ReleaseClaims {
  readonly controllers: readonly {
    readonly name: string;
    /** Grants in canonical text, optional ones too. */
    readonly grants: readonly string[];
  }[];
}

/** Why a role does not cover a release. */
export interface ScopeFault {
  readonly by: 'path' | 'ceiling';
  /** In words, with the controller. */
  readonly detail: string;
}

/**
 * Returns the release roles whose threshold these keys reach, in the root's order; at least one.
 * @throws SignatureError `SIGNATURE_WRONG_ROLE`, `SIGNATURE_THRESHOLD`
 */
export function requireReleaseRoles(root: Root, signers: readonly TrustedKey[]): readonly Role[] {
  const ids = signers.map(({ keyId }) => keyId);
  const counted = root.roles
    .filter(isReleaseRole)
    .map(role => ({ role, count: countOf(role, ids) }))
    .filter(({ count }) => count > 0);
  const reached = counted.filter(({ role, count }) => count >= role.threshold);
  if (reached.length > 0) return reached.map(({ role }) => role);
  const names = signers.map(({ name }) => `"${name}"`).join(', ');
  if (counted.length === 0) {
    throw new SignatureError('SIGNATURE_WRONG_ROLE', `key ${names} may not sign a release`);
  }
  const lacking = counted.map(
    ({ role, count }) => `${count} of the ${role.threshold} keys that role ${role.name} needs`,
  );
  throw new SignatureError('SIGNATURE_THRESHOLD', `signed by ${lacking.join(', and ')}`);
}

/** Returns the roles that cover all of a release, and what the first of the others lacks. */
export function coveringRoles(
  roles: readonly Role[],
  claims: ReleaseClaims,
): { readonly roles: readonly Role[]; readonly fault: ScopeFault | null } {
  const judged = roles.map(role => ({ role, fault: scopeFault(role, claims) }));
  return {
    roles: judged.filter(({ fault }) => fault === null).map(({ role }) => role),
    fault: judged.find(({ fault }) => fault !== null)?.fault ?? null,
  };
}

function scopeFault(
  { name: role, scope }: Role,
  { controllers }: ReleaseClaims,
): ScopeFault | null {
  if (scope === null) return { by: 'path', detail: `role ${role} signs no releases` };
  const ceiling = scope.ceiling?.map(text => parseGrant(text)) ?? null;
  for (const { name, grants } of controllers) {
    if (!scope.paths.some(path => pathCovers(path, name))) {
      const detail = `role ${role} may sign ${scope.paths.join(', ')}, not the controller ${name}`;
      return { by: 'path', detail };
    }
    const over = ceiling === null ? undefined : grants.find(grant => !isUnder(grant, ceiling));
    if (over !== undefined) {
      const detail = `${name} asks for ${over}, which is beyond the ceiling of role ${role}`;
      return { by: 'ceiling', detail };
    }
  }
  return null;
}

function isUnder(grant: string, ceiling: readonly Grant[]): boolean {
  const asked = parseGrant(grant);
  return ceiling.some(wide => subsumes(wide, asked));
}
