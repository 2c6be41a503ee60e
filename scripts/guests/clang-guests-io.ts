import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cFiles } from '../wit/c-files.ts';
import { CONTRACT_WORLD } from '../wit/contract-file.ts';
import { rustFile } from '../wit/rust-file.ts';
import type { GuestBuild } from './build-context.ts';
import { withBuildLock } from './build-lock-io.ts';
import { clangJob, withoutComments } from './c-guest.ts';
import { cacheKey } from './cache-io.ts';
import type { GuestSource } from './catalog-io.ts';
import { compileC } from './clang-io.ts';
import type { ClangJob } from './clang-job.ts';
import { componentOf, importsOfModule } from './component-io.ts';
import { GuestBuildError } from './errors.ts';
import { compileRust } from './rust-guest-io.ts';
import { requireWasiRust, rustVersion } from './rust-toolchain-io.ts';
import { worldText } from './world.ts';

/** A guest that Clang has a part in. */
type ClangSource = GuestSource & { readonly language: 'c' | 'cpp' | 'rust' };

interface KeyedJob {
  readonly guest: ClangSource;
  readonly source: string;
  readonly key: string;
  readonly job: ClangJob;
}

/**
 * Builds those guests of C, C++ and Rust that are not built yet, with one run of Clang for all.
 * @throws GuestBuildError
 */
export async function buildClangGuests(
  guests: readonly GuestSource[],
  build: GuestBuild,
): Promise<void> {
  const sources = guests.filter(isClangSource);
  const missing = await missingJobs(sources, build);
  if (missing.length === 0) return;
  if (missing.some(({ guest }) => guest.language === 'rust')) requireWasiRust();
  await withBuildLock(join(build.cache.folder, '.c.lock'), async () => {
    const jobs = await missingJobs(sources, build);
    const failures: string[] = [];
    for (const answer of await compileC(jobs.map(({ job }) => job))) {
      const found = jobs.find(({ guest }) => guest.name === answer.name);
      if (found === undefined) continue;
      if (!answer.ok) failures.push(`${answer.name}: ${answer.message}`);
      else await finish(found, new Uint8Array(Buffer.from(answer.base64, 'base64')), build);
    }
    if (failures.length === 0) return;
    throw new GuestBuildError('GUEST_COMPILE_FAILED', failures.join('\n'));
  });
}

function isClangSource(guest: GuestSource): guest is ClangSource {
  return ['c', 'cpp', 'rust'].includes(guest.language);
}

async function missingJobs(
  guests: readonly ClangSource[],
  build: GuestBuild,
): Promise<readonly KeyedJob[]> {
  const world = build.contract.worlds.get(CONTRACT_WORLD);
  if (world === undefined) throw new GuestBuildError('GUEST_SOURCE', `no world ${CONTRACT_WORLD}`);
  const c = cFiles(build.contract, world);
  const hasRust = guests.some(({ language }) => language === 'rust');
  const rust = hasRust ? rustVersion(process.env.PATH ?? '') : '';
  const jobs: KeyedJob[] = [];
  for (const guest of guests) {
    const { name, language, path } = guest;
    const source = await readFile(path, 'utf8');
    // Comments of C alone are known to be no part of what is built.
    const own = language === 'rust' ? [source, rust, rustFile(build.contract, world)] : [source];
    const parts = [...own, c.header, c.shim].map(language === 'rust' ? same : withoutComments);
    const key = cacheKey([language, ...parts, ...build.context]);
    if (await build.cache.has(name, key)) continue;
    const job = clangJob({ name, language, source }, c, build.contract);
    jobs.push({ guest, source, key, job });
  }
  return jobs;
}

function same(text: string): string {
  return text;
}

async function finish(
  { guest, source, key, job }: KeyedJob,
  object: Uint8Array<ArrayBuffer>,
  build: GuestBuild,
): Promise<void> {
  const core = guest.language === 'rust' ? await rustModule(source, object, build) : object;
  const world = { imports: importsOfModule(core), exports: job.exports };
  const component = await componentOf(core, worldText(build.sources, world));
  await build.cache.put(guest.name, key, component);
}

async function rustModule(
  source: string,
  shim: Uint8Array,
  { contract }: GuestBuild,
): Promise<Uint8Array<ArrayBuffer>> {
  const world = contract.worlds.get(CONTRACT_WORLD);
  const bindings = world === undefined ? '' : rustFile(contract, world);
  return await compileRust({ source, bindings, shim });
}
