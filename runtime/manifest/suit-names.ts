/**
 * Names for refusals: what envelopes may hold by draft-ietf-suit-manifest, -update-management,
 * -trust-domains and -firmware-encryption, whether it is run here or not; and ours.
 */

const COMMAND_NAMES: ReadonlyMap<number, string> = new Map([
  [1, 'condition-vendor-identifier'],
  [2, 'condition-class-identifier'],
  [3, 'condition-image-match'],
  [4, 'condition-use-before'],
  [5, 'condition-component-slot'],
  [6, 'condition-check-content'],
  [7, 'condition-dependency-integrity'],
  [8, 'condition-is-dependency'],
  [11, 'directive-process-dependency'],
  [12, 'directive-set-component-index'],
  [14, 'condition-abort'],
  [15, 'directive-try-each'],
  [18, 'directive-write'],
  [19, 'directive-set-parameters'],
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
  [33, 'directive-unlink'],
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
  [19, 'encryption-info'],
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

/** Members of the manifest that may stand in the envelope instead, under the same number. */
const SEVERABLE: readonly (readonly [number, string])[] = [
  [14, 'coswid'],
  [15, 'dependency-resolution'],
  [16, 'payload-fetch'],
  [18, 'candidate-verification'],
  [20, 'install'],
  [23, 'text'],
  [-260, 'airssys-sbom'],
];

const ENVELOPE_NAMES: ReadonlyMap<number, string> = new Map([
  [1, 'delegation'],
  [2, 'authentication-wrapper'],
  [3, 'manifest'],
  ...SEVERABLE,
]);

const COMMON_NAMES: ReadonlyMap<number, string> = new Map([
  [1, 'dependencies'],
  [2, 'components'],
  [4, 'shared-sequence'],
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
  ...SEVERABLE,
  [24, 'uninstall'],
]);

/** Returns `directive-swap (31)`, or `31` for a number without a name. */
export function commandName(number: unknown): string {
  return named(COMMAND_NAMES, number);
}

/** Returns `uri (21)`, or `99` for a number without a name. */
export function parameterName(number: unknown): string {
  return named(PARAMETER_NAMES, number);
}

/** Returns `text (23)` for a member of the manifest, or `99` for a number without a name. */
export function memberName(number: unknown): string {
  return named(MEMBER_NAMES, number);
}

/** Returns `delegation (1)` for a member of the envelope, or `99` for one without a name. */
export function envelopeName(number: unknown): string {
  return named(ENVELOPE_NAMES, number);
}

/** Returns `dependencies (1)` for a member of `common`, or `99` for one without a name. */
export function commonName(number: unknown): string {
  return named(COMMON_NAMES, number);
}

function named(names: ReadonlyMap<number, string>, number: unknown): string {
  const name = typeof number === 'number' ? names.get(number) : undefined;
  const text = String(number).slice(0, 40);
  return name === undefined ? text : `${name} (${text})`;
}
