import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What stands beside a built component. */
interface CacheRecord {
  readonly key: string;
  /** SHA-256 of the component, lower-case hex. */
  readonly component: string;
  /** Absolute paths of the sources. */
  readonly inputs: readonly string[];
}

/** Built components by the digest of all that went into them. */
export class GuestCache {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  path(name: string): string {
    return join(this.folder, `${name}.wasm`);
  }

  /** Whether the component was built from exactly this key, and is still what was built. */
  async has(name: string, key: string): Promise<boolean> {
    const [record, component] = await Promise.all([
      this.#record(name),
      readFile(this.path(name)).catch(() => null),
    ]);
    return component !== null && record?.key === key && record.component === sha256(component);
  }

  /** Returns the files that the present component was built from, or null without one. */
  async inputs(name: string): Promise<readonly string[] | null> {
    return (await this.#record(name))?.inputs ?? null;
  }

  /** Stores a component. Several processes may do so at once: each file appears whole. */
  async put(
    name: string,
    key: string,
    component: Uint8Array,
    inputs: readonly string[] = [],
  ): Promise<void> {
    await mkdir(this.folder, { recursive: true });
    await replace(this.path(name), component);
    const record: CacheRecord = { key, component: sha256(component), inputs };
    await replace(this.#recordPath(name), `${JSON.stringify(record)}\n`);
  }

  async #record(name: string): Promise<CacheRecord | null> {
    const text = await readFile(this.#recordPath(name), 'utf8').catch(() => null);
    if (text === null) return null;
    try {
      const record: CacheRecord = JSON.parse(text);
      return Array.isArray(record.inputs) ? record : null;
    } catch {
      return null;
    }
  }

  #recordPath(name: string): string {
    return join(this.folder, `${name}.key`);
  }
}

/** Returns the SHA-256 over parts, each with its length, so that no two lists collide. */
export function cacheKey(parts: readonly string[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}:`).update(part);
  return hash.digest('hex');
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

async function replace(path: string, content: Uint8Array | string): Promise<void> {
  const fresh = `${path}.${randomUUID()}.new`;
  await writeFile(fresh, content);
  await rename(fresh, path);
}
