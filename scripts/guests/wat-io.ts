import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import project from '../../package.json' with { type: 'json' };

/**
 * Where binaries are kept, by the digest of their text and of what assembles it. Named by the
 * environment where this code runs from another place than its own.
 */
const FOLDER = process.env.AIRSSYS_WAT_CACHE ?? join(import.meta.dirname, '../../build/wat');

/**
 * Returns the binary of a module or component in text form. Each text is assembled once: loading
 * the assembler takes longer than most of what is done with its output.
 * @throws what jco throws for a text that cannot be assembled
 */
export async function watBinary(text: string): Promise<Uint8Array<ArrayBuffer>> {
  const assembler = project.devDependencies['@bytecodealliance/jco'];
  const digest = createHash('sha256').update(`${assembler}\n${text}`).digest('hex');
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
