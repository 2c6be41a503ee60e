import { decodeCbor } from '../base/cbor.ts';
import { readArray, readBytes, readInteger, readMap, readText } from '../base/cbor-read.ts';
import { CborError } from '../base/cbor-scan.ts';
import { ReleaseError } from './errors.ts';
import { classIdentifier, vendorIdentifier } from './identifiers.ts';
import * as limits from './limits.ts';
import { payloadUri } from './manifest-encode.ts';
import { optional, readControllerRecord, readReleaseRecord } from './manifest-records.ts';
import type { Release } from './release.ts';
import { requireRelease } from './release-schema.ts';
import { type ComponentState, runSequence, SEQUENCES } from './suit-commands.ts';
import { commandName, commonName, memberName, parameterName } from './suit-names.ts';
import {
  COMMAND,
  COMMON_MEMBER,
  CONTROLLER_PREFIX,
  ENVELOPE_SEVERABLE,
  MANIFEST_MEMBER,
  PARAMETER,
  SHA256_ALGORITHM,
  SUIT_MANIFEST_VERSION,
} from './suit-numbers.ts';

const SEQUENCE_ITEMS_MAX = 1_024;
const IDENTIFIER_BYTES = 16;
const DIGEST_BYTES = 32;
const SAFE_MAX = Number.MAX_SAFE_INTEGER;
/** The URI of a payload that the envelope brings: `#` and a digest in hex. */
const URI_CHARACTERS_MAX = 1 + 2 * DIGEST_BYTES;

/** A component of the manifest, after its sequences: a controller's own, or one of its parts. */
interface Image {
  readonly controller: string;
  readonly part: string | null;
  readonly state: ComponentState;
}

/**
 * Returns the release that a SUIT manifest of our subset describes.
 * @throws ReleaseError `MANIFEST_*`
 */
export function decodeManifest(bytes: Uint8Array): Release {
  try {
    return readManifest(bytes);
  } catch (cause) {
    if (!(cause instanceof CborError)) throw cause;
    throw new ReleaseError('MANIFEST_MALFORMED', `manifest: ${cause.message}`, { cause });
  }
}

/** Returns the hex of an encoded SUIT_Digest. @throws CborError */
export function readDigest(value: unknown, path: string): string {
  return readDigestArray(decodeNested(value, path), path);
}

function readDigestArray(value: unknown, path: string): string {
  const parts = readArray(value, path, 2, 2);
  readInteger(parts[0], `${path}: algorithm (SHA-256)`, SHA256_ALGORITHM, SHA256_ALGORITHM);
  return hex(readBytes(parts[1], path, DIGEST_BYTES, DIGEST_BYTES));
}

function readManifest(bytes: Uint8Array): Release {
  const members = requireMembers(decodeCbor(bytes), {
    path: 'manifest',
    nameOf: memberName,
    required: Object.values(MANIFEST_MEMBER),
    optional: Object.values(ENVELOPE_SEVERABLE),
  });
  const version = readInteger(members.get(MANIFEST_MEMBER.version), 'version', 0, SAFE_MAX);
  if (version !== SUIT_MANIFEST_VERSION) {
    throw new ReleaseError('MANIFEST_VERSION', `manifest version ${version} is not known`);
  }
  const sequence = members.get(MANIFEST_MEMBER.sequenceNumber);
  const common = requireMembers(decodeNested(members.get(MANIFEST_MEMBER.common), 'common'), {
    path: 'common',
    nameOf: commonName,
    required: Object.values(COMMON_MEMBER),
  });
  const images = readComponents(common.get(COMMON_MEMBER.components));
  const components = images.map(({ state }) => state);
  const run = (value: unknown, name: keyof typeof SEQUENCES) => {
    const items = readArray(decodeNested(value, name), name, 2, SEQUENCE_ITEMS_MAX);
    runSequence(items, SEQUENCES[name], components);
  };
  run(common.get(COMMON_MEMBER.sharedSequence), 'shared');
  run(members.get(MANIFEST_MEMBER.validate), 'validate');
  run(members.get(MANIFEST_MEMBER.install), 'install');
  for (const image of images) requireAsked(image.state, labelOf(image));
  const severed = <Key extends string>(key: Key, member: number) =>
    optional(key, members.get(member), value => readDigestArray(value, memberName(member)));
  const release = requireRelease({
    ...readRelease(components),
    sequence: readInteger(sequence, 'sequence number', 0, SAFE_MAX),
    ...severed('textDigest', ENVELOPE_SEVERABLE.text),
    ...severed('sbomDigest', ENVELOPE_SEVERABLE.sbom),
    controllers: readControllers(images),
  });
  requireIdentifiers(release, components);
  return release;
}

/** A map of the draft whose unknown members are refused by name. */
function requireMembers(
  value: unknown,
  expected: {
    readonly path: string;
    readonly nameOf: (member: unknown) => string;
    readonly required: readonly number[];
    readonly optional?: readonly number[];
  },
): ReadonlyMap<unknown, unknown> {
  const { path, nameOf, required, optional = [] } = expected;
  const known: readonly unknown[] = [...required, ...optional];
  const members = value instanceof Map ? [...value.keys()] : [];
  const unknown = members.findIndex(member => !known.includes(member));
  if (unknown < 0) return readMap(value, path, required, optional);
  throw new ReleaseError(
    'MANIFEST_MEMBER',
    `${path}: ${nameOf(members[unknown])} is outside the subset that is read here`,
  );
}

function readComponents(value: unknown): readonly Image[] {
  return readArray(value, 'components', 1, limits.IMAGES_MAX).map((id, index) => {
    const path = `component ${index}`;
    const segments = readArray(id, path, 2, 3).map(segment =>
      Buffer.from(readBytes(segment, path, 1, limits.NAME_CHARACTERS_MAX)).toString('latin1'),
    );
    if (segments[0] !== CONTROLLER_PREFIX) {
      throw new ReleaseError('MANIFEST_INVALID', `${path}: its id must begin with "ctl"`);
    }
    const [, controller = '', part = null] = segments;
    return { controller, part, state: { parameters: new Map(), asked: new Set() } };
  });
}

function labelOf({ controller, part }: Image): string {
  return part === null ? controller : `${controller}/${part}`;
}

/**
 * Every component must be checked against vendor and class, and against the time where there is
 * one, fetched, and matched twice.
 */
function requireAsked(component: ComponentState, name: string): void {
  const dated = component.parameters.has(PARAMETER.useBefore);
  const wanted = [
    ['shared', COMMAND.conditionVendor],
    ['shared', COMMAND.conditionClass],
    ['validate', COMMAND.conditionImageMatch],
    ['install', COMMAND.fetch],
    ['install', COMMAND.conditionImageMatch],
    ...(dated ? [['shared', COMMAND.conditionUseBefore] as const] : []),
  ] as const;
  for (const [sequence, command] of wanted) {
    if (component.asked.has(`${sequence}/${command}`)) continue;
    throw new ReleaseError(
      'MANIFEST_INCOMPLETE',
      `component ${name}: ${sequence} lacks ${commandName(command)}`,
    );
  }
}

function readRelease(components: readonly ComponentState[]) {
  const encoded = sharedByAll(components, PARAMETER.release, 'release record');
  const useBefore = sharedByAll(
    components,
    PARAMETER.useBefore,
    parameterName(PARAMETER.useBefore),
  );
  return {
    ...readReleaseRecord(decodeNested(present(encoded, PARAMETER.release), 'release record')),
    ...optional('useBeforeS', useBefore, value => {
      return readInteger(value, parameterName(PARAMETER.useBefore), 0, SAFE_MAX);
    }),
  };
}

/** What is said of a release is said of every component alike; undefined where of none. */
function sharedByAll(components: readonly ComponentState[], number: number, name: string): unknown {
  const [first, ...others] = components.map(({ parameters }) => parameters.get(number));
  if (others.every(other => other === first)) return first;
  throw new ReleaseError('MANIFEST_INVALID', `the components name different values of ${name}`);
}

/** Each controller is followed by its parts. */
function readControllers(images: readonly Image[]) {
  const groups: { readonly own: Image; readonly parts: Image[] }[] = [];
  for (const image of images) {
    const group = groups.at(-1);
    if (image.part === null) {
      groups.push({ own: image, parts: [] });
    } else if (group?.own.controller === image.controller) {
      group.parts.push(image);
    } else {
      const words = `${labelOf(image)} does not follow its controller`;
      throw new ReleaseError('MANIFEST_INVALID', words);
    }
  }
  return groups.map(({ own, parts }) => readController(own, parts));
}

function readPart(image: Image) {
  const path = `component ${labelOf(image)}`;
  requireWithout(image, PARAMETER.controller);
  const memory = parameter(image.state, PARAMETER.partMemory);
  return {
    name: image.part,
    ...readPayload(image.state, path),
    memoryBytesMax: readInteger(memory, `${path}: memory`, 0, SAFE_MAX),
  };
}

function readController(image: Image, parts: readonly Image[]) {
  const { controller: name, state: component } = image;
  const path = `component ${name}`;
  requireWithout(image, PARAMETER.partMemory);
  const record = decodeNested(parameter(component, PARAMETER.controller), path);
  return {
    name,
    ...readControllerRecord(record, path),
    ...readPayload(component, path),
    parts: parts.map(readPart),
  };
}

/** What every image has: digest, size, and the URI that follows from the digest. */
function readPayload(component: ComponentState, path: string) {
  const digest = readDigest(parameter(component, PARAMETER.imageDigest), path);
  const uri = readText(parameter(component, PARAMETER.uri), path, URI_CHARACTERS_MAX);
  if (uri !== payloadUri(digest)) {
    throw new ReleaseError('MANIFEST_INVALID', `${path}: its URI is not #DIGEST`);
  }
  const size = parameter(component, PARAMETER.imageSize);
  const sources = component.parameters.get(PARAMETER.sources);
  return {
    digest,
    sizeBytes: readInteger(size, path, 0, SAFE_MAX),
    ...optional('uris', sources, value => readArray(value, `${path}: sources`, 1, limits.URIS_MAX)),
  };
}

function requireIdentifiers(release: Release, components: readonly ComponentState[]): void {
  const wanted = [
    [PARAMETER.vendorIdentifier, vendorIdentifier(release.vendor)],
    [PARAMETER.classIdentifier, classIdentifier(release.vendor, release.gatewayClass)],
  ] as const;
  for (const component of components) {
    for (const [number, expected] of wanted) {
      const path = parameterName(number);
      const found = readBytes(
        parameter(component, number),
        path,
        IDENTIFIER_BYTES,
        IDENTIFIER_BYTES,
      );
      if (hex(found) === hex(expected)) continue;
      throw new ReleaseError('MANIFEST_INVALID', `${path} does not belong to the named vendor`);
    }
  }
}

function requireWithout(image: Image, number: number): void {
  if (!image.state.parameters.has(number)) return;
  const words = `component ${labelOf(image)}: ${parameterName(number)} has no place there`;
  throw new ReleaseError('MANIFEST_PARAMETER', words);
}

function parameter(component: ComponentState, number: number): unknown {
  return present(component.parameters.get(number), number);
}

function present(value: unknown, number: number): unknown {
  if (value !== undefined) return value;
  throw new ReleaseError('MANIFEST_INCOMPLETE', `${parameterName(number)} is missing`);
}

/** Returns the item within a byte string (`bstr .cbor`). */
function decodeNested(value: unknown, path: string): unknown {
  return decodeCbor(readBytes(value, path, 1, limits.MANIFEST_BYTES_MAX));
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
