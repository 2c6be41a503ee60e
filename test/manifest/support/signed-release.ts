import { createHash } from 'node:crypto';
import type { CborValue } from '../../../runtime/base/cbor.ts';
import { digestOfManifest, encodeEnvelope } from '../../../runtime/manifest/envelope.ts';
import { encodeDigest, payloadUri } from '../../../runtime/manifest/manifest-encode.ts';
import type { ControllerSpec, Release } from '../../../runtime/manifest/release.ts';
import type { Roots } from '../../../runtime/manifest/verify-envelope.ts';
import { signDetached } from '../../../runtime/signing/cose.ts';
import { type PrivateKey, parsePrivateKey, publicKeyOf } from '../../../runtime/signing/ed25519.ts';
import { trustedKey } from '../../../runtime/signing/trusted-key.ts';
import { rootOfKeys } from '../../../runtime/trust/root-toml.ts';

/** A map for `encodeCbor`, with integer keys. */
export type Entries = Map<number | string, CborValue>;

/** Returns bytes that begin like a component and go on with `fill`. */
export function fakeComponent(bytes: number, fill: number): Uint8Array {
  const component = new Uint8Array(bytes).fill(fill);
  component.set([0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00]);
  return component;
}

/** Returns a private key made of one byte. */
export function testKey(seed: number): PrivateKey {
  return parsePrivateKey(new Uint8Array(32).fill(seed));
}

/** Returns a root under which each of these keys may do everything alone. */
export function testRoots(...seeds: readonly number[]): Roots {
  const keys = seeds.map(seed => trustedKey(`key ${seed}`, publicKeyOf(testKey(seed))));
  return [rootOfKeys(keys, 1_700_000_000)];
}

/** Returns the SHA-256 of bytes, lower-case hex. */
export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Returns a controller of a release that passes. */
export function testController(name: string, component: Uint8Array): ControllerSpec {
  return {
    name,
    version: '1.0.0',
    digest: sha256(component),
    sizeBytes: component.length,
    parts: [],
    links: [],
    requests: [
      { grant: 'gpio:heater[dir=out,safe=inactive]', reason: 'heats', optional: false },
      { grant: 'mem:8MiB', reason: 'works', optional: false },
      { grant: 'cpu:call[<=250ms]', reason: 'works', optional: false },
      { grant: 'kv:state/*[rw]', reason: 'remembers', optional: true },
    ],
    config: [
      ['hysteresis', '0.5'],
      ['label', 'heizung ü'],
    ],
    restart: {
      policy: 'permanent',
      intensityMax: 5,
      periodMs: 60_000,
      backoffMinMs: 250,
      backoffMaxMs: 30_000,
    },
    mailbox: { messagesMax: 256, bytesMax: 262_144, overflow: 'drop-oldest' },
    healthIntervalMs: 10_000,
  };
}

/** Returns a release of these controllers that passes. */
export function testRelease(...controllers: readonly ControllerSpec[]): Release {
  return {
    name: 'heating',
    sequence: 7,
    version: '1.2.3',
    vendor: 'example.com',
    gatewayClass: 'gateway',
    minimumRuntime: '0.1.0',
    description: 'two lines\nof text',
    controllers,
  };
}

/** Returns an envelope around any manifest, truly signed by one key. */
export function signManifest(
  manifest: Uint8Array,
  components: readonly Uint8Array[],
  key: PrivateKey,
): Uint8Array {
  const digestBytes = encodeDigest(digestOfManifest(manifest));
  return encodeEnvelope({
    digestBytes,
    signatureBlocks: [signDetached(digestBytes, key)],
    manifest,
    payloads: new Map(components.map(bytes => [payloadUri(sha256(bytes)), bytes])),
  });
}
