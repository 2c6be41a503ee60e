import { errorCode, errorMessage } from '../base/errors.ts';
import type { Files } from '../ports/files.ts';
import { DeployError } from './errors.ts';
import {
  decodeSlotRecord,
  EMPTY_RECORD,
  encodeSlotRecord,
  SLOT_RECORD_BYTES_MAX,
  type SlotRecord,
} from './slot-record.ts';

/** What was found at start: the record in force, and what was wrong with the files. */
export interface LoadedRecord {
  readonly record: SlotRecord;
  readonly damage: RecordDamage | null;
}

/** Files of the record that could not be used. */
export interface RecordDamage {
  /** Words for the log. */
  readonly detail: string;
  /** None is left in force: what this gateway committed and refuses is not known any more. */
  readonly lost: boolean;
}

/** Keeps the slot record in two files that are written in turn. */
export interface SlotStore {
  load(): Promise<LoadedRecord>;
  /**
   * Resolves when the record is durable. What could not be read again is not written.
   * @throws DeployError `DEPLOY_DISK_FULL`, `DEPLOY_IO`.
   */
  save(record: SlotRecord): Promise<void>;
}

/** Returns the store over `folder`, which must exist. */
export function slotStore(files: Files, folder: string): SlotStore {
  // A record of even generation lives in state.0, so a save never touches the file in force.
  const pathOf = (generation: number) => `${folder}/state.${generation % 2}`;
  return {
    load: async () => {
      const found = await Promise.all([readRecord(files, pathOf(0)), readRecord(files, pathOf(1))]);
      const records = found.flatMap(entry => (entry.record === null ? [] : [entry.record]));
      records.sort((one, other) => other.generation - one.generation);
      const damages = found.flatMap(entry => (entry.damage === null ? [] : [entry.damage]));
      // state.1 holds the very first record, in which nothing is committed, and state.0 comes
      // after it: a damaged state.1 alone is the first write of a new gateway, torn.
      const lost = records.length === 0 && found[0]?.damage !== null;
      return {
        record: records[0] ?? EMPTY_RECORD,
        damage: damages.length === 0 ? null : { detail: damages.join('; '), lost },
      };
    },
    save: async record => {
      const path = pathOf(record.generation);
      const bytes = encodeReadable(record);
      try {
        await files.write(path, bytes);
        await files.sync(path);
        await files.syncFolder(folder);
      } catch (cause) {
        throw ioError('the slot record', cause);
      }
    },
  };
}

/** Returns the DeployError for a failed file operation on `what`. */
export function ioError(what: string, cause: unknown): DeployError {
  if (cause instanceof DeployError) return cause;
  return errorCode(cause) === 'ENOSPC' || errorCode(cause) === 'EDQUOT'
    ? new DeployError('DEPLOY_DISK_FULL', `no space left to write ${what}; free some and retry`, {
        cause,
      })
    : new DeployError('DEPLOY_IO', `${what} could not be written or read`, { cause });
}

function encodeReadable(record: SlotRecord): Uint8Array {
  const bytes = encodeSlotRecord(record);
  try {
    decodeSlotRecord(bytes);
  } catch (cause) {
    const reason = errorMessage(cause);
    throw new DeployError('DEPLOY_IO', `the slot record could not be read again: ${reason}`, {
      cause,
    });
  }
  return bytes;
}

async function readRecord(
  files: Files,
  path: string,
): Promise<{ readonly record: SlotRecord | null; readonly damage: string | null }> {
  try {
    const bytes = await files.read(path, SLOT_RECORD_BYTES_MAX);
    return { record: bytes === null ? null : decodeSlotRecord(bytes), damage: null };
  } catch (error) {
    return { record: null, damage: `${path}: ${errorMessage(error)}` };
  }
}
