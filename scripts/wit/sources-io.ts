import { readdir, readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import type { WitContract } from './model.ts';
import { parseWit } from './parser.ts';
import { resolveContract } from './resolver.ts';

/** One file of the contract. */
export interface WitSource {
  /** Relative to the folder that was read, with slashes. */
  readonly path: string;
  readonly text: string;
}

/** Returns every `.wit` file below a folder, sorted by path. */
export async function readWitSources(folder: string): Promise<WitSource[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter(entry => entry.isFile() && entry.name.endsWith('.wit'))
    .map(entry => join(entry.parentPath, entry.name))
    .sort();
  return Promise.all(
    paths.map(async path => ({
      path: relative(folder, path).split(sep).join('/'),
      text: await readFile(path, 'utf8'),
    })),
  );
}

/**
 * Reads and resolves a contract.
 * @throws WitError
 */
export function parseSources(sources: readonly WitSource[]): WitContract {
  return resolveContract(sources.map(source => parseWit(source.text, source.path)));
}
