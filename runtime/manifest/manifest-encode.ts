import { type CborValue, encodeCbor } from '../base/cbor.ts';
import type { Link } from '../base/link.ts';
import { classIdentifier, vendorIdentifier } from './identifiers.ts';
import type { ControllerSpec, PartSpec, Release } from './release.ts';
import {
  COMMAND,
  COMMON_MEMBER,
  CONTROLLER_OPTION,
  CONTROLLER_PREFIX,
  CONTROLLER_RECORD,
  ENVELOPE_SEVERABLE,
  MANIFEST_MEMBER,
  PARAMETER,
  RELEASE_OPTION,
  RELEASE_RECORD,
  REPORT,
  SHA256_ALGORITHM,
  SUIT_MANIFEST_VERSION,
} from './suit-numbers.ts';

type CborMap = ReadonlyMap<number | string, CborValue>;

/** Entries of a map; none where the value is absent. */
type Entries = readonly (readonly [key: number, value: CborValue])[];

/** An image in the order of the manifest's components. */
type Image =
  | { readonly kind: 'controller'; readonly spec: ControllerSpec }
  | { readonly kind: 'part'; readonly spec: PartSpec; readonly owner: string };

/** Returns the SUIT manifest of a release; equal releases give equal bytes. */
export function encodeManifest(release: Release): Uint8Array {
  const images = release.controllers.flatMap((spec): Image[] => [
    { kind: 'controller', spec },
    ...spec.parts.map((part): Image => ({ kind: 'part', spec: part, owner: spec.name })),
  ]);
  const common: CborMap = new Map<number, CborValue>([
    [COMMON_MEMBER.components, images.map(componentId)],
    [COMMON_MEMBER.sharedSequence, encodeCbor(sharedSequence(release, images))],
  ]);
  return encodeCbor(
    new Map<number, CborValue>([
      [MANIFEST_MEMBER.version, SUIT_MANIFEST_VERSION],
      [MANIFEST_MEMBER.sequenceNumber, release.sequence],
      [MANIFEST_MEMBER.common, encodeCbor(common)],
      [MANIFEST_MEMBER.validate, encodeCbor(validateSequence())],
      [MANIFEST_MEMBER.install, encodeCbor(images.flatMap(installSequence))],
      ...severed(ENVELOPE_SEVERABLE.text, release.textDigest),
      ...severed(ENVELOPE_SEVERABLE.sbom, release.sbomDigest),
    ]),
  );
}

/** Returns the SUIT_Digest of SHA-256 given in hex, encoded (draft 10). */
export function encodeDigest(digest: string): Uint8Array {
  return encodeCbor(digestArray(digest));
}

function digestArray(digest: string): CborValue {
  return [SHA256_ALGORITHM, Uint8Array.from(Buffer.from(digest, 'hex'))];
}

function severed(member: number, digest: string | undefined): Entries {
  return optional(member, digest === undefined ? undefined : digestArray(digest));
}

/** Returns the key of the integrated payload with a digest, which is also its URI (draft 7.5). */
export function payloadUri(digest: string): string {
  return `#${digest}`;
}

function componentId(image: Image): CborValue {
  const names = image.kind === 'part' ? [image.owner, image.spec.name] : [image.spec.name];
  return [CONTROLLER_PREFIX, ...names].map(utf8);
}

function sharedSequence(release: Release, images: readonly Image[]): CborValue[] {
  const forAll: CborMap = new Map<number, CborValue>([
    [PARAMETER.vendorIdentifier, vendorIdentifier(release.vendor)],
    [PARAMETER.classIdentifier, classIdentifier(release.vendor, release.gatewayClass)],
    [PARAMETER.release, encodeCbor(releaseRecord(release))],
    ...optional(PARAMETER.useBefore, release.useBeforeS),
  ]);
  const inDate = [COMMAND.conditionUseBefore, REPORT.condition];
  return [
    ...[COMMAND.setComponentIndex, true],
    ...[COMMAND.overrideParameters, forAll],
    ...[COMMAND.conditionVendor, REPORT.condition],
    ...[COMMAND.conditionClass, REPORT.condition],
    ...(release.useBeforeS === undefined ? [] : inDate),
    ...images.flatMap(imageSequence),
  ];
}

function imageSequence({ kind, spec }: Image, index: number): CborValue[] {
  const parameters: CborMap = new Map<number, CborValue>([
    [PARAMETER.imageDigest, encodeDigest(spec.digest)],
    [PARAMETER.imageSize, spec.sizeBytes],
    kind === 'part'
      ? [PARAMETER.partMemory, spec.memoryBytesMax]
      : [PARAMETER.controller, encodeCbor(controllerRecord(spec))],
  ]);
  return [COMMAND.setComponentIndex, index, COMMAND.overrideParameters, parameters];
}

function validateSequence(): CborValue[] {
  return [COMMAND.setComponentIndex, true, COMMAND.conditionImageMatch, REPORT.condition];
}

function installSequence({ spec }: Image, index: number): CborValue[] {
  const parameters: CborMap = new Map<number, CborValue>([
    [PARAMETER.uri, payloadUri(spec.digest)],
    ...optional(PARAMETER.sources, spec.uris),
  ]);
  return [
    ...[COMMAND.setComponentIndex, index],
    ...[COMMAND.overrideParameters, parameters],
    ...[COMMAND.fetch, REPORT.fetch],
    ...[COMMAND.conditionImageMatch, REPORT.condition],
  ];
}

function releaseRecord(release: Release): CborMap {
  return new Map<number, CborValue>([
    [RELEASE_RECORD.name, release.name],
    [RELEASE_RECORD.version, release.version],
    [RELEASE_RECORD.vendor, release.vendor],
    [RELEASE_RECORD.gatewayClass, release.gatewayClass],
    [RELEASE_RECORD.minimumRuntime, release.minimumRuntime],
    [RELEASE_RECORD.description, release.description],
    ...optional(RELEASE_OPTION.issuedS, release.issuedS),
    ...optional(RELEASE_OPTION.boardClass, release.boardClass),
    ...optional(RELEASE_OPTION.soakMs, release.soakMs),
  ]);
}

function controllerRecord(controller: ControllerSpec): CborMap {
  const { requests, restart, mailbox, links, state } = controller;
  return new Map<number, CborValue>([
    [CONTROLLER_RECORD.version, controller.version],
    [CONTROLLER_RECORD.requests, requests.map(r => [r.grant, r.reason, r.optional])],
    [CONTROLLER_RECORD.config, controller.config.map(([key, value]) => [key, value])],
    [
      CONTROLLER_RECORD.restart,
      [
        restart.policy,
        restart.intensityMax,
        restart.periodMs,
        restart.backoffMinMs,
        restart.backoffMaxMs,
      ],
    ],
    [CONTROLLER_RECORD.mailbox, [mailbox.messagesMax, mailbox.bytesMax, mailbox.overflow]],
    [CONTROLLER_RECORD.healthIntervalMs, controller.healthIntervalMs],
    ...optional(CONTROLLER_OPTION.vendor, controller.vendor),
    ...optional(CONTROLLER_OPTION.links, links.length === 0 ? undefined : links.map(linkRecord)),
    ...optional(CONTROLLER_OPTION.world, controller.world),
    ...optional(CONTROLLER_OPTION.replicas, controller.replicas),
    ...optional(CONTROLLER_OPTION.strategy, controller.strategy),
    ...optional(CONTROLLER_OPTION.state, state && [state.schemaMin, state.schemaMax]),
  ]);
}

function linkRecord({ importer, interface: name, exporter }: Link): CborValue {
  return [importer, name, exporter];
}

function optional(key: number, value: CborValue | undefined): Entries {
  return value === undefined ? [] : [[key, value]];
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
