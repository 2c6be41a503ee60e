import { accessSync, closeSync, constants, mkdirSync, openSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { errorCode, errorMessage } from '../base/errors.ts';
import { GatewayStartError } from './errors.ts';

/** The right to use a state folder, held by one process at a time. */
export interface StateLock {
  /** Gives it back. The kernel does so when the process ends, however it ends. */
  release(): void;
  /** Words for people where the folder can only be read, so that the lock keeps nobody out. */
  readonly notice: string | null;
}

/** Primary result codes of SQLite (sqlite.org/rescode.html): somebody else holds the lock, */
const SQLITE_BUSY = 5;
/** and the file has content that is none of SQLite's. */
const SQLITE_NOTADB = 26;

/**
 * Takes the state folder `root` for this process, and makes the folder where there is none. To be
 * called before anything else is looked at or changed: of two gateways that start at once, one
 * ends here.
 *
 * The lock is SQLite's exclusive one on an empty file, because Node itself can lock no file: a
 * POSIX record lock that the kernel drops with the process, so a crash leaves nothing to clear
 * away. An abstract Unix socket would do the same, but anybody on the machine could take its name
 * first, and containers that share the folder but not the network would not see each other's.
 *
 * Where the file system is mounted to be read only, nobody has anything to keep apart here, and
 * the lock is a shared one: it still finds somebody who holds it through a mount that can write.
 * @throws GatewayStartError `GATEWAY_STATE_IN_USE`, `GATEWAY_STATE_DIRECTORY`
 */
export function lockState(root: string): StateLock {
  try {
    mkdirSync(root, { recursive: true, mode: 0o700 });
    const file = join(root, 'lock');
    if (isReadOnly(root)) return lockReadOnly(root, file);
    createOnce(file);
    const held = holdMended(file);
    return { release: () => held.close(), notice: null };
  } catch (cause) {
    throw lockError(root, cause);
  }
}

function lockReadOnly(root: string, file: string): StateLock {
  const notice = `the state directory ${root} is mounted read-only: it is used without a lock`;
  try {
    accessSync(file, constants.R_OK);
  } catch {
    return { release: () => {}, notice };
  }
  const held = hold(file);
  return { release: () => held.close(), notice };
}

/** A damaged file is emptied, in place: whoever else waits for the lock looks at the same file. */
function holdMended(file: string): DatabaseSync {
  try {
    return hold(file);
  } catch (error) {
    if (sqliteCode(error) !== SQLITE_NOTADB) throw error;
    truncateSync(file);
    return hold(file);
  }
}

function hold(file: string): DatabaseSync {
  const database = new DatabaseSync(file, { timeout: 0 });
  try {
    // Otherwise the lock begins with a journal file, for which a full disk has no room.
    database.exec('PRAGMA journal_mode = MEMORY');
    // Never committed: the transaction is the lock, and the file stays empty.
    database.exec('BEGIN EXCLUSIVE');
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Not whether this user may write, but whether anybody may. */
function isReadOnly(root: string): boolean {
  try {
    accessSync(root, constants.W_OK);
  } catch (error) {
    return errorCode(error) === 'EROFS';
  }
  return false;
}

/**
 * With a mode, so that nobody else can hold the lock. Not opened where it is there: closing any
 * descriptor of the file would end a lock that this process has on it.
 */
function createOnce(file: string): void {
  try {
    closeSync(openSync(file, 'wx', 0o600));
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
  }
}

function sqliteCode(error: unknown): number | null {
  const known = error instanceof Error && 'errcode' in error && typeof error.errcode === 'number';
  return known ? Number(error.errcode) : null;
}

function lockError(root: string, cause: unknown): GatewayStartError {
  if (sqliteCode(cause) === SQLITE_BUSY) {
    return new GatewayStartError(
      'GATEWAY_STATE_IN_USE',
      `another gateway runs on the state directory ${root}; stop it first, or set ` +
        'state-directory in gateway.toml to another folder',
      { cause },
    );
  }
  return new GatewayStartError(
    'GATEWAY_STATE_DIRECTORY',
    `the state directory ${root} cannot be used, its file lock cannot be taken: ` +
      `${errorMessage(cause)}; ` +
      'set state-directory in gateway.toml to one that this user may write',
    { cause },
  );
}
