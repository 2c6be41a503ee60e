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

/** Names for refusals: what a manifest may hold by the drafts, and we do not run. */
const COMMAND_NAMES: ReadonlyMap<number, string> = new Map([
  [1, 'condition-vendor-identifier'],
  [2, 'condition-class-identifier'],
  [3, 'condition-image-match'],
  [4, 'condition-use-before'],
  [5, 'condition-component-slot'],
  [6, 'condition-check-content'],
  [12, 'directive-set-component-index'],
  [14, 'condition-abort'],
  [15, 'directive-try-each'],
  [18, 'directive-write'],
  [20, 'directive-override-parameters'],
  [21, 'directive-fetch'],
  [22, 'directive-copy'],
  [23, 'directive-invoke'],
  [24, 'condition-device-identifier'],
  [25, 'condition-image-not-match'],
  [26, 'condition-minimum-battery'],
  [27, 'condition-update-authorized'],
  [28, 'condition-version'],
  [29, 'directive-wait'],
  [31, 'directive-swap'],
  [32, 'directive-run-sequence'],
  [34, 'directive-override-multiple'],
  [35, 'directive-copy-params'],
]);

const PARAMETER_NAMES: ReadonlyMap<number, string> = new Map([
  [1, 'vendor-identifier'],
  [2, 'class-identifier'],
  [3, 'image-digest'],
  [4, 'use-before'],
  [5, 'component-slot'],
  [12, 'strict-order'],
  [13, 'soft-failure'],
  [14, 'image-size'],
  [18, 'content'],
  [21, 'uri'],
  [22, 'source-component'],
  [23, 'invoke-args'],
  [24, 'device-identifier'],
  [25, 'fetch-arguments'],
  [26, 'minimum-battery'],
  [27, 'update-priority'],
  [28, 'version'],
  [29, 'wait-info'],
  [30, 'component-metadata'],
  [-256, 'airssys-release'],
  [-257, 'airssys-controller'],
  [-258, 'airssys-part-memory'],
  [-259, 'airssys-sources'],
]);

const MEMBER_NAMES: ReadonlyMap<number, string> = new Map([
  [1, 'manifest-version'],
  [2, 'manifest-sequence-number'],
  [3, 'common'],
  [4, 'reference-uri'],
  [5, 'manifest-component-id'],
  [6, 'set-version'],
  [7, 'validate'],
  [8, 'load'],
  [9, 'invoke'],
  [14, 'coswid'],
  [15, 'dependency-resolution'],
  [16, 'payload-fetch'],
  [18, 'candidate-verification'],
  [20, 'install'],
  [23, 'text'],
  [24, 'uninstall'],
  [-260, 'airssys-sbom'],
]);

/** Returns `directive-swap (31)`, or `31` for a number without a name. */
export function commandName(number: unknown): string {
  return named(COMMAND_NAMES, number);
}

/** Returns `uri (21)`, or `99` for a number without a name. */
export function parameterName(number: unknown): string {
  return named(PARAMETER_NAMES, number);
}

/** Returns `text (23)`, or `99` for a number without a name. */
export function memberName(number: unknown): string {
  return named(MEMBER_NAMES, number);
}

function named(names: ReadonlyMap<number, string>, number: unknown): string {
  const name = typeof number === 'number' ? names.get(number) : undefined;
  const text = String(number).slice(0, 40);
  return name === undefined ? text : `${name} (${text})`;
}
