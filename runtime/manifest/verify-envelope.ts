import { type CoseMessage, parseCose } from '../signing/cose.ts';
import { SignatureError } from '../signing/errors.ts';
import type { TrustedKey } from '../signing/trusted-key.ts';
import { requireSigners, type SignatureOptions } from '../signing/verify-cose.ts';
import { coveringRole, requireReleaseRoles } from '../trust/release-roles.ts';
import { NO_REVOCATIONS, type Revocations } from '../trust/revocations.ts';
import type { Role, Root } from '../trust/root.ts';
import { type Envelope, parseEnvelope } from './envelope.ts';
import { ReleaseError } from './errors.ts';
import { decodeManifest } from './manifest-decode.ts';
import { requirePayloads } from './payloads.ts';
import type { Release } from './release.ts';

/** The layers of verification, in their order. Each refuses with codes of its own prefix. */
export const VERIFICATION_LAYERS = [
  'envelope',
  'signature',
  'manifest',
  'payload',
  'policy',
] as const;

/** The name of a layer. */
export type VerificationLayer = (typeof VERIFICATION_LAYERS)[number];

/** A release that passed the layers up to its payloads. */
export interface VerifiedRelease {
  readonly release: Release;
  /** SHA-256 of the manifest (draft-ietf-suit-manifest-37 8.3), lower-case hex. */
  readonly manifestDigest: string;
  /** Components by digest: views of the envelope's bytes, which must not be changed after. */
  readonly components: ReadonlyMap<string, Uint8Array>;
  /** Who says so. */
  readonly authority: Authority;
}

/** The role under which a release was verified, and the keys that signed. */
export interface Authority {
  /** Name of the first role of the root that covers the release. */
  readonly role: string;
  /** The root that names it. */
  readonly rootVersion: number;
  /** Ids of all keys of that root that signed, lower-case hex; at least one. */
  readonly keyIds: readonly string[];
}

/**
 * Roots that may vouch for a release, in the order in which they are asked: for a new release the
 * one in force, for one that was accepted before also those that were in force then.
 */
export type Roots = readonly [Root, ...Root[]];

/** Who may vouch for a release, and who no more. */
export interface Vouchers {
  readonly roots: Roots;
  readonly revocations: Revocations;
}

/** How signatures are judged, and who listens. */
export interface AuthenticateOptions extends SignatureOptions {
  /** Called after each layer that passed. */
  readonly onPassed?: (layer: VerificationLayer) => void;
  /** None unless given. */
  readonly revocations?: Revocations;
}

/** What else is wanted of a release. */
export interface VerifyOptions extends AuthenticateOptions {
  /** The policy layer: throws a coded error (POLICY_*, DEPLOY_* ...) to refuse. */
  readonly policy: (release: Release) => void;
}

/**
 * Returns the release in an envelope, after envelope, signature and role, manifest, payloads and
 * policy, in this order.
 * @throws ReleaseError, SignatureError, and whatever `policy` throws
 */
export function verifyEnvelope(
  bytes: Uint8Array,
  roots: Roots,
  options: VerifyOptions,
): VerifiedRelease {
  const verified = authenticateEnvelope(bytes, roots, options);
  options.policy(verified.release);
  options.onPassed?.('policy');
  return verified;
}

/** Bytes of one signature block: a COSE_Sign with as many signers as there may be. */
const BLOCK_BYTES_MAX = 8 * 1_024;

/** Roles of one root that a release's signers reach. */
interface Reached {
  readonly root: Root;
  readonly roles: readonly Role[];
  readonly signers: readonly TrustedKey[];
}

/**
 * Returns the release in an envelope, after all layers but the policy: what depends on nothing but
 * bytes and roots. Nothing of the manifest is decoded before the threshold of a role is reached.
 * @throws ReleaseError, SignatureError
 */
export function authenticateEnvelope(
  bytes: Uint8Array,
  roots: Roots,
  options: AuthenticateOptions = {},
): VerifiedRelease {
  const passed = options.onPassed ?? (() => undefined);
  const envelope = parseEnvelope(bytes);
  passed('envelope');
  const reached = reachedUnder(envelope, roots, options);
  passed('signature');
  const release = decodeManifest(envelope.manifest);
  const authority = requireCovered(release, reached);
  passed('manifest');
  const components = requirePayloads(release, envelope.payloads);
  passed('payload');
  const { manifestDigest } = envelope;
  return { release, manifestDigest, components, authority };
}

/** Asks each root; what the first one says is the error when none of them has a role to offer. */
function reachedUnder(
  { digestBytes, signatureBlocks, manifestDigest }: Envelope,
  roots: Roots,
  options: AuthenticateOptions,
): readonly [Reached, ...Reached[]] {
  const { revocations = NO_REVOCATIONS } = options;
  if (revocations.releases.includes(manifestDigest)) {
    const words = `release ${manifestDigest.slice(0, 12)} was revoked by list`;
    throw new SignatureError('SIGNATURE_REVOKED', `${words} ${revocations.version}`);
  }
  const messages = signatureBlocks.map(detachedMessage);
  const refusals: SignatureError[] = [];
  const reached = roots.flatMap((root): Reached[] => {
    try {
      const all = requireSigners(messages, digestBytes, root.keys, options);
      const signers = requireUnrevoked(all, revocations);
      return [{ root, signers, roles: requireReleaseRoles(root, signers) }];
    } catch (error) {
      if (!(error instanceof SignatureError)) throw error;
      refusals.push(error);
      return [];
    }
  });
  const [first, ...others] = reached;
  if (first === undefined) throw refusals[0];
  return [first, ...others];
}

/** What a revoked key signed counts for nothing; what others signed beside it still does. */
function requireUnrevoked(
  signers: readonly TrustedKey[],
  { keyIds, version }: Revocations,
): readonly TrustedKey[] {
  const left = signers.filter(({ keyId }) => !keyIds.includes(keyId));
  if (left.length > 0) return left;
  const names = signers.map(({ name }) => `"${name}"`).join(', ');
  throw new SignatureError('SIGNATURE_REVOKED', `key ${names} was revoked by list ${version}`);
}

function detachedMessage(block: Uint8Array): CoseMessage {
  const message = parseCose(block, BLOCK_BYTES_MAX);
  if (message.payload !== null) {
    throw new SignatureError('SIGNATURE_MALFORMED', 'the payload must be detached');
  }
  // A signed document is signed for what its content type says, which is no release.
  if (message.contentType !== null) {
    const words = `signed as ${message.contentType}, not as a release`;
    throw new SignatureError('SIGNATURE_MALFORMED', words);
  }
  return message;
}

function requireCovered(release: Release, reached: readonly [Reached, ...Reached[]]): Authority {
  const controllers = release.controllers.map(({ name, requests }) => ({
    name,
    grants: requests.map(({ grant }) => grant),
  }));
  for (const { root, roles, signers } of reached) {
    const found = coveringRole(roles, { controllers });
    if (!('role' in found)) continue;
    const keyIds = signers.map(({ keyId }) => keyId);
    return { role: found.role.name, rootVersion: root.version, keyIds };
  }
  const first = coveringRole(reached[0].roles, { controllers });
  const { by, detail } = 'fault' in first ? first.fault : { by: 'path' as const, detail: '' };
  const code = by === 'path' ? 'MANIFEST_ROLE_PATH' : 'MANIFEST_ROLE_CEILING';
  throw new ReleaseError(code, detail);
}
