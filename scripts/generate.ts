import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { RELEASE_SCHEMA_FILE, releaseSchemaFile } from './schema/release-schema-file.ts';
import { assemblyscriptFile } from './wit/assemblyscript-file.ts';
import { cFiles } from './wit/c-files.ts';
import { CONTRACT_WORLD, contractFile, worldTable } from './wit/contract-file.ts';
import { WitError } from './wit/errors.ts';
import { guestFile } from './wit/guest-file.ts';
import { hostFile } from './wit/host-file.ts';
import type { WitContract, WitWorld } from './wit/model.ts';
import { rustFile } from './wit/rust-file.ts';
import { parseSources, readWitSources } from './wit/sources-io.ts';
import { WARM_UP_SOURCE, warmUpFile } from './wit/warm-up-file.ts';

/**
 * Returns what `wit/generated/` and the published schemas must hold, as text by path below the
 * project's folder.
 * Deterministic: the same sources give the same bytes.
 */
export async function generatedFiles(project: string): Promise<ReadonlyMap<string, string>> {
  const contract = parseSources(await readWitSources(join(project, 'wit')));
  const world = contract.worlds.get(CONTRACT_WORLD);
  if (world === undefined) throw new WitError('WIT_UNKNOWN_NAME', `no world ${CONTRACT_WORLD}`);
  const c = cFiles(contract, world);
  const wat = await readFile(join(project, WARM_UP_SOURCE), 'utf8');
  return new Map([
    ['wit/generated/contract.ts', contractFile(worldTable(contract, world), ourWorlds(contract))],
    ['wit/generated/host.ts', hostFile(contract, world)],
    ['wit/generated/guest.d.ts', guestFile(contract, world)],
    ['wit/generated/warm-up.ts', await warmUpFile(wat)],
    ['wit/generated/c/airssys.h', c.header],
    ['wit/generated/c/airssys_shim.c', c.shim],
    ['wit/generated/rust/airssys.rs', rustFile(contract, world)],
    ['wit/generated/assemblyscript/airssys.as', assemblyscriptFile(contract, world)],
    [RELEASE_SCHEMA_FILE, releaseSchemaFile()],
  ]);
}

/** Those that a release can claim; what others bring along is not for controllers. */
function ourWorlds({ worlds }: WitContract): readonly WitWorld[] {
  return [...worlds.values()]
    .filter(({ name }) => name.startsWith('airssys:worlds/'))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Returns the paths whose content differs from what the sources say. */
export async function staleFiles(project: string): Promise<string[]> {
  const stale: string[] = [];
  for (const [path, text] of await generatedFiles(project)) {
    const present = await readFile(join(project, path), 'utf8').catch(() => null);
    if (present !== text) stale.push(path);
  }
  return stale;
}

async function writeAll(project: string): Promise<void> {
  for (const [path, text] of await generatedFiles(project)) {
    await mkdir(dirname(join(project, path)), { recursive: true });
    await writeFile(join(project, path), text);
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const project = join(import.meta.dirname, '..');
  const stale = await staleFiles(project);
  if (process.argv.includes('--check')) {
    for (const path of stale) console.error(`${path} is stale: run npm run generate`);
    process.exitCode = stale.length > 0 ? 1 : 0;
  } else {
    await writeAll(project);
    console.log(stale.length === 0 ? 'Nothing changed.' : `Wrote ${stale.join(', ')}.`);
  }
}
