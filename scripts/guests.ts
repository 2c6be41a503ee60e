import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { errorMessage } from '../runtime/base/errors.ts';
import type { GuestBuild } from './guests/build-context.ts';
import { withBuildLock } from './guests/build-lock-io.ts';
import { CLANG_FLAGS } from './guests/c-guest.ts';
import { cacheKey, GuestCache } from './guests/cache-io.ts';
import { type GuestSource, guestCatalog } from './guests/catalog-io.ts';
import { buildClangGuests } from './guests/clang-guests-io.ts';
import {
  componentOf,
  exportsOfModule,
  importsOfModule,
  type TextEncoding,
} from './guests/component-io.ts';
import { GuestBuildError } from './guests/errors.ts';
import { findWasiRust, RUST_PACKAGES } from './guests/rust-toolchain-io.ts';
import { worldText } from './guests/world.ts';
import { assemblyscriptFile } from './wit/assemblyscript-file.ts';
import { CONTRACT_WORLD } from './wit/contract-file.ts';
import { parseSources, readWitSources } from './wit/sources-io.ts';

/** Where guests are read and built. */
export interface GuestFolders {
  /** The project's folder. */
  readonly project: string;
  /** Where components go; `build/guests` unless given. */
  readonly output?: string;
}

const PROJECT = join(import.meta.dirname, '..');

/**
 * Builds guests that are not built yet, from source, and returns the path of each component by
 * name. Without names: all of them. C and WAT give the same bytes each time; a component from
 * TypeScript holds a snapshot of its engine, with the random seeds of the build.
 * @throws GuestBuildError
 */
export async function buildGuests(
  names?: readonly string[],
  folders: GuestFolders = { project: PROJECT },
): Promise<Map<string, string>> {
  const { project } = folders;
  const catalog = await guestCatalog(project);
  const wanted = (names ?? [...catalog.keys()]).map(name => {
    const source = catalog.get(name);
    if (source === undefined) throw new GuestBuildError('GUEST_UNKNOWN', `no guest ${name}`);
    return source;
  });
  const build = await openBuild(project, folders.output ?? join(project, 'build/guests'));
  const of = (language: string): GuestSource[] => wanted.filter(each => each.language === language);
  await Promise.all([
    buildClangGuests(wanted, build),
    buildTypescript(of('typescript'), build),
    buildAssemblyscript(of('assemblyscript'), build),
    buildWat(of('wat'), build),
  ]);
  return new Map(wanted.map(({ name }) => [name, build.cache.path(name)]));
}

async function openBuild(project: string, output: string): Promise<GuestBuild> {
  const sources = await readWitSources(join(project, 'wit'));
  const context = [
    ...sources.flatMap(({ path, text }) => [path, text]),
    await readFile(join(project, 'package.json'), 'utf8').then(toolVersions),
    ...CLANG_FLAGS,
  ];
  const contract = parseSources(sources);
  return { project, sources, contract, cache: new GuestCache(output), context };
}

async function buildTypescript(guests: readonly GuestSource[], build: GuestBuild): Promise<void> {
  for (const { name, path } of guests) {
    if (await isFresh(name, build)) continue;
    await withBuildLock(join(build.cache.folder, '.typescript.lock'), async () => {
      if (await isFresh(name, build)) return;
      // Loaded late: a build with nothing to do needs neither bundler nor engine.
      const { bundleGuest, componentizeBundle } = await import('./guests/typescript-guest-io.ts');
      const { code, world, inputs } = await bundleGuest(path, build.project);
      const key = await inputsKey(inputs, build);
      const component = await componentizeBundle(code, worldText(build.sources, world));
      await build.cache.put(name, key, component, inputs);
    });
  }
}

async function isFresh(name: string, build: GuestBuild): Promise<boolean> {
  const inputs = await build.cache.inputs(name);
  return inputs !== null && (await build.cache.has(name, await inputsKey(inputs, build)));
}

/** A file that is gone counts as empty, which is another key. */
async function inputsKey(paths: readonly string[], build: GuestBuild): Promise<string> {
  const contents = await Promise.all(paths.map(path => readFile(path, 'utf8').catch(() => '')));
  return cacheKey(['typescript', ...paths, ...contents, ...build.context]);
}

function assemblyscriptBindings({ contract }: GuestBuild): string {
  const world = contract.worlds.get(CONTRACT_WORLD);
  return world === undefined ? '' : assemblyscriptFile(contract, world);
}

async function buildAssemblyscript(
  guests: readonly GuestSource[],
  build: GuestBuild,
): Promise<void> {
  for (const { name, path } of guests) {
    const source = await readFile(path, 'utf8');
    const key = cacheKey([
      'assemblyscript',
      source,
      assemblyscriptBindings(build),
      ...build.context,
    ]);
    if (await build.cache.has(name, key)) continue;
    await withBuildLock(join(build.cache.folder, '.assemblyscript.lock'), async () => {
      if (await build.cache.has(name, key)) return;
      const { compileAssemblyscript } = await import('./guests/assemblyscript-guest-io.ts');
      await finishCore(
        name,
        key,
        await compileAssemblyscript(source, build.contract),
        'utf16',
        build,
      );
    });
  }
}

async function finishCore(
  name: string,
  key: string,
  core: Uint8Array<ArrayBuffer>,
  encoding: TextEncoding,
  build: GuestBuild,
): Promise<void> {
  const world = { imports: importsOfModule(core), exports: exportsOfModule(core) };
  const text = worldText(build.sources, world);
  await build.cache.put(name, key, await componentOf(core, text, encoding));
}

/** A WAT guest is a core module in text with legacy names; its world is read from its names. */
async function buildWat(guests: readonly GuestSource[], build: GuestBuild): Promise<void> {
  for (const { name, path } of guests) {
    const source = await readFile(path, 'utf8');
    const key = cacheKey(['wat', source, ...build.context]);
    if (await build.cache.has(name, key)) continue;
    const { parse } = await import('@bytecodealliance/jco');
    const core = new Uint8Array(await parse(source));
    await finishCore(name, key, core, 'utf8', build);
  }
}

/** The lines of package.json that decide a guest's bytes. */
function toolVersions(packageText: string): string {
  const tools =
    /"(?:@bytecodealliance\/jco|@yowasp\/clang|assemblyscript|componentize-qjs|esbuild)": "[^"]+"/g;
  return (packageText.match(tools) ?? []).join('\n');
}

/** Returns all guests that can be built here, and says which cannot. */
async function buildableGuests(): Promise<string[]> {
  const catalog = [...(await guestCatalog(PROJECT)).values()];
  if (findWasiRust(process.env.PATH ?? '') !== null) return catalog.map(({ name }) => name);
  for (const { name } of catalog.filter(({ language }) => language === 'rust')) {
    console.log(`${name.padEnd(20)} SKIPPED: needs apt-get install ${RUST_PACKAGES}`);
  }
  return catalog.filter(({ language }) => language !== 'rust').map(({ name }) => name);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const names = process.argv.slice(2);
  try {
    const built = await buildGuests(names.length > 0 ? names : await buildableGuests());
    for (const [name, path] of built) {
      const { length } = await readFile(path);
      console.log(`${name.padEnd(20)} ${String(length).padStart(9)} bytes  ${path}`);
    }
  } catch (error) {
    console.error(errorMessage(error));
    process.exitCode = 1;
  }
}
