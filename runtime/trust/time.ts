import { TrustError } from './errors.ts';
import type { Root } from './root.ts';
import { currentRoot, type RootChain } from './root-chain.ts';

/**
 * Returns what time it is at least, in seconds since 1970: that of the clock, or that which the
 * root in force was signed at, where a clock without a battery says less. A release's own time does
 * not count: a vendor's key could put an end to everybody's metadata with it.
 */
export function nowAtLeastS(chain: RootChain, wallMs: number): number {
  return Math.max(Math.floor(wallMs / 1_000), currentRoot(chain).issuedS);
}

/** Whether nothing new may be installed under a root any more. */
export function isExpired({ expiresS }: Pick<Root, 'expiresS'>, nowS: number): boolean {
  return expiresS !== null && nowS >= expiresS;
}

/**
 * Refuses a root under which nothing new may be installed any more.
 * @throws TrustError `TRUST_EXPIRED`
 */
export function requireRootInForce(root: Root, nowS: number): void {
  if (!isExpired(root, nowS)) return;
  const date = new Date((root.expiresS ?? 0) * 1_000).toISOString();
  throw new TrustError(
    'TRUST_EXPIRED',
    `root ${root.version} expired at ${date}: what runs goes on, and nothing new is installed ` +
      'before a newer root is (airssys-wasm trust update)',
  );
}
