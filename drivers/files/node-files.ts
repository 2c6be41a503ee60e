import { type FileHandle, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import type { Files } from '../../runtime/ports/files.ts';

const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;

/** Returns the file port over the machine's own file system. */
export function nodeFiles(): Files {
  return {
    read: readBounded,
    write: async (path, bytes) => {
      await using file = await open(path, 'w', FILE_MODE);
      await file.writeFile(bytes);
    },
    sync: async path => {
      await using file = await open(path, 'r+');
      await file.datasync();
    },
    rename,
    remove: path => rm(path, { force: true }),
    makeFolder: async path => {
      await mkdir(path, { recursive: true, mode: FOLDER_MODE });
    },
    syncFolder: async path => {
      await using folder = await open(path, 'r');
      await folder.sync();
    },
    list: async path => (await orNull(readdir(path)))?.sort() ?? [],
  };
}

async function readBounded(path: string, bytesMax: number): Promise<Uint8Array | null> {
  const file = await orNull(open(path, 'r'));
  if (file === null) return null;
  try {
    const { size } = await file.stat();
    if (size > bytesMax) throw new RangeError(`${path} has ${size} bytes, over ${bytesMax}`);
    return await readExactly(file, size);
  } finally {
    await file.close();
  }
}

/** Not more than was there when it was asked, and in memory of its own, which can be moved. */
async function readExactly(file: FileHandle, size: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(size);
  let filled = 0;
  while (filled < size) {
    const { bytesRead } = await file.read(bytes, filled, size - filled, filled);
    if (bytesRead === 0) return bytes.slice(0, filled);
    filled += bytesRead;
  }
  return bytes;
}

async function orNull<T>(promise: Promise<T>): Promise<T | null> {
  try {
    return await promise;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}
