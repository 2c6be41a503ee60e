import { readdir } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';

/** How a guest is built. */
export type GuestLanguage = 'assemblyscript' | 'c' | 'cpp' | 'rust' | 'typescript' | 'wat';

/** A guest that the project can build. */
export interface GuestSource {
  readonly name: string;
  readonly language: GuestLanguage;
  /** Absolute path of the source. */
  readonly path: string;
}

const LANGUAGES: ReadonlyMap<string, GuestLanguage> = new Map([
  // Not `.ts`: it looks like TypeScript to every other tool, and is none.
  ['.as', 'assemblyscript'],
  ['.c', 'c'],
  ['.cpp', 'cpp'],
  ['.rs', 'rust'],
  ['.ts', 'typescript'],
  ['.wat', 'wat'],
]);

/**
 * Returns every guest by name: `controller.c`, `controller.ts` ... in each folder of the examples,
 * each file of the fixtures, and the files of a fixture's folder: `conformance/controller.rs` is
 * `conformance-rust`.
 */
export async function guestCatalog(project: string): Promise<ReadonlyMap<string, GuestSource>> {
  const examples = join(project, 'firmware-manifests/examples');
  const fixtures = join(project, 'test/fixtures/guests');
  const catalog = new Map<string, GuestSource>();
  const add = (name: string, path: string): void => {
    const language = LANGUAGES.get(extname(path));
    if (language !== undefined) catalog.set(name, { name, language, path });
  };
  for (const folder of await names(examples)) {
    for (const file of await names(join(examples, folder))) {
      if (basename(file, extname(file)) === 'controller') add(folder, join(examples, folder, file));
    }
  }
  for (const file of await names(fixtures)) {
    add(basename(file, extname(file)), join(fixtures, file));
    if (extname(file) !== '') continue;
    for (const inner of await names(join(fixtures, file))) {
      add(`${file}-${LANGUAGES.get(extname(inner)) ?? ''}`, join(fixtures, file, inner));
    }
  }
  return catalog;
}

async function names(folder: string): Promise<string[]> {
  const entries = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return [];
    throw error;
  });
  return entries.sort();
}
