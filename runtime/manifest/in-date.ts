import { ReleaseError } from './errors.ts';
import { formatInstant } from './instant.ts';
import type { Release } from './release.ts';

/**
 * Refuses a release whose `use-before` has come (RFC 9124 3.22). For new installations only: what
 * was installed in time runs, starts and is returned to for as long as it is wanted. `nowS` is in
 * seconds since 1970; a clock that is behind refuses nothing.
 * @throws ReleaseError `POLICY_EXPIRED`
 */
export function requireInDate(release: Release, nowS: number): void {
  const { name, version, useBeforeS } = release;
  if (useBeforeS === undefined || nowS < useBeforeS) return;
  throw new ReleaseError(
    'POLICY_EXPIRED',
    `${name} ${version} was to be installed before ${formatInstant(useBeforeS)}`,
  );
}
