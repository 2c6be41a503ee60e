import { signDetached } from '../signing/cose.ts';
import type { PrivateKey } from '../signing/ed25519.ts';
import { digestOfManifest, encodeEnvelope } from './envelope.ts';
import { ReleaseError } from './errors.ts';
import { ENVELOPE_BYTES_MAX } from './limits.ts';
import { encodeDigest, encodeManifest, payloadUri } from './manifest-encode.ts';
import { requirePayloads } from './payloads.ts';
import type { Release } from './release.ts';
import { requireRelease } from './release-schema.ts';
import type { Severable } from './severable.ts';
import { ENVELOPE_SEVERABLE } from './suit-numbers.ts';

/**
 * Returns the signed envelope of a release with its components, by digest, and what is severable of
 * it. Deterministic: the same release, components and keys give the same bytes.
 * @throws ReleaseError `MANIFEST_*` where the release breaks a rule, `PAYLOAD_*` where the
 *   components or severable members are not the ones it names, `ENVELOPE_TOO_LARGE`
 */
export function signRelease(
  release: Release,
  components: ReadonlyMap<string, Uint8Array>,
  keys: readonly PrivateKey[],
  severable: Severable = {},
): Uint8Array {
  const manifest = encodeManifest(requireRelease(release));
  const payloads = new Map<string | number, Uint8Array>(
    [...components].map(([digest, bytes]) => [payloadUri(digest), bytes] as const),
  );
  const { text, sbom } = severable;
  if (text !== undefined) payloads.set(ENVELOPE_SEVERABLE.text, text);
  if (sbom !== undefined) payloads.set(ENVELOPE_SEVERABLE.sbom, sbom);
  requirePayloads(release, payloads);
  const digestBytes = encodeDigest(digestOfManifest(manifest));
  const signatureBlocks = keys.map(key => signDetached(digestBytes, key));
  const envelope = encodeEnvelope({ digestBytes, signatureBlocks, manifest, payloads });
  if (envelope.length > ENVELOPE_BYTES_MAX) {
    throw new ReleaseError(
      'ENVELOPE_TOO_LARGE',
      `${envelope.length} bytes, where ${ENVELOPE_BYTES_MAX} are allowed: use smaller components`,
    );
  }
  return envelope;
}
