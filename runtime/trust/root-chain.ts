import { SignatureError } from '../signing/errors.ts';
import type { TrustedKey } from '../signing/trusted-key.ts';
import { requireSigners } from '../signing/verify-cose.ts';
import { parseDocument, type SignedDocument } from './document.ts';
import { TrustError } from './errors.ts';
import { type Root, roleOf } from './root.ts';
import { decodeRoot } from './root-codec.ts';

/**
 * Roots and their succession (TUF 5.3): the first is trusted because of where it lies, each later
 * one because the keys of its predecessor say so, and its own keys do.
 */

/** Roots of a gateway, oldest first, each verified by its predecessor. At least one. */
export type RootChain = readonly [Root, ...Root[]];

/** Roots that are kept. */
const ROOTS_MAX = 1_000;

/** Returns the root that is in force. */
export function currentRoot(chain: RootChain): Root {
  return chain.at(-1) ?? chain[0];
}

/** Returns the roots of a chain, the one in force first. */
export function newestFirst(chain: RootChain): RootChain {
  return [currentRoot(chain), ...chain.slice(0, -1).reverse()];
}

/**
 * Returns the first root: its own role `root` must have signed it.
 * @throws TrustError, SignatureError, KeyError
 */
export function verifyFirstRoot(bytes: Uint8Array): Root {
  const document = parseDocument(bytes, 'root');
  const root = decodeRoot(document.message.payload);
  requireRootSigners(document, root, root);
  return root;
}

/**
 * Returns a chain with one more root: of the next version, signed by the threshold of the root in
 * force and by its own. Whether either has expired does not matter: a newer root is the way out.
 * @throws TrustError `TRUST_ROOT_VERSION` and others, SignatureError, KeyError
 */
export function extendChain(chain: RootChain, bytes: Uint8Array): RootChain {
  const current = currentRoot(chain);
  const document = parseDocument(bytes, 'root');
  const root = decodeRoot(document.message.payload);
  if (root.version !== current.version + 1) {
    throw new TrustError(
      'TRUST_ROOT_VERSION',
      `this is root ${root.version}; after root ${current.version} comes ${current.version + 1}`,
    );
  }
  if (chain.length >= ROOTS_MAX) {
    throw new TrustError('TRUST_ROOT_VERSION', `more than ${ROOTS_MAX} roots since the first one`);
  }
  requireRootSigners(document, root, current);
  requireRootSigners(document, root, root);
  return [...chain, root];
}

/**
 * Returns the keys of `judge`'s role root that signed a root, when they reach its threshold.
 * @throws SignatureError
 */
function requireRootSigners(
  { message }: SignedDocument,
  root: Root,
  judge: Root,
): readonly TrustedKey[] {
  const role = roleOf(judge, 'root');
  const keys = role?.keys ?? [];
  const threshold = role?.threshold ?? Number.POSITIVE_INFINITY;
  const signers = requireSigners([message], message.payload, keys);
  if (signers.length >= threshold) return signers;
  throw new SignatureError(
    'SIGNATURE_THRESHOLD',
    `root ${root.version} is signed by ${signers.length} of the ${threshold} keys that root ` +
      `${judge.version} asks for`,
  );
}

/**
 * Whether, after the root of version `since`, a root left a role none of the keys that it had: what
 * was counted under the old keys then counts no more. Of roots older than the chain nothing is
 * known, and nothing is forgotten for them.
 */
export function isRoleRenewed(chain: RootChain, role: string, since: number): boolean {
  let former: ReadonlySet<string> | null = null;
  for (const root of chain) {
    const keys = roleOf(root, role)?.keys.map(({ keyId }) => keyId);
    // Without the role nothing can be signed, and what it had is remembered.
    if (keys === undefined) continue;
    const known = former;
    if (known !== null && root.version > since && !keys.some(key => known.has(key))) return true;
    former = new Set(keys);
  }
  return false;
}
