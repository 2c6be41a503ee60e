import { existsSync } from 'node:fs';
import type { ConfiningTools } from './host-command.ts';

const FOLDERS = ['/usr/bin', '/bin', '/usr/sbin', '/sbin'];

/** Returns the tools of this machine that put a process behind walls. */
export function findConfiningTools(): ConfiningTools {
  const find = (name: string) =>
    FOLDERS.map(folder => `${folder}/${name}`).find(path => existsSync(path)) ?? null;
  return { setpriv: find('setpriv'), prlimit: find('prlimit') };
}
