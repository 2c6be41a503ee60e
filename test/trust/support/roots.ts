import { type PrivateKey, parsePrivateKey, publicKeyOf } from '../../../runtime/signing/ed25519.ts';
import { type TrustedKey, trustedKey } from '../../../runtime/signing/trusted-key.ts';
import { encodeDocument, newDocument, signDocument } from '../../../runtime/trust/document.ts';
import type { ReleaseScope, Role, Root } from '../../../runtime/trust/root.ts';
import { encodeRoot } from '../../../runtime/trust/root-codec.ts';
import { requireRoot } from '../../../runtime/trust/root-rules.ts';

/** Returns a private key made of one byte. */
export function seedKey(seed: number): PrivateKey {
  return parsePrivateKey(new Uint8Array(32).fill(seed));
}

/** Returns its public key, named after the seed. */
export function seedTrusted(seed: number): TrustedKey {
  return trustedKey(`key ${seed}`, publicKeyOf(seedKey(seed)));
}

/** A role as tests write it: keys by seed. */
export interface SeedRole {
  readonly name: string;
  readonly seeds: readonly number[];
  readonly threshold?: number;
  readonly scope?: ReleaseScope;
}

/** Returns a root of these roles; `release` may sign everything unless its scope says otherwise. */
export function seedRoot(
  version: number,
  roles: readonly SeedRole[],
  more: Partial<Root> = {},
): Root {
  const seeds = [...new Set(roles.flatMap(role => role.seeds))];
  const keys = seeds.map(seedTrusted);
  return requireRoot({
    version,
    issuedS: 1_700_000_000 + version,
    expiresS: null,
    keys,
    roles: roles.map(({ name, seeds: own, threshold = 1, scope }): Role => {
      const isRelease = name.startsWith('release');
      const everything = { paths: ['ctl/*'], ceiling: null };
      return {
        name,
        threshold,
        keys: keys.filter((_, index) => own.includes(seeds[index] ?? -1)),
        scope: scope ?? (isRelease ? everything : null),
      };
    }),
    ...more,
  });
}

/** Returns the document of a root, signed by keys of these seeds. */
export function signedRoot(root: Root, ...seeds: readonly number[]): Uint8Array {
  const unsigned = newDocument('root', encodeRoot(root));
  return encodeDocument(seeds.map(seedKey).reduce(signDocument, unsigned));
}
