import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { errorCode, errorMessage } from '../base/errors.ts';
import { GatewayStartError } from './errors.ts';

/** The right to use a state folder, held by one process at a time. */
export interface StateLock {
  /** Gives it back. The kernel does so when the process ends, however it ends. */
  release(): void;
}

/** Primary result code of SQLite (sqlite.org/rescode.html): somebody else holds the lock. */
const SQLITE_BUSY = 5;

/**
 * Takes the state folder `root` for this process, and makes the folder where there is none. To be
 * called before anything else is looked at or changed: of two gateways that start at once, one
 * ends here.
 *
 * The lock is SQLite's exclusive one on an empty file, because Node itself can lock no file: a
 * POSIX record lock that the kernel drops with the process, so a crash leaves nothing to clear
 * away. An abstract Unix socket would do the same, but anybody on the machine could take its name
 * first, and containers that share the folder but not the network would not see each other's.
 * @throws GatewayStartError `GATEWAY_STATE_IN_USE`, `GATEWAY_STATE_DIRECTORY`
 */
export function lockState(root: string): StateLock {
  let database: DatabaseSync | null = null;
  try {
    mkdirSync(root, { recursive: true, mode: 0o700 });
    const file = join(root, 'lock');
    createOnce(file);
    database = new DatabaseSync(file, { timeout: 0 });
    // Never committed: the transaction is the lock, and the file stays empty.
    database.exec('BEGIN EXCLUSIVE');
  } catch (cause) {
    database?.close();
    throw lockError(root, cause);
  }
  const held = database;
  return { release: () => held.close() };
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

function lockError(root: string, cause: unknown): GatewayStartError {
  if (cause instanceof Error && 'errcode' in cause && cause.errcode === SQLITE_BUSY) {
    return new GatewayStartError(
      'GATEWAY_STATE_IN_USE',
      `another gateway runs on the state directory ${root}; stop it first, or set ` +
        'state-directory in gateway.toml to another folder',
      { cause },
    );
  }
  return new GatewayStartError(
    'GATEWAY_STATE_DIRECTORY',
    `the state directory ${root} cannot be used: ${errorMessage(cause)}; ` +
      'set state-directory in gateway.toml to one that this user may write',
    { cause },
  );
}
