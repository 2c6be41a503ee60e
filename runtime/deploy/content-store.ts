import type { Files } from '../ports/files.ts';
import type { Hasher } from '../ports/hasher.ts';
import { DeployError } from './errors.ts';
import { ioError } from './slot-store.ts';

/**
 * Immutable blobs by SHA-256. A blob is there whole or not at all: it is written beside its place,
 * made durable, renamed into place, and the folder made durable.
 */
export interface ContentStore {
  /**
   * Stores bytes under `digest`, which whoever verified them worked out. Resolves when durable;
   * `get` says whether the disk has them.
   */
  put(bytes: Uint8Array, digest: string): Promise<void>;
  /**
   * Returns the bytes of a digest, hashed again.
   * @throws DeployError `DEPLOY_NOT_STORED`, `DEPLOY_STORE_DAMAGED`.
   */
  get(digest: string): Promise<Uint8Array>;
  /** Removes every blob that is not kept, and whatever an interrupted `put` left. */
  collect(keep: ReadonlySet<string>): Promise<number>;
}

const INCOMING = 'incoming';

/** Returns the store over `folder`; `bytesMax` bounds one blob. */
export function contentStore(
  files: Files,
  hasher: Hasher,
  folder: string,
  bytesMax: number,
): ContentStore {
  const shard = (digest: string) => `${folder}/${digest.slice(0, 2)}`;
  const place = (digest: string) => `${shard(digest)}/${digest}`;
  const incoming = `${folder}/${INCOMING}`;

  async function put(bytes: Uint8Array, digest: string): Promise<void> {
    if (bytes.length > bytesMax) {
      throw new DeployError('DEPLOY_IO', `a blob of ${bytes.length} bytes exceeds ${bytesMax}`);
    }
    if (await isWhole(digest)) return;
    const temporary = `${incoming}/${digest}`;
    try {
      await files.makeFolder(incoming);
      await files.makeFolder(shard(digest));
      await files.write(temporary, bytes);
      await files.sync(temporary);
      await files.rename(temporary, place(digest));
      await files.syncFolder(shard(digest));
      await files.syncFolder(folder);
    } catch (cause) {
      await files.remove(temporary).catch(() => undefined);
      throw ioError(`blob ${digest.slice(0, 12)}`, cause);
    }
  }

  async function isWhole(digest: string): Promise<boolean> {
    const bytes = await files.read(place(digest), bytesMax).catch(() => null);
    return bytes !== null && (await hasher.hash(bytes)).digest === digest;
  }

  async function get(digest: string): Promise<Uint8Array> {
    const bytes = await files.read(place(digest), bytesMax).catch(cause => {
      throw ioError(`blob ${digest.slice(0, 12)}`, cause);
    });
    if (bytes === null) {
      throw new DeployError('DEPLOY_NOT_STORED', `blob ${digest.slice(0, 12)} is not stored`);
    }
    const hashed = await hasher.hash(bytes);
    if (hashed.digest !== digest) {
      throw new DeployError(
        'DEPLOY_STORE_DAMAGED',
        `blob ${digest.slice(0, 12)} does not match its digest: the disk changed it`,
      );
    }
    return hashed.bytes;
  }

  async function collect(keep: ReadonlySet<string>): Promise<number> {
    let removed = 0;
    for (const name of await files.list(folder)) {
      for (const digest of await files.list(`${folder}/${name}`)) {
        if (name !== INCOMING && keep.has(digest)) continue;
        await files.remove(`${folder}/${name}/${digest}`);
        removed += 1;
      }
    }
    return removed;
  }

  return { put, get, collect };
}
