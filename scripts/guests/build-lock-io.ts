import { mkdir, open, readFile, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { errorCode } from '../../runtime/base/errors.ts';
import { GuestBuildError } from './errors.ts';

const POLL_INTERVAL_MS = 250;
const WAIT_MS_MAX = 15 * 60_000;

/**
 * Runs `task` while no other process holds the lock file: the tests of a fresh clone would
 * otherwise load a compiler each. A lock whose process is gone is taken over.
 * @throws GuestBuildError `GUEST_LOCKED` after 15 minutes
 */
export async function withBuildLock<Value>(
  path: string,
  task: () => Promise<Value>,
): Promise<Value> {
  await mkdir(dirname(path), { recursive: true });
  for (let waitedMs = 0; !(await taken(path)); waitedMs += POLL_INTERVAL_MS) {
    if (waitedMs > WAIT_MS_MAX) throw new GuestBuildError('GUEST_LOCKED', `${path} is held`);
    await delay(POLL_INTERVAL_MS);
  }
  try {
    return await task();
  } finally {
    await rm(path, { force: true });
  }
}

async function taken(path: string): Promise<boolean> {
  try {
    const file = await open(path, 'wx');
    await file.writeFile(String(process.pid));
    await file.close();
    return true;
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
  }
  const pid = Number(await readFile(path, 'utf8').catch(() => ''));
  if (pid > 0 && !isAlive(pid)) await rm(path, { force: true });
  return false;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) === 'EPERM';
  }
}
