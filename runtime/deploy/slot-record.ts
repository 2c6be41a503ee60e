import { crc32 } from 'node:zlib';
import * as v from 'valibot';
import { CONTROLLERS_MAX } from '../manifest/limits.ts';
import { DeployError } from './errors.ts';

/**
 * The state that decides what a gateway runs after a start, as one small record.
 *
 * Two files hold it, written in turn; the one with the higher generation and a right checksum wins,
 * so a write torn by a power cut leaves the previous record in force. The record only ever changes
 * through the pure transitions of `slot-machine.ts`.
 */
export interface SlotRecord {
  /** Rises by one with every write. */
  readonly generation: number;
  /** The slot that holds the committed release, or null before the first commit. */
  readonly active: SlotName | null;
  /** A release that is being tried out, or null. */
  readonly trial: Trial | null;
  readonly slots: { readonly a: SlotEntry | null; readonly b: SlotEntry | null };
  /** Highest committed sequence and its manifest digest, by the role that signed. */
  readonly floors: ReadonlyMap<string, Floor>;
  /** Counter of the last recovery token that was used here; 0 where none was. */
  readonly recoveryCounter: number;
  /** Releases that failed on this gateway, newest last. They are not tried again by themselves. */
  readonly bad: readonly BadRelease[];
  /** The last switch that was not a plain commit, for `why`. */
  readonly lastCause: string | null;
}

/** The name of one of the two slots. */
export type SlotName = 'a' | 'b';

/** A release on trial. `triesLeft` is counted down before each start. */
export interface Trial {
  readonly slot: SlotName;
  readonly triesLeft: number;
  /** A token let it in below the floor, which stays where it is. */
  readonly floorStays: boolean;
}

/** What a slot holds. */
export interface SlotEntry {
  /** SHA-256 of the envelope file, lower-case hex. */
  readonly envelopeDigest: string;
  /** SHA-256 of the signed manifest, lower-case hex. */
  readonly manifestDigest: string;
  readonly name: string;
  readonly version: string;
  readonly sequence: number;
  /** Roles that vouched for it, and the root in which they stand. */
  readonly roles: readonly string[];
  readonly rootVersion: number;
  /** Names of its controllers. */
  readonly controllers: readonly string[];
  /** `writing` while its content is incomplete, `bad` after a failed trial. */
  readonly state: 'writing' | 'installed' | 'good' | 'bad';
}

/** The lowest sequence that may still be installed under a role. */
export interface Floor {
  readonly sequence: number;
  readonly manifestDigest: string;
  /** The root under which it rose. */
  readonly rootVersion: number;
}

/** A release that failed, and why. */
export interface BadRelease {
  readonly manifestDigest: string;
  readonly cause: string;
}

/** Bounds of the record. */
export const SLOT_RECORD_BYTES_MAX = 64 * 1024;
/** Of one text, in UTF-16 code units. */
export const TEXT_LENGTH_MAX = 512;
/** How many failed releases are remembered. */
export const BAD_RELEASES_MAX = 16;
/** How many roles can have a floor; one beyond is refused at install. */
export const FLOORS_MAX = 64;

/** The state of a gateway that never installed anything. */
export const EMPTY_RECORD: SlotRecord = {
  generation: 0,
  active: null,
  trial: null,
  slots: { a: null, b: null },
  floors: new Map(),
  recoveryCounter: 0,
  bad: [],
  lastCause: null,
};

const FORMAT = 2;
const digest = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/));
const text = v.pipe(v.string(), v.maxLength(TEXT_LENGTH_MAX));
const counter = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const slotName = v.picklist(['a', 'b']);

const entrySchema = v.strictObject({
  envelopeDigest: digest,
  manifestDigest: digest,
  name: text,
  version: text,
  sequence: counter,
  roles: v.pipe(v.array(text), v.maxLength(FLOORS_MAX)),
  rootVersion: counter,
  controllers: v.pipe(v.array(text), v.maxLength(CONTROLLERS_MAX)),
  state: v.picklist(['writing', 'installed', 'good', 'bad']),
});

const recordSchema = v.strictObject({
  format: v.literal(FORMAT),
  generation: counter,
  active: v.nullable(slotName),
  trial: v.nullable(
    v.strictObject({ slot: slotName, triesLeft: counter, floorStays: v.boolean() }),
  ),
  slots: v.strictObject({ a: v.nullable(entrySchema), b: v.nullable(entrySchema) }),
  floors: v.pipe(
    v.array(
      v.strictObject({
        role: text,
        sequence: counter,
        manifestDigest: digest,
        rootVersion: counter,
      }),
    ),
    v.maxLength(FLOORS_MAX),
  ),
  recoveryCounter: counter,
  bad: v.pipe(
    v.array(v.strictObject({ manifestDigest: digest, cause: text })),
    v.maxLength(BAD_RELEASES_MAX),
  ),
  lastCause: v.nullable(text),
});

/**
 * Returns the record as it is written: CRC-32 of the second line in eight hexadecimal digits, a
 * line feed, then the record as one line of JSON, readable with nothing but `cat`.
 */
export function encodeSlotRecord(record: SlotRecord): Uint8Array {
  const floors = [...record.floors].map(([role, floor]) => ({ role, ...floor }));
  const body = JSON.stringify({ format: FORMAT, ...record, floors });
  return new TextEncoder().encode(`${checksum(body)}\n${body}\n`);
}

/** Parses a written record. @throws DeployError `DEPLOY_RECORD_DAMAGED`. */
export function decodeSlotRecord(bytes: Uint8Array): SlotRecord {
  if (bytes.length > SLOT_RECORD_BYTES_MAX) throw damaged(`has ${bytes.length} bytes`);
  const [sum, body, end, ...more] = new TextDecoder().decode(bytes).split('\n');
  if (body === undefined || end !== '' || more.length > 0) throw damaged('is incomplete');
  if (sum !== checksum(body)) throw damaged('does not match its checksum');
  const parsed = v.safeParse(recordSchema, JSON.parse(body));
  if (!parsed.success) throw damaged(v.summarize(parsed.issues));
  const { format: _, floors, ...rest } = parsed.output;
  return { ...rest, floors: new Map(floors.map(({ role, ...floor }) => [role, floor])) };
}

function checksum(body: string): string {
  return crc32(body).toString(16).padStart(8, '0');
}

function damaged(what: string): DeployError {
  return new DeployError('DEPLOY_RECORD_DAMAGED', `slot record ${what}`);
}
