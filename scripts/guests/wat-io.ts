import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Named by the environment where this code was bundled, and runs from another place. */
const PROJECT = process.env.AIRSSYS_PROJECT ?? join(import.meta.dirname, '../..');
/** Binaries, by the digest of their text and of what assembled it. */
const FOLDER = join(PROJECT, 'build/wat');

/**
 * Returns the binary of a module or component in text form. Each text is assembled once: loading
 * the assembler takes longer than most of what is done with its output.
 * @throws what jco throws for a text that cannot be assembled
 */
export async function watBinary(text: string): Promise<Uint8Array<ArrayBuffer>> {
  const digest = createHash('sha256')
    .update(await assembler())
    .update(text)
    .digest('hex');
  const path = join(FOLDER, `${digest}.wasm`);
  const kept = await readFile(path).catch(() => null);
  if (kept !== null) return new Uint8Array(kept);
  const { parse } = await import('@bytecodealliance/jco');
  const binary = new Uint8Array(await parse(text));
  await mkdir(FOLDER, { recursive: true });
  const fresh = `${path}.${randomUUID()}`;
  await writeFile(fresh, binary);
  await rename(fresh, path);
  return binary;
}

/** Returns the line of package.json that says which assembler it is. */
async function assembler(): Promise<string> {
  const text = await readFile(join(PROJECT, 'package.json'), 'utf8');
  return /"@bytecodealliance\/jco": "[^"]+"/.exec(text)?.[0] ?? '';
}
