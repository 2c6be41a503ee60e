import { type CoseMessage, parseCose } from '../signing/cose.ts';
import { SignatureError } from '../signing/errors.ts';
import type { TrustedKey } from '../signing/trusted-key.ts';
import { requireSigners, type SignatureOptions } from '../signing/verify-cose.ts';
import {
  coveringRoles,
  type ReleaseClaims,
  requireReleaseRoles,
  type ScopeFault,
} from '../trust/release-roles.ts';
import { NO_REVOCATIONS, type Revocations } from '../trust/revocations.ts';
import type { Root } from '../trust/root.ts';
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

/** Who vouches for a release: roles of one root, and the keys that signed. */
export interface Authority {
  /** Names of the roles that vouch: reached, and covering the release. At least one. */
  readonly roles: readonly string[];
  /** The root that names them. */
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
  const { release, authority } = vouchedFor(envelope, roots, options, passed);
  passed('manifest');
  const components = requirePayloads(release, envelope.payloads);
  passed('payload');
  const { manifestDigest } = envelope;
  return { release, manifestDigest, components, authority };
}

/**
 * Asks one root after the other until one vouches. What the first one says is the error when none
 * has a role to offer; what the first role lacks, when no role covers the release.
 */
function vouchedFor(
  envelope: Envelope,
  roots: Roots,
  options: AuthenticateOptions,
  passed: (layer: VerificationLayer) => void,
): { readonly release: Release; readonly authority: Authority } {
  const { digestBytes, signatureBlocks, manifestDigest } = envelope;
  const { revocations = NO_REVOCATIONS } = options;
  if (revocations.releases.includes(manifestDigest)) {
    const words = `release ${manifestDigest.slice(0, 12)} was revoked by list`;
    throw new SignatureError('SIGNATURE_REVOKED', `${words} ${revocations.version}`);
  }
  const messages = signatureBlocks.map(detachedMessage);
  let refusal: SignatureError | null = null;
  let release: Release | null = null;
  let fault: ScopeFault | null = null;
  for (const root of roots) {
    try {
      const all = requireSigners(messages, digestBytes, root.keys, options);
      const signers = requireUnrevoked(all, revocations);
      const roles = requireReleaseRoles(root, signers);
      if (release === null) passed('signature');
      release ??= decodeManifest(envelope.manifest);
      const covering = coveringRoles(roles, claimsOf(release));
      if (covering.roles.length > 0) {
        const names = covering.roles.map(({ name }) => name);
        const keyIds = signers.map(({ keyId }) => keyId);
        return { release, authority: { roles: names, rootVersion: root.version, keyIds } };
      }
      fault ??= covering.fault;
    } catch (error) {
      if (!(error instanceof SignatureError)) throw error;
      refusal ??= error;
    }
  }
  if (fault === null) throw refusal ?? new SignatureError('SIGNATURE_MISSING', 'no root was asked');
  const code = fault.by === 'path' ? 'MANIFEST_ROLE_PATH' : 'MANIFEST_ROLE_CEILING';
  throw new ReleaseError(code, fault.detail);
}

function claimsOf({ controllers }: Release): ReleaseClaims {
  return {
    controllers: controllers.map(({ name, requests }) => ({
      name,
      grants: requests.map(({ grant }) => grant),
    })),
  };
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
