import { requireThreshold, type SignatureOptions } from '../signing/threshold.ts';
import type { Trust } from '../signing/trust.ts';
import { parseEnvelope } from './envelope.ts';
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
  /** Id of the first key that signed, lower-case hex. */
  readonly keyId: string;
  /** Ids of all keys that count. */
  readonly keyIds: readonly string[];
}

/** How signatures are judged, and who listens. */
export interface AuthenticateOptions extends SignatureOptions {
  /** Called after each layer that passed. */
  readonly onPassed?: (layer: VerificationLayer) => void;
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
  trust: Trust,
  options: VerifyOptions,
): VerifiedRelease {
  const verified = authenticateEnvelope(bytes, trust, options);
  options.policy(verified.release);
  options.onPassed?.('policy');
  return verified;
}

/**
 * Returns the release in an envelope, after all layers but the policy: what depends on nothing but
 * bytes and trust. Nothing of the manifest is decoded before its signature is accepted.
 * @throws ReleaseError, SignatureError
 */
export function authenticateEnvelope(
  bytes: Uint8Array,
  trust: Trust,
  options: AuthenticateOptions = {},
): VerifiedRelease {
  const passed = options.onPassed ?? (() => undefined);
  const envelope = parseEnvelope(bytes);
  passed('envelope');
  const { digestBytes, signatureBlocks } = envelope;
  const signers = requireThreshold(digestBytes, signatureBlocks, trust, 'release', options);
  const keyIds = signers.map(signer => signer.keyId);
  passed('signature');
  const release = decodeManifest(envelope.manifest);
  passed('manifest');
  const components = requirePayloads(release, envelope.payloads);
  passed('payload');
  const { manifestDigest } = envelope;
  return { release, manifestDigest, components, keyId: keyIds[0] ?? '', keyIds };
}
