import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

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
      readFile(this.#recordPath(name), 'utf8').catch(() => null),
      readFile(this.path(name)).catch(() => null),
    ]);
    return component !== null && record === recordText(key, component);
  }

  /** Stores a component. Several processes may do so at once: each file appears whole. */
  async put(name: string, key: string, component: Uint8Array): Promise<void> {
    await mkdir(this.folder, { recursive: true });
    await replace(this.path(name), component);
    await replace(this.#recordPath(name), recordText(key, component));
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

function recordText(key: string, component: Uint8Array): string {
  return `${key} ${createHash('sha256').update(component).digest('hex')}\n`;
}

async function replace(path: string, content: Uint8Array | string): Promise<void> {
  const fresh = `${path}.${randomUUID()}.new`;
  await writeFile(fresh, content);
  await rename(fresh, path);
}
