import { errorMessage } from '../base/errors.ts';
import type { Files } from '../ports/files.ts';
import { DOCUMENT_BYTES_MAX } from '../trust/document.ts';
import { TrustError } from '../trust/errors.ts';
import type { Root } from '../trust/root.ts';
import { currentRoot, extendChain, type RootChain } from '../trust/root-chain.ts';
import { ioError } from './slot-store.ts';

/**
 * The roots that followed the factory's, one file each, which are verified along the chain whenever
 * they are read: what lies in a writable folder is not believed for lying there.
 */
export interface RootStore {
  /** From the factory's root to the one in force. */
  chain(): RootChain;
  /** Why a root that was adopted cannot be read any more, in words; null where none is lost. */
  damage(): string | null;
  /**
   * Adopts the next root, durably, and returns the one in force then. A root that was damaged is
   * mended by giving it again.
   * Rejects with TrustError, SignatureError, KeyError, or DeployError where it cannot be written.
   */
  adopt(bytes: Uint8Array): Promise<Root>;
}

/** Returns the store over `folder`, which exists. */
export async function openRootStore(
  files: Files,
  folder: string,
  factory: Root,
): Promise<RootStore> {
  const store = new FolderRootStore(files, folder, factory);
  await store.follow();
  return store;
}

class FolderRootStore implements RootStore {
  readonly #files: Files;
  readonly #folder: string;
  #chain: RootChain;
  #damage: string | null = null;

  constructor(files: Files, folder: string, factory: Root) {
    this.#files = files;
    this.#folder = folder;
    this.#chain = [factory];
  }

  chain(): RootChain {
    return this.#chain;
  }

  damage(): string | null {
    return this.#damage;
  }

  async adopt(bytes: Uint8Array): Promise<Root> {
    const chain = extendChain(this.#chain, bytes);
    const { version } = currentRoot(chain);
    const path = this.#path(version);
    try {
      await this.#files.write(`${path}.new`, bytes);
      await this.#files.sync(`${path}.new`);
      await this.#files.rename(`${path}.new`, path);
      await this.#files.syncFolder(this.#folder);
    } catch (cause) {
      await this.#files.remove(`${path}.new`).catch(() => undefined);
      throw ioError(`root ${version}`, cause);
    }
    this.#chain = chain;
    await this.follow();
    return currentRoot(this.#chain);
  }

  /** Goes on along the files, from the root in force. */
  async follow(): Promise<void> {
    this.#damage = null;
    const last = await this.#lastVersion();
    for (let version = currentRoot(this.#chain).version + 1; version <= last; version += 1) {
      try {
        const bytes = await this.#files.read(this.#path(version), DOCUMENT_BYTES_MAX);
        if (bytes === null) throw new TrustError('TRUST_ROOT_VERSION', 'the file is missing');
        this.#chain = extendChain(this.#chain, bytes);
      } catch (error) {
        this.#damage =
          `root ${version} was adopted and cannot be read any more: ${errorMessage(error)}; ` +
          'what was committed runs, and nothing new is installed until that root is given again';
        return;
      }
    }
  }

  async #lastVersion(): Promise<number> {
    const { version } = this.#chain[0];
    const versions = (await this.#files.list(this.#folder)).flatMap(name => {
      const found = /^root\.([1-9]\d{0,15})\.cbor$/.exec(name);
      return found === null ? [] : [Number(found[1])];
    });
    return versions.reduce((last, one) => Math.max(last, one), version);
  }

  #path(version: number): string {
    return `${this.#folder}/root.${version}.cbor`;
  }
}
