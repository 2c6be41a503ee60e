/**
 * The folder of one `npm start`, and those of earlier ones that were killed before they could
 * remove theirs. A folder goes only when it is ours by name, owner and mode, and whoever made it,
 * as the folder itself says, is gone.
 */
import { lstat, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';

const PREFIX = 'airssys-start-';
const NAME = /^airssys-start-[A-Za-z0-9]{6}$/;
const OWNER_FILE = 'owner';
const OWNER = /^([1-9]\d{0,9}) (\d{0,20})\n$/;
const OTHERS_WRITE = 0o022;
/** A folder without an owner in it may be one that is being made. */
const OWNERLESS_MS_MAX = 60 * 60_000;
/** Where the time of a process's start stands behind its name in `/proc/PID/stat`. */
const START_FIELD = 19;

/** Makes a folder of this process in `parent`. */
export async function makeStartFolder(parent: string): Promise<string> {
  const folder = await mkdtemp(join(parent, PREFIX));
  const { pid } = process;
  await writeFile(join(folder, OWNER_FILE), `${pid} ${(await startOf(pid)) ?? ''}\n`);
  return folder;
}

/** Removes the folders of the dead in `parent`, and returns how many. Never rejects. */
export async function removeLeftovers(parent: string, nowMs: number): Promise<number> {
  const names = await readdir(parent).catch(() => []);
  let removed = 0;
  for (const name of names.filter(one => NAME.test(one))) {
    const folder = join(parent, name);
    const isGone = await isLeftover(folder, nowMs)
      .then(async isLeft => {
        if (isLeft) await rm(folder, { recursive: true, force: true, maxRetries: 3 });
        return isLeft;
      })
      // It went by itself, or somebody writes there: the next start looks again.
      .catch(() => false);
    removed += isGone ? 1 : 0;
  }
  return removed;
}

async function isLeftover(folder: string, nowMs: number): Promise<boolean> {
  // Of the link itself, where it is one: that is nobody's folder.
  const found = await lstat(folder);
  const isOurs = found.isDirectory() && found.uid === process.getuid?.();
  if (!isOurs || (found.mode & OTHERS_WRITE) !== 0) return false;
  const text = await readFile(join(folder, OWNER_FILE), 'latin1').catch(() => '');
  const [, pid = '', start = ''] = OWNER.exec(text) ?? [];
  if (pid === '') return nowMs - found.mtimeMs > OWNERLESS_MS_MAX;
  if (!isAlive(Number(pid))) return true;
  // Another process has its number by now.
  const startNow = await startOf(Number(pid));
  return start !== '' && startNow !== null && startNow !== start;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH');
  }
}

/** Returns when a process was started, in ticks since the machine was; null where nobody tells. */
async function startOf(pid: number): Promise<string | null> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '');
  // The name before it, in parentheses, may hold anything.
  return stat.split(') ').at(-1)?.split(' ')[START_FIELD] ?? null;
}
