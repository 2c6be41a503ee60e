/**
 * Every number of the envelope in one place: draft-ietf-suit-manifest-37 (IANA registry "SUIT"),
 * and our extensions. Labels below -255 are for private use.
 */

/** CBOR tags. */
export const SUIT_TAG = { envelope: 107 } as const;

/** Members of the envelope; integrated payloads stand beside them under text keys. */
export const ENVELOPE_MEMBER = { authentication: 2, manifest: 3 } as const;

/**
 * Members of the envelope that may be missing; the manifest holds their digests under the same
 * numbers. `sbom` is ours: a CycloneDX document in JSON.
 */
export const ENVELOPE_SEVERABLE = { text: 23, sbom: -260 } as const;

/** Keys of the text of one language. */
export const TEXT_KEY = { description: 1, update: 2 } as const;

/** Members of the manifest that we use; those of `ENVELOPE_SEVERABLE` may be absent. */
export const MANIFEST_MEMBER = {
  version: 1,
  sequenceNumber: 2,
  common: 3,
  validate: 7,
  install: 20,
} as const;

/** Members of `common`. */
export const COMMON_MEMBER = { components: 2, sharedSequence: 4 } as const;

/** The manifest version of the draft. */
export const SUIT_MANIFEST_VERSION = 1;

/** COSE's number of SHA-256 (RFC 9054). */
export const SHA256_ALGORITHM = -16;

/** First segment of a component id; the second names the controller, a third one of its parts. */
export const CONTROLLER_PREFIX = 'ctl';

/** Commands that we run. */
export const COMMAND = {
  conditionVendor: 1,
  conditionClass: 2,
  conditionImageMatch: 3,
  conditionUseBefore: 4,
  setComponentIndex: 12,
  overrideParameters: 20,
  fetch: 21,
} as const;

/** Parameters that we set. */
export const PARAMETER = {
  vendorIdentifier: 1,
  classIdentifier: 2,
  imageDigest: 3,
  /** Seconds since 1970. */
  useBefore: 4,
  imageSize: 14,
  uri: 21,
  /** Ours: byte string of the CBOR map of `RELEASE_RECORD`, the same for all components. */
  release: -256,
  /** Ours: byte string of the CBOR map of `CONTROLLER_RECORD`, one a component. */
  controller: -257,
  /** Ours: bytes of linear memory of a part, an integer. */
  partMemory: -258,
  /** Ours: list of further URIs of an image, in the order in which to try them. */
  sources: -259,
} as const;

/** Keys of our release record. */
export const RELEASE_RECORD = {
  name: 1,
  version: 2,
  vendor: 3,
  gatewayClass: 4,
  minimumRuntime: 5,
  description: 6,
} as const;

/** Keys of our release record that may be absent. Times are seconds since 1970. */
export const RELEASE_OPTION = { issuedS: 7, boardClass: 8, soakMs: 9 } as const;

/**
 * Keys of our controller record. Requests are [grant, reason, optional]; config is [key, value];
 * restart is [policy, intensity, period ms, back-off min ms, max ms]; mailbox is
 * [messages, bytes, overflow].
 */
export const CONTROLLER_RECORD = {
  version: 1,
  requests: 2,
  config: 3,
  restart: 4,
  mailbox: 5,
  healthIntervalMs: 6,
} as const;

/**
 * Keys of our controller record that may be absent. Vendor: where it is not the release's; links
 * are [importer, interface, exporter]; state is [oldest schema, newest].
 */
export const CONTROLLER_OPTION = {
  vendor: 7,
  links: 8,
  world: 9,
  replicas: 10,
  strategy: 11,
  state: 12,
} as const;

/** Reporting policy (draft 8.4.7): all records of a condition; failures of a fetch. */
export const REPORT = { condition: 15, fetch: 2, max: 15 } as const;
