import { parseSign1 } from '../signing/cose-sign1.ts';
import { parseEnvelope } from './envelope.ts';
import { decodeManifest } from './manifest-decode.ts';
import { payloadUri } from './manifest-encode.ts';
import { imagesOf, type Release } from './release.ts';

/** What an envelope says of itself. None of it is verified. */
export interface EnvelopeClaims {
  readonly release: Release;
  readonly manifestDigest: string;
  /** Ids of the keys that claim to have signed, lower-case hex, and their algorithms. */
  readonly signatures: readonly { readonly keyId: string; readonly algorithm: number }[];
  /** Payloads by the digest they are filed under. */
  readonly payloads: ReadonlyMap<string, Uint8Array>;
}

/**
 * Returns what an envelope claims, for people to look at. Never a base for a decision.
 * @throws ReleaseError `ENVELOPE_*`, `MANIFEST_*`; SignatureError `SIGNATURE_MALFORMED`,
 *   `SIGNATURE_ALGORITHM`
 */
export function inspectEnvelope(bytes: Uint8Array): EnvelopeClaims {
  const envelope = parseEnvelope(bytes);
  const release = decodeManifest(envelope.manifest);
  const signatures = envelope.signatureBlocks.map(block => {
    const { keyId, algorithm } = parseSign1(block, { acceptEdDsa: true });
    return { keyId: Buffer.from(keyId).toString('hex'), algorithm };
  });
  const payloads = new Map<string, Uint8Array>();
  for (const { digest } of imagesOf(release)) {
    const payload = envelope.payloads.get(payloadUri(digest));
    if (payload !== undefined) payloads.set(digest, payload);
  }
  return { release, manifestDigest: envelope.manifestDigest, signatures, payloads };
}
