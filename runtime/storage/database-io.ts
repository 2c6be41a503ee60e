import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { errorMessage } from '../base/errors.ts';
import { KeyValueError, type KeyValueErrorCode } from '../ports/keyvalue.ts';
import type { StorageWorkerSettings, StoreDamage } from './messages.ts';

/** Written into the file; a newer one is not ours to touch. */
const SCHEMA_VERSION = 1;

/** Damaged databases that are kept; a further one replaces the last. */
const DAMAGED_FILES_MAX = 8;

/** Primary result codes of SQLite (sqlite.org/rescode.html). */
const SQLITE_BUSY = 5;
const SQLITE_CORRUPT = 11;
const SQLITE_FULL = 13;
const SQLITE_NOTADB = 26;

const SCHEMA = `
  CREATE TABLE entry (
    namespace TEXT NOT NULL,
    key TEXT NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (namespace, key)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE usage (
    namespace TEXT PRIMARY KEY,
    bytes INTEGER NOT NULL,
    keys INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  PRAGMA user_version = ${SCHEMA_VERSION};
`;

/** An open database, and what happened to the one before it. */
export interface OpenedDatabase {
  readonly database: DatabaseSync;
  readonly damage: StoreDamage | null;
}

/**
 * Opens the database, makes it where there is none, and checks it. One that is damaged is moved
 * aside (`FILE.damaged-1` ...) and replaced by an empty one: the gateway goes on, and nothing is
 * erased.
 * @throws KeyValueError KV_IO, KV_DISK_FULL
 */
export function openDatabase(settings: StorageWorkerSettings): OpenedDatabase {
  const finding = tryOpen(settings);
  if (typeof finding !== 'string') return { database: finding, damage: null };
  const damage = { movedTo: moveAside(settings.file), finding };
  const second = tryOpen(settings);
  if (typeof second !== 'string') return { database: second, damage };
  throw new KeyValueError('KV_IO', `a new database is damaged too: ${second}`);
}

/** Whether an error means that the file itself is damaged. */
export function isDamage(error: unknown): boolean {
  const code = resultCode(error);
  return code === SQLITE_CORRUPT || code === SQLITE_NOTADB;
}

/** Returns the code that stands for an error of SQLite or of the file system. */
export function keyValueCode(error: unknown): KeyValueErrorCode {
  if (error instanceof KeyValueError) return error.code;
  if (isDamage(error)) return 'KV_DAMAGED';
  if (resultCode(error) === SQLITE_FULL) return 'KV_DISK_FULL';
  const system = error instanceof Error && 'code' in error ? error.code : null;
  return system === 'ENOSPC' || system === 'EDQUOT' ? 'KV_DISK_FULL' : 'KV_IO';
}

/** Moves a database and its log away; returns the new path. */
export function moveAside(file: string): string {
  let counter = 1;
  while (counter < DAMAGED_FILES_MAX && existsSync(`${file}.damaged-${counter}`)) counter += 1;
  const movedTo = `${file}.damaged-${counter}`;
  for (const suffix of ['', '-wal', '-shm']) {
    rmSync(movedTo + suffix, { force: true });
    if (existsSync(file + suffix)) renameSync(file + suffix, movedTo + suffix);
  }
  // The new name has to be on the disk before a new file takes the old one.
  const folder = openSync(dirname(file), 'r');
  fsyncSync(folder);
  closeSync(folder);
  return movedTo;
}

/** Returns the open database, or what is damaged about it. */
function tryOpen({ file, storeBytesMax }: StorageWorkerSettings): DatabaseSync | string {
  let database: DatabaseSync | null = null;
  try {
    // Made here for its mode: nobody else on the machine reads controllers' state.
    closeSync(openSync(file, 'a', 0o600));
    database = new DatabaseSync(file, { timeout: 1_000 });
    // Exclusive: a second gateway on the same state is told, and no shared memory is needed.
    database.exec('PRAGMA locking_mode = EXCLUSIVE');
    database.exec('PRAGMA journal_mode = WAL');
    database.exec('PRAGMA synchronous = FULL');
    const finding = prepareSchema(database);
    if (finding !== null) {
      database.close();
      return finding;
    }
    const pageBytes = Number(readPragma(database, 'page_size'));
    database.exec(`PRAGMA max_page_count = ${Math.max(16, Math.floor(storeBytesMax / pageBytes))}`);
    return database;
  } catch (error) {
    if (database?.isOpen === true) database.close();
    if (isDamage(error)) return errorMessage(error);
    if (error instanceof KeyValueError) throw error;
    const busy = resultCode(error) === SQLITE_BUSY;
    const hint = busy ? '; is another gateway running on the same state?' : '';
    const message = `cannot open the database: ${errorMessage(error)}${hint}`;
    throw new KeyValueError(keyValueCode(error), message, { cause: error });
  }
}

function prepareSchema(database: DatabaseSync): string | null {
  const check = String(readPragma(database, 'quick_check'));
  if (check !== 'ok') return check;
  const version = Number(readPragma(database, 'user_version'));
  if (version > SCHEMA_VERSION) {
    throw new KeyValueError(
      'KV_IO',
      `the database has version ${version}, this runtime knows ${SCHEMA_VERSION}; ` +
        'start the runtime that wrote it',
    );
  }
  if (version === 0) database.exec(`BEGIN IMMEDIATE; ${SCHEMA} COMMIT;`);
  return null;
}

function readPragma(database: DatabaseSync, name: string): unknown {
  return Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0];
}

function resultCode(error: unknown): number {
  const known = error instanceof Error && 'errcode' in error && typeof error.errcode === 'number';
  // The lower byte is the primary code, the rest details it.
  return known && typeof error.errcode === 'number' ? error.errcode & 0xff : 0;
}
