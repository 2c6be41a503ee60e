import { parseCose } from '../signing/cose.ts';
import { parseEnvelope } from './envelope.ts';
import { decodeManifest } from './manifest-decode.ts';
import { payloadUri } from './manifest-encode.ts';
import { imagesOf, type Release } from './release.ts';
import { requireSeverable, type Severable, severableIn } from './severable.ts';

/** What an envelope says of itself. None of it is verified. */
export interface EnvelopeClaims {
  readonly release: Release;
  readonly manifestDigest: string;
  /** Keys that claim to have signed, and COSE algorithms, which need not be accepted here. */
  readonly signatures: readonly ClaimedSignature[];
  /** Payloads by the digest they are filed under. */
  readonly payloads: ReadonlyMap<string, Uint8Array>;
  readonly severable: Severable;
}

/** A signature that nobody has verified. */
export interface ClaimedSignature {
  /** Id of the key, lower-case hex; empty where it is not named. */
  readonly keyId: string;
  readonly algorithm: number;
}

/**
 * Returns what an envelope claims, for people to look at. Never a base for a decision.
 * @throws ReleaseError `ENVELOPE_*`, `MANIFEST_*`, `PAYLOAD_*`; SignatureError
 *   `SIGNATURE_MALFORMED`, `SIGNATURE_CRITICAL`
 */
export function inspectEnvelope(bytes: Uint8Array): EnvelopeClaims {
  const envelope = parseEnvelope(bytes);
  const release = decodeManifest(envelope.manifest);
  const signatures = envelope.signatureBlocks.flatMap(block =>
    parseCose(block, block.length).signatures.map(({ keyId, algorithm }) => ({
      keyId: Buffer.from(keyId ?? []).toString('hex'),
      algorithm,
    })),
  );
  const payloads = new Map<string, Uint8Array>();
  for (const { digest } of imagesOf(release)) {
    const payload = envelope.payloads.get(payloadUri(digest));
    if (payload !== undefined) payloads.set(digest, payload);
  }
  const severable = severableIn(envelope.payloads);
  // Shown as the release's own words, so at least they are what its manifest means.
  requireSeverable(release, severable);
  return { release, manifestDigest: envelope.manifestDigest, signatures, payloads, severable };
}
