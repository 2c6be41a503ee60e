import { errorMessage } from '../base/errors.ts';
import type { Files } from '../ports/files.ts';
import { DOCUMENT_BYTES_MAX, kindOfDocument } from '../trust/document.ts';
import { TrustError } from '../trust/errors.ts';
import {
  NO_REVOCATIONS,
  type Revocations,
  type VerifiedRevocations,
  verifyRevocations,
} from '../trust/revocations.ts';
import type { Root } from '../trust/root.ts';
import {
  currentRoot,
  extendChain,
  isRoleRenewed,
  newestFirst,
  type RootChain,
} from '../trust/root-chain.ts';
import { ioError } from './slot-store.ts';

/**
 * What a gateway was told about whom to trust after it left the factory: one file for each root,
 * and one for the list of revocations. All of it is verified along the chain of roots whenever it
 * is read: what lies in a writable folder is not believed for lying there.
 */
export interface TrustStore {
  /** From the factory's root to the one in force. */
  chain(): RootChain;
  /** The list in force; empty where there is none. */
  revocations(): Revocations;
  /** Why what was adopted cannot be read any more, in words; null where nothing is lost. */
  damage(): string | null;
  /**
   * Adopts the next root, or a newer list of revocations, durably. What was damaged is mended by
   * giving it again.
   * Rejects with TrustError, SignatureError, KeyError, or DeployError where it cannot be written.
   */
  adopt(bytes: Uint8Array): Promise<Adopted>;
}

/** What was adopted. */
export interface Adopted {
  readonly kind: 'root' | 'revocations';
  readonly version: number;
}

const REVOCATIONS_FILE = 'revocations.cbor';

/** Returns the store over `folder`, which exists. */
export async function openTrustStore(
  files: Files,
  folder: string,
  factory: Root,
): Promise<TrustStore> {
  const store = new FolderTrustStore(files, folder, factory);
  await store.load();
  return store;
}

class FolderTrustStore implements TrustStore {
  readonly #files: Files;
  readonly #folder: string;
  #chain: RootChain;
  #revocations = NO_REVOCATIONS;
  #listBy: VerifiedRevocations['role'] | null = null;
  #rootDamage: string | null = null;
  #listDamage: string | null = null;
  /** Resolves when what is being adopted is: one at a time. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(files: Files, folder: string, factory: Root) {
    this.#files = files;
    this.#folder = folder;
    this.#chain = [factory];
  }

  chain(): RootChain {
    return this.#chain;
  }

  revocations(): Revocations {
    return this.#revocations;
  }

  damage(): string | null {
    const words = [this.#rootDamage, this.#listDamage].filter(one => one !== null);
    return words.length === 0 ? null : words.join('; ');
  }

  adopt(bytes: Uint8Array): Promise<Adopted> {
    const adopted = this.#turn.then(() => this.#adopt(bytes));
    this.#turn = adopted.catch(() => undefined);
    return adopted;
  }

  async #adopt(bytes: Uint8Array): Promise<Adopted> {
    const kind = kindOfDocument(bytes);
    switch (kind) {
      case 'root':
        return { kind, version: await this.#adoptRoot(bytes) };
      case 'revocations':
        return { kind, version: await this.#adoptRevocations(bytes) };
      case 'recovery':
        throw new TrustError('TRUST_KIND', 'a token goes with a release: install FILE --token');
    }
  }

  async #adoptRoot(bytes: Uint8Array): Promise<number> {
    const { version } = currentRoot(extendChain(this.#chain, bytes));
    await this.#write(rootFile(version), bytes);
    await this.load();
    return version;
  }

  async #adoptRevocations(bytes: Uint8Array): Promise<number> {
    // Which list is in force, and who may sign the next one, is not known then.
    if (this.#rootDamage !== null) throw new TrustError('TRUST_DAMAGED', this.#rootDamage);
    const found = verifyRevocations(bytes, [currentRoot(this.#chain)], this.#revocations);
    const { version } = found.revocations;
    // The owners have the last word over a list of the site, whatever number a thief gave it.
    const overrules = found.role === 'root' && this.#listBy === 'site';
    if (version <= this.#revocations.version && !overrules) {
      throw new TrustError(
        'TRUST_REVOCATIONS_VERSION',
        `list ${version} is not newer than list ${this.#revocations.version}, which is in force`,
      );
    }
    await this.#write(REVOCATIONS_FILE, bytes);
    await this.load();
    return version;
  }

  /** Follows the files from the root in force, then reads the list, which they may have ended. */
  async load(): Promise<void> {
    this.#rootDamage = await this.#loadRoots();
    this.#listDamage = await this.#loadRevocations();
  }

  async #loadRoots(): Promise<string | null> {
    const last = await this.#lastVersion();
    for (let version = currentRoot(this.#chain).version + 1; version <= last; version += 1) {
      try {
        const bytes = await this.#files.read(this.#path(rootFile(version)), DOCUMENT_BYTES_MAX);
        if (bytes === null) throw new TrustError('TRUST_ROOT_VERSION', 'the file is missing');
        this.#chain = extendChain(this.#chain, bytes);
      } catch (error) {
        return lostWords(`root ${version}`, error);
      }
    }
    return null;
  }

  async #loadRevocations(): Promise<string | null> {
    try {
      const bytes = await this.#files.read(this.#path(REVOCATIONS_FILE), DOCUMENT_BYTES_MAX);
      if (bytes === null) return null;
      const found = verifyRevocations(bytes, newestFirst(this.#chain), NO_REVOCATIONS);
      // Of former keys: what they revoked stays so until the new ones say otherwise, with whatever
      // number. A thief who signed the highest one there is must not have the last word.
      const isFormer = isRoleRenewed(this.#chain, found.role, found.rootVersion);
      this.#revocations = isFormer ? { ...found.revocations, version: 0 } : found.revocations;
      this.#listBy = found.role;
      return null;
    } catch (error) {
      return lostWords('the list of revocations', error);
    }
  }

  async #lastVersion(): Promise<number> {
    const versions = (await this.#files.list(this.#folder)).flatMap(name => {
      const found = /^root\.([1-9]\d{0,15})\.cbor$/.exec(name);
      return found === null ? [] : [Number(found[1])];
    });
    return versions.reduce((last, one) => Math.max(last, one), this.#chain[0].version);
  }

  async #write(name: string, bytes: Uint8Array): Promise<void> {
    const path = this.#path(name);
    try {
      await this.#files.write(`${path}.new`, bytes);
      await this.#files.sync(`${path}.new`);
      await this.#files.rename(`${path}.new`, path);
      await this.#files.syncFolder(this.#folder);
    } catch (cause) {
      await this.#files.remove(`${path}.new`).catch(() => undefined);
      throw ioError(name, cause);
    }
  }

  #path(name: string): string {
    return `${this.#folder}/${name}`;
  }
}

function rootFile(version: number): string {
  return `root.${version}.cbor`;
}

function lostWords(what: string, error: unknown): string {
  return (
    `${what} was adopted and cannot be read any more: ${errorMessage(error)}; what was committed ` +
    'runs, and nothing new is installed until it is given again'
  );
}
