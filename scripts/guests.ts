import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { errorMessage } from '../runtime/base/errors.ts';
import { withBuildLock } from './guests/build-lock-io.ts';
import {
  CLANG_FLAGS,
  clangJob,
  componentOf,
  importsOfModule,
  withoutComments,
} from './guests/c-guest.ts';
import { cacheKey, GuestCache } from './guests/cache-io.ts';
import { type GuestSource, guestCatalog } from './guests/catalog-io.ts';
import { compileC } from './guests/clang-io.ts';
import type { ClangJob } from './guests/clang-job.ts';
import { GuestBuildError } from './guests/errors.ts';
import { worldText } from './guests/world.ts';
import { cFiles } from './wit/c-files.ts';
import { CONTRACT_WORLD } from './wit/contract-file.ts';
import type { WitContract } from './wit/model.ts';
import { parseSources, readWitSources, type WitSource } from './wit/sources-io.ts';

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
    buildC(of('c'), build),
    buildTypescript(of('typescript'), build),
    buildWat(of('wat'), build),
  ]);
  return new Map(wanted.map(({ name }) => [name, build.cache.path(name)]));
}

interface Build {
  readonly project: string;
  readonly sources: readonly WitSource[];
  readonly contract: WitContract;
  readonly cache: GuestCache;
  /** What else decides the bytes: the contract's text and the tools' versions. */
  readonly context: readonly string[];
}

async function openBuild(project: string, output: string): Promise<Build> {
  const sources = await readWitSources(join(project, 'wit'));
  const context = [
    ...sources.flatMap(({ path, text }) => [path, text]),
    await readFile(join(project, 'package.json'), 'utf8').then(toolVersions),
    ...CLANG_FLAGS,
  ];
  const contract = parseSources(sources);
  return { project, sources, contract, cache: new GuestCache(output), context };
}

async function buildC(guests: readonly GuestSource[], build: Build): Promise<void> {
  if ((await missingC(guests, build)).length === 0) return;
  await withBuildLock(join(build.cache.folder, '.c.lock'), async () => {
    const jobs = await missingC(guests, build);
    const failures: string[] = [];
    for (const answer of await compileC(jobs.map(({ job }) => job))) {
      const found = jobs.find(({ name }) => name === answer.name);
      if (found === undefined) continue;
      if (!answer.ok) failures.push(`${answer.name}: ${answer.message}`);
      else await finishC(found, new Uint8Array(Buffer.from(answer.base64, 'base64')), build);
    }
    if (failures.length === 0) return;
    throw new GuestBuildError('GUEST_COMPILE_FAILED', failures.join('\n'));
  });
}

async function missingC(guests: readonly GuestSource[], build: Build): Promise<KeyedJob[]> {
  const world = build.contract.worlds.get(CONTRACT_WORLD);
  if (world === undefined) throw new GuestBuildError('GUEST_SOURCE', `no world ${CONTRACT_WORLD}`);
  const c = cFiles(build.contract, world);
  const jobs: KeyedJob[] = [];
  for (const { name, path } of guests) {
    const source = await readFile(path, 'utf8');
    const parts = [source, c.header, c.shim].map(withoutComments);
    const key = cacheKey(['c', ...parts, ...build.context]);
    if (await build.cache.has(name, key)) continue;
    jobs.push({ name, key, job: clangJob(name, source, c, build.contract) });
  }
  return jobs;
}

interface KeyedJob {
  readonly name: string;
  readonly key: string;
  readonly job: ClangJob;
}

async function finishC(
  { name, key, job }: KeyedJob,
  core: Uint8Array<ArrayBuffer>,
  build: Build,
): Promise<void> {
  const world = { imports: importsOfModule(core), exports: job.exports };
  await build.cache.put(name, key, await componentOf(core, worldText(build.sources, world)));
}

async function buildTypescript(guests: readonly GuestSource[], build: Build): Promise<void> {
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

async function isFresh(name: string, build: Build): Promise<boolean> {
  const inputs = await build.cache.inputs(name);
  return inputs !== null && (await build.cache.has(name, await inputsKey(inputs, build)));
}

/** A file that is gone counts as empty, which is another key. */
async function inputsKey(paths: readonly string[], build: Build): Promise<string> {
  const contents = await Promise.all(paths.map(path => readFile(path, 'utf8').catch(() => '')));
  return cacheKey(['typescript', ...paths, ...contents, ...build.context]);
}

/** A WAT guest is a core module in text with legacy names; its world is read from its names. */
async function buildWat(guests: readonly GuestSource[], build: Build): Promise<void> {
  for (const { name, path } of guests) {
    const source = await readFile(path, 'utf8');
    const key = cacheKey(['wat', source, ...build.context]);
    if (await build.cache.has(name, key)) continue;
    const { parse } = await import('@bytecodealliance/jco');
    const core = new Uint8Array(await parse(source));
    const module = new WebAssembly.Module(core);
    const exports = WebAssembly.Module.exports(module).flatMap(({ name: exported }) =>
      exported.includes('#') && !exported.startsWith('cabi_post_') ? [exported.split('#')[0]] : [],
    );
    const world = {
      imports: importsOfModule(core),
      exports: [...new Set(exports.filter(each => each !== undefined))],
    };
    await build.cache.put(name, key, await componentOf(core, worldText(build.sources, world)));
  }
}

/** The lines of package.json that decide a guest's bytes. */
function toolVersions(packageText: string): string {
  const tools = /"(?:@bytecodealliance\/jco|@yowasp\/clang|componentize-qjs|esbuild)": "[^"]+"/g;
  return (packageText.match(tools) ?? []).join('\n');
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const names = process.argv.slice(2);
  try {
    const built = await buildGuests(names.length > 0 ? names : undefined);
    for (const [name, path] of built) {
      const { length } = await readFile(path);
      console.log(`${name.padEnd(20)} ${String(length).padStart(9)} bytes  ${path}`);
    }
  } catch (error) {
    console.error(errorMessage(error));
    process.exitCode = 1;
  }
}
