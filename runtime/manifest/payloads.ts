import { createHash } from 'node:crypto';
import { ReleaseError } from './errors.ts';
import { payloadUri } from './manifest-encode.ts';
import { imagesOf, type Release, type ReleaseImage } from './release.ts';
import { requireSeverable, severableIn } from './severable.ts';

/** The first 8 bytes of a component: magic, version 13, layer 1 (component-model Binary.md). */
const COMPONENT_PREAMBLE = Uint8Array.of(0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00);

/**
 * Returns the components of a release by digest, when `payloads` (by URI) are exactly those it
 * names: none missing, none beside, each of the signed size and digest, each with a component's
 * preamble. Severable members (by number) are those that it names, or missing.
 * @throws ReleaseError `PAYLOAD_*`
 */
export function requirePayloads(
  release: Release,
  payloads: ReadonlyMap<string | number, Uint8Array>,
): ReadonlyMap<string, Uint8Array> {
  const components = new Map<string, Uint8Array>();
  for (const image of imagesOf(release)) {
    const bytes = payloads.get(payloadUri(image.digest));
    if (bytes === undefined) {
      throw new ReleaseError('PAYLOAD_MISSING', missing(image));
    }
    requireSize(bytes, image);
    components.set(image.digest, bytes);
  }
  const severable = severableIn(payloads);
  if (components.size + Object.keys(severable).length !== payloads.size) {
    throw new ReleaseError('PAYLOAD_UNKNOWN', 'a payload belongs to no controller');
  }
  for (const [digest, bytes] of components) requireComponent(bytes, digest);
  requireSeverable(release, severable);
  return components;
}

/** Returns the SHA-256 of a component, lower-case hex. */
export function componentDigest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Whether bytes begin as a component does. */
export function isComponent(bytes: Uint8Array): boolean {
  return Buffer.compare(bytes.subarray(0, COMPONENT_PREAMBLE.length), COMPONENT_PREAMBLE) === 0;
}

/** Nothing is fetched here: where it is to be had helps a person. */
function missing({ label, uris = [] }: ReleaseImage): string {
  const words = `the component of ${label} is missing`;
  if (uris.length === 0) return words;
  return `${words}; its envelope does not bring it, it can be had at ${uris.join(' or ')}`;
}

function requireSize(bytes: Uint8Array, { label, sizeBytes }: ReleaseImage): void {
  if (bytes.length === sizeBytes) return;
  throw new ReleaseError(
    'PAYLOAD_SIZE',
    `${label}: ${bytes.length} bytes, where ${sizeBytes} are signed`,
  );
}

function requireComponent(bytes: Uint8Array, digest: string): void {
  if (componentDigest(bytes) !== digest) {
    throw new ReleaseError('PAYLOAD_DIGEST', `component ${digest.slice(0, 12)} was changed`);
  }
  if (!isComponent(bytes)) {
    throw new ReleaseError(
      'PAYLOAD_NOT_COMPONENT',
      `${digest.slice(0, 12)} is not a WebAssembly component (a core module must be wrapped)`,
    );
  }
}
