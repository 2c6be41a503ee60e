/**
 * The file operations that durable state is built from. One method is one system call or nearly so,
 * because what a power cut leaves depends on each: nothing is durable before its `sync`, a name not
 * before the `syncFolder` of its folder.
 *
 * Paths are absolute. Methods reject with Node's system errors (`ENOSPC`, `EIO` ...).
 */
export interface Files {
  /** Returns the content, or null where there is no such file. Rejects over `bytesMax`. */
  read(path: string, bytesMax: number): Promise<Uint8Array | null>;
  /** Creates or replaces the content in place. Not durable before `sync`. */
  write(path: string, bytes: Uint8Array): Promise<void>;
  /** Makes the content durable (fdatasync). */
  sync(path: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** Removes a file; nothing happens where there is none. */
  remove(path: string): Promise<void>;
  /** Creates a folder and its parents, mode 0700. */
  makeFolder(path: string): Promise<void>;
  /** Makes names in a folder durable (fsync of the folder). */
  syncFolder(path: string): Promise<void>;
  /** Returns the names in a folder, sorted; empty where there is none. */
  list(path: string): Promise<readonly string[]>;
}
