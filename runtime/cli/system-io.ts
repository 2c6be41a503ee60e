import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { access, lstat, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { errorCode, errorMessage } from '../base/errors.ts';
import type { CliFiles } from './context.ts';
import { CliError, type CliErrorCode } from './errors.ts';

const OTHERS_MAY = 0o077;
const OTHER_NAME = 'give the name of a new file';

/** Returns the machine's files as commands use them. */
export function createCliFiles(): CliFiles {
  return {
    read: (path, bytesMax) => readFile(path, bytesMax, () => undefined),
    readSecret: (path, bytesMax) => readFile(path, bytesMax, mode => requirePrivate(path, mode)),
    readInput: bytesMax => readInput(bytesMax),
    create: (path, bytes, mode) => guarded(path, () => writeNew(path, bytes, mode)),
    replace: (path, bytes, inputs) => guarded(path, () => replace(path, bytes, inputs)),
    exists: path =>
      access(path).then(
        () => true,
        () => false,
      ),
    remove: path => guarded(path, () => rm(path, { force: true })),
    resolveBeside: (from, path) => resolve(dirname(from), path),
  };
}

function readFile(
  path: string,
  bytesMax: number,
  requireMode: (mode: number) => void,
): Promise<Uint8Array> {
  return guarded(path, async () => {
    // Without blocking: a FIFO in the place of a file must not hang the command.
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const { mode, size } = await file.stat();
      if ((mode & constants.S_IFMT) !== constants.S_IFREG) {
        throw new CliError('CLI_IO', `${path} is not a regular file`);
      }
      requireMode(mode);
      if (size > bytesMax) throw tooLarge(path, size, bytesMax);
      const bytes = await file.readFile();
      // It may have grown since.
      if (bytes.length > bytesMax) throw tooLarge(path, bytes.length, bytesMax);
      return Uint8Array.from(bytes);
    } finally {
      await file.close();
    }
  });
}

async function readInput(bytesMax: number): Promise<Uint8Array> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of process.stdin) {
    bytes += piece.length;
    if (bytes > bytesMax) throw tooLarge('standard input', bytes, bytesMax);
    pieces.push(piece);
  }
  return Uint8Array.from(Buffer.concat(pieces));
}

async function writeNew(path: string, bytes: Uint8Array, mode: number): Promise<void> {
  const file = await open(path, 'wx', mode);
  try {
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (error) {
    // Made here, and not whole: it would only be in the way of the next try.
    await rm(path, { force: true });
    throw error;
  }
}

async function replace(path: string, bytes: Uint8Array, inputs: readonly string[]): Promise<void> {
  await requireReplaceable(path, inputs);
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    await writeNew(temporary, bytes, 0o644);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Only a regular file is ever replaced, and never what the command just read. */
async function requireReplaceable(path: string, inputs: readonly string[]): Promise<void> {
  // The link itself, not what it leads to: renaming would replace the link.
  const present = await lstat(path).catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return null;
    throw error;
  });
  if (present === null) return;
  if (!present.isFile()) {
    const message = `${path} is no regular file, and is not replaced`;
    throw new CliError('CLI_EXISTS', message, { fix: OTHER_NAME });
  }
  for (const input of inputs) {
    const { dev, ino } = await stat(input);
    if (dev !== present.dev || ino !== present.ino) continue;
    const message = `${path} is an input of this command (${input}), and is not overwritten`;
    throw new CliError('CLI_EXISTS', message, { fix: OTHER_NAME });
  }
}

function requirePrivate(path: string, mode: number): void {
  if ((mode & OTHERS_MAY) === 0) return;
  throw new CliError('CLI_DENIED', `${path} can be read by others`, { fix: `chmod 600 ${path}` });
}

function tooLarge(path: string, bytes: number, bytesMax: number): CliError {
  return new CliError('CLI_TOO_LARGE', `${path}: ${bytes} bytes, where ${bytesMax} are allowed`);
}

const CODES: Readonly<Record<string, readonly [code: CliErrorCode, words: string, fix?: string]>> =
  {
    ENOENT: ['CLI_NOT_FOUND', 'does not exist'],
    ENOTDIR: ['CLI_NOT_FOUND', 'does not exist'],
    EACCES: ['CLI_DENIED', 'may not be used by you'],
    EPERM: ['CLI_DENIED', 'may not be used by you'],
    EROFS: ['CLI_DENIED', 'is on a read-only file system'],
    EEXIST: ['CLI_EXISTS', 'exists, and is not overwritten', 'give another name'],
    EISDIR: ['CLI_IO', 'is a folder'],
    ENOSPC: ['CLI_DISK_FULL', 'does not fit on the disk'],
    EDQUOT: ['CLI_DISK_FULL', 'exceeds your disk quota'],
  };

async function guarded<Result>(path: string, action: () => Promise<Result>): Promise<Result> {
  try {
    return await action();
  } catch (cause) {
    if (cause instanceof CliError) throw cause;
    const [code, words, fix] = CODES[errorCode(cause)] ?? ['CLI_IO', errorMessage(cause)];
    const options = fix === undefined ? { cause } : { cause, fix };
    throw new CliError(code, `${path} ${words}`, options);
  }
}
