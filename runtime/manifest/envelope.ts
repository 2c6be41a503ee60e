import { CborTag, type CborValue, decodeCbor, encodeCbor } from '../base/cbor.ts';
import { readArray, readBytes } from '../base/cbor-read.ts';
import { CborError } from '../base/cbor-scan.ts';
import { SIGNATURES_MAX } from '../signing/cose.ts';
import { ReleaseError } from './errors.ts';
import * as limits from './limits.ts';
import { readDigest } from './manifest-decode.ts';
import { digestOfMember } from './member-digest.ts';
import { envelopeName } from './suit-names.ts';
import { ENVELOPE_MEMBER, ENVELOPE_SEVERABLE, SUIT_TAG } from './suit-numbers.ts';

/** The parts of an envelope. Byte strings are views of the input; nothing is verified. */
export interface Envelope {
  /** The encoded SUIT_Digest: what is signed. */
  readonly digestBytes: Uint8Array;
  /** SHA-256 of the manifest's byte string with its head, lower-case hex. */
  readonly manifestDigest: string;
  readonly signatureBlocks: readonly Uint8Array[];
  readonly manifest: Uint8Array;
  /** What it brings: integrated payloads by key, severable members by number. */
  readonly payloads: ReadonlyMap<string | number, Uint8Array>;
}

const ENVELOPE_LIMITS = { tags: [SUIT_TAG.envelope], depthMax: 2, itemsMax: 256 };

/**
 * Returns the parts of an envelope (draft-ietf-suit-manifest-37 8.2) whose manifest has the digest
 * that the authentication wrapper names.
 * @throws ReleaseError `ENVELOPE_*`
 */
export function parseEnvelope(bytes: Uint8Array): Envelope {
  if (bytes.length > limits.ENVELOPE_BYTES_MAX) {
    throw new ReleaseError(
      'ENVELOPE_TOO_LARGE',
      `${bytes.length} bytes, where ${limits.ENVELOPE_BYTES_MAX} are allowed`,
    );
  }
  try {
    return readEnvelope(bytes);
  } catch (cause) {
    if (!(cause instanceof CborError)) throw cause;
    throw new ReleaseError('ENVELOPE_MALFORMED', `not a release: ${cause.message}`, { cause });
  }
}

/** Returns an envelope's bytes. Deterministic. */
export function encodeEnvelope(envelope: Omit<Envelope, 'manifestDigest'>): Uint8Array {
  const authentication = [envelope.digestBytes, ...envelope.signatureBlocks];
  const members = new Map<number | string, CborValue>([
    [ENVELOPE_MEMBER.authentication, encodeCbor(authentication)],
    [ENVELOPE_MEMBER.manifest, envelope.manifest],
    ...envelope.payloads,
  ]);
  return encodeCbor(new CborTag(members, SUIT_TAG.envelope));
}

/** Returns the digest of a manifest: SHA-256 over the byte string that wraps it (draft 8.3). */
export function digestOfManifest(manifest: Uint8Array): string {
  return digestOfMember(manifest);
}

function readEnvelope(bytes: Uint8Array): Envelope {
  const tagged = decodeCbor(bytes, ENVELOPE_LIMITS);
  const members = tagged instanceof CborTag ? tagged.value : null;
  if (!(members instanceof Map)) {
    throw new ReleaseError('ENVELOPE_MALFORMED', 'not a release: CBOR tag 107 is missing');
  }
  const payloads = new Map<string | number, Uint8Array>();
  for (const [member, value] of members) {
    if (typeof member === 'string') {
      payloads.set(member, readBytes(value, 'payload', 0, limits.ENVELOPE_BYTES_MAX));
    } else if (member === ENVELOPE_SEVERABLE.text || member === ENVELOPE_SEVERABLE.sbom) {
      const isText = member === ENVELOPE_SEVERABLE.text;
      const bytesMax = isText ? limits.TEXT_BYTES_MAX : limits.SBOM_BYTES_MAX;
      payloads.set(member, readBytes(value, envelopeName(member), 1, bytesMax));
    } else if (member !== ENVELOPE_MEMBER.authentication && member !== ENVELOPE_MEMBER.manifest) {
      throw new ReleaseError(
        'ENVELOPE_MEMBER',
        `member ${envelopeName(member)} is outside the subset that is read here`,
      );
    }
  }
  const manifest = readBytes(
    members.get(ENVELOPE_MEMBER.manifest),
    'manifest',
    1,
    limits.MANIFEST_BYTES_MAX,
  );
  return { ...readAuthentication(members, manifest), manifest, payloads };
}

function readAuthentication(members: ReadonlyMap<unknown, unknown>, manifest: Uint8Array) {
  const path = 'authentication wrapper';
  const encoded = readBytes(
    members.get(ENVELOPE_MEMBER.authentication),
    path,
    1,
    limits.AUTHENTICATION_BYTES_MAX,
  );
  const parts = readArray(decodeCbor(encoded), path, 1, 1 + SIGNATURES_MAX);
  const [digestBytes, ...signatureBlocks] = parts.map(part =>
    readBytes(part, path, 1, limits.AUTHENTICATION_BYTES_MAX),
  );
  const manifestDigest = readDigest(digestBytes, path);
  if (digestBytes === undefined || manifestDigest !== digestOfManifest(manifest)) {
    throw new ReleaseError('ENVELOPE_DIGEST', 'the manifest was changed: its digest is another');
  }
  return { digestBytes, manifestDigest, signatureBlocks };
}
