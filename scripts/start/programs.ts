import { randomUUID } from 'node:crypto';
import { copyFile, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { withBuildLock } from '../guests/build-lock-io.ts';

/** What the programs were made from, and they themselves: time and size of each file, by path. */
type Stamps = Readonly<Record<string, string>>;

const LAUNCHER = 'runtime/entry/launcher.cjs';
const BUNDLER = 'scripts/bundle';
const FOLDER = 'build/programs';
const STAMP_FILE = 'made-from.json';

/**
 * Bundles the programs into `build/programs` unless nothing has changed, neither in what they are
 * made from nor in them, and returns that folder. A bundle starts in a fifth of the time that its
 * sources take. Another process that asks meanwhile waits; none sees half a folder.
 */
export async function buildPrograms(project: string): Promise<string> {
  const folder = join(project, FOLDER);
  if (await isFresh(project)) return folder;
  await withBuildLock(join(project, 'build/.programs.lock'), async () => {
    if (!(await isFresh(project))) await makePrograms(project, folder);
  });
  return folder;
}

async function makePrograms(project: string, folder: string): Promise<void> {
  await removeUnfinished(project);
  const fresh = `${folder}.${randomUUID()}`;
  await mkdir(fresh, { recursive: true });
  // What changes while it bundles is bundled again by the next call.
  const beganMs = Date.now();
  // Loaded late: a start with nothing to do needs no bundler.
  const { bundleEntries } = await import('../bundle/bundles.ts');
  const bundles = await bundleEntries(project, fresh);
  await copyFile(join(project, LAUNCHER), join(fresh, 'launcher.cjs'));
  const stamps: Record<string, string> = {};
  for (const input of bundles.flatMap(bundle => bundle.inputs)) stamps[input] = '';
  for (const input of [LAUNCHER, ...(await bundlerFiles(project))]) stamps[input] = '';
  for (const input of Object.keys(stamps)) {
    stamps[input] = await stampOf(join(project, input), beganMs);
  }
  for (const name of await readdir(fresh)) {
    stamps[`${FOLDER}/${name}`] = await stampOf(join(fresh, name));
  }
  await writeFile(join(fresh, STAMP_FILE), JSON.stringify(stamps));
  const old = `${folder}.${randomUUID()}`;
  await rename(folder, old).catch(() => undefined);
  await rename(fresh, folder);
  await rm(old, { recursive: true, force: true });
}

/** How programs are bundled decides what they are, as much as their sources. */
async function bundlerFiles(project: string): Promise<string[]> {
  const names = await readdir(join(project, BUNDLER));
  return names.map(name => `${BUNDLER}/${name}`);
}

/** Folders of builds that were interrupted. Only under the lock. */
async function removeUnfinished(project: string): Promise<void> {
  for (const name of await readdir(join(project, 'build'))) {
    if (!name.startsWith('programs.')) continue;
    await rm(join(project, 'build', name), { recursive: true, force: true });
  }
}

async function isFresh(project: string): Promise<boolean> {
  try {
    const text = await readFile(join(project, FOLDER, STAMP_FILE), 'utf8');
    const stamps: Stamps = JSON.parse(text);
    const known = new Set(Object.keys(stamps));
    if ((await bundlerFiles(project)).some(file => !known.has(file))) return false;
    const checks = Object.entries(stamps).map(
      async ([path, stamp]) => (await stampOf(join(project, path))) === stamp,
    );
    return (await Promise.all(checks)).every(same => same);
  } catch {
    return false;
  }
}

/** A file that changed after `untilMs` gets a stamp that no file has. */
async function stampOf(path: string, untilMs = Number.POSITIVE_INFINITY): Promise<string> {
  const { mtimeMs, size } = await stat(path);
  return mtimeMs > untilMs ? 'changed meanwhile' : `${mtimeMs} ${size}`;
}
