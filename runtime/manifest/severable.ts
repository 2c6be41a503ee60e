import * as v from 'valibot';
import { type CborValue, decodeCbor, encodeCbor } from '../base/cbor.ts';
import { CborError } from '../base/cbor-scan.ts';
import { errorMessage } from '../base/errors.ts';
import { ReleaseError } from './errors.ts';
import { SBOM_BYTES_MAX } from './limits.ts';
import { digestOfMember } from './member-digest.ts';
import type { Release } from './release.ts';
import { RULES } from './release-rules.ts';
import { envelopeName } from './suit-names.ts';
import { ENVELOPE_SEVERABLE, TEXT_KEY } from './suit-numbers.ts';

/**
 * What an envelope brings beside its manifest and may lose on its way (draft-ietf-suit-manifest-37
 * 5.3): texts for people and the bill of materials. The manifest holds their digests.
 */

/** What a release says of itself in one language. */
export interface ReleaseText {
  readonly description?: string;
  /** What is new in it. */
  readonly update?: string;
}

/** Texts by language tag (RFC 5646). */
export type ReleaseTexts = Readonly<Record<string, ReleaseText>>;

/** The severable members of a release, as their bytes; what is missing was not given or is lost. */
export interface Severable {
  /** The encoded text map. */
  readonly text?: Uint8Array;
  /** A CycloneDX document in JSON. */
  readonly sbom?: Uint8Array;
}

const sbomSchema = v.looseObject({ bomFormat: v.literal('CycloneDX') });

/** Returns the bytes of member `text` (draft 8.4.4); equal texts give equal bytes. */
export function encodeTexts(texts: ReleaseTexts): Uint8Array {
  const languages = Object.entries(texts).map(([language, { description, update }]) => {
    const entries: [number, CborValue][] = [];
    if (description !== undefined) entries.push([TEXT_KEY.description, description]);
    if (update !== undefined) entries.push([TEXT_KEY.update, update]);
    return [language, new Map(entries)] as const;
  });
  return encodeCbor(new Map(languages));
}

/** Returns the texts in the bytes of member `text`. @throws ReleaseError `PAYLOAD_MALFORMED` */
export function decodeTexts(bytes: Uint8Array): ReleaseTexts {
  let decoded: unknown;
  try {
    decoded = decodeCbor(bytes, { tags: [], depthMax: 2, itemsMax: 256 });
  } catch (cause) {
    if (!(cause instanceof CborError)) throw cause;
    throw malformed(envelopeName(ENVELOPE_SEVERABLE.text), cause.message, cause);
  }
  const parsed = v.safeParse(RULES.texts, tableOf(decoded, languageTexts));
  // A name that an object cannot have is left out by the schema, and then is missing here.
  if (parsed.success && Buffer.compare(encodeTexts(parsed.output), bytes) === 0) {
    return parsed.output;
  }
  const issue = parsed.issues?.[0];
  if (issue === undefined) throw malformed(envelopeName(ENVELOPE_SEVERABLE.text), 'unknown keys');
  const place = `${envelopeName(ENVELOPE_SEVERABLE.text)} ${v.getDotPath(issue) ?? ''}`;
  throw malformed(place.trim(), issue.message);
}

/**
 * Returns what a bill of materials says. Its bytes are at most `SBOM_BYTES_MAX`.
 * @throws ReleaseError `PAYLOAD_MALFORMED` where it is no CycloneDX document in JSON
 */
export function readSbom(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  if (bytes.length > SBOM_BYTES_MAX) {
    throw malformed('SBOM', `${bytes.length} bytes, where ${SBOM_BYTES_MAX} are allowed`);
  }
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw malformed('SBOM', errorMessage(cause), cause);
  }
  const parsed = v.safeParse(sbomSchema, json);
  if (parsed.success) return parsed.output;
  throw malformed('SBOM', 'a CycloneDX document (bomFormat "CycloneDX") is expected');
}

/** Returns the severable members among an envelope's contents. */
export function severableIn(contents: ReadonlyMap<string | number, Uint8Array>): Severable {
  const text = contents.get(ENVELOPE_SEVERABLE.text);
  const sbom = contents.get(ENVELOPE_SEVERABLE.sbom);
  return { ...(text !== undefined && { text }), ...(sbom !== undefined && { sbom }) };
}

/**
 * Refuses a severable member that is not the one whose digest the manifest holds. One that is
 * missing was severed, which is allowed.
 * @throws ReleaseError `PAYLOAD_UNKNOWN`, `PAYLOAD_DIGEST`, `PAYLOAD_MALFORMED`
 */
export function requireSeverable(release: Release, { text, sbom }: Severable): void {
  requireMember(ENVELOPE_SEVERABLE.text, text, release.textDigest);
  requireMember(ENVELOPE_SEVERABLE.sbom, sbom, release.sbomDigest);
  if (text !== undefined) decodeTexts(text);
}

function requireMember(member: number, bytes: Uint8Array | undefined, digest?: string): void {
  if (bytes === undefined) return;
  const name = envelopeName(member);
  if (digest === undefined) {
    throw new ReleaseError('PAYLOAD_UNKNOWN', `the manifest knows of no ${name}`);
  }
  if (digestOfMember(bytes) !== digest) {
    throw new ReleaseError('PAYLOAD_DIGEST', `${name} was changed: its digest is another`);
  }
}

/** The texts of one language; a key that has no name here keeps its number and is refused. */
function languageTexts(value: unknown): unknown {
  const names = new Map<unknown, string>([
    [TEXT_KEY.description, 'description'],
    [TEXT_KEY.update, 'update'],
  ]);
  return tableOf(
    value,
    text => text,
    key => names.get(key) ?? String(key),
  );
}

/** A map as a plain object, which the schema then judges. */
function tableOf(
  value: unknown,
  read: (value: unknown) => unknown,
  nameOf: (key: unknown) => string = String,
): unknown {
  if (!(value instanceof Map)) return value;
  return Object.fromEntries([...value].map(([key, one]) => [nameOf(key), read(one)]));
}

function malformed(what: string, problem: string, cause?: unknown): ReleaseError {
  return new ReleaseError('PAYLOAD_MALFORMED', `${what}: ${problem}`, { cause });
}
