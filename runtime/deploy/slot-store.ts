import { errorCode } from '../base/errors.ts';
import type { Files } from '../ports/files.ts';
import { DeployError } from './errors.ts';
import {
  decodeSlotRecord,
  EMPTY_RECORD,
  encodeSlotRecord,
  SLOT_RECORD_BYTES_MAX,
  type SlotRecord,
} from './slot-record.ts';

/** What was found at start: the record in force, and what was wrong with the other file. */
export interface LoadedRecord {
  readonly record: SlotRecord;
  /** Words for the log about a file that could not be used; null when both were fine or absent. */
  readonly damage: string | null;
}

/** Keeps the slot record in two files that are written in turn. */
export interface SlotStore {
  load(): Promise<LoadedRecord>;
  /** Resolves when the record is durable. @throws DeployError `DEPLOY_DISK_FULL`, `DEPLOY_IO`. */
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
      return {
        record: records[0] ?? EMPTY_RECORD,
        damage: damages.length === 0 ? null : damages.join('; '),
      };
    },
    save: async record => {
      const path = pathOf(record.generation);
      try {
        await files.write(path, encodeSlotRecord(record));
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

async function readRecord(
  files: Files,
  path: string,
): Promise<{ readonly record: SlotRecord | null; readonly damage: string | null }> {
  try {
    const bytes = await files.read(path, SLOT_RECORD_BYTES_MAX);
    return { record: bytes === null ? null : decodeSlotRecord(bytes), damage: null };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { record: null, damage: `${path}: ${reason}` };
  }
}
