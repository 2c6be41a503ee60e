import { existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import type { ConfiningTools } from './host-command.ts';
import type { SiblingEntry } from './sibling-entry.ts';

const FOLDERS = ['/usr/bin', '/bin', '/usr/sbin', '/sbin'];
const OTHERS_READ = 0o4;
const OTHERS_ENTER = 0o1;

/** Returns the tools of this machine that put a process behind walls. */
export function findConfiningTools(): ConfiningTools {
  const find = (name: string) =>
    FOLDERS.map(folder => `${folder}/${name}`).find(path => existsSync(path)) ?? null;
  return { setpriv: find('setpriv'), prlimit: find('prlimit') };
}

/** Which user a confined process becomes, and why not the one that was wished for. */
export interface UidChoice {
  /** Null keeps the gateway's own. */
  readonly uid: number | null;
  /** Empty, or why the wish cannot be met. */
  readonly obstacle: string;
}

/**
 * Chooses the user of a confined process: the wished one where the gateway is root, the tools are
 * there, and that user can read node and the program; else the gateway's own.
 */
export function chooseUid(wished: number | null, entry: SiblingEntry): UidChoice {
  const keep = (obstacle: string): UidChoice => ({ uid: null, obstacle });
  if (wished === null) return keep('');
  if (process.getuid?.() !== 0) return keep('only root can give another uid away');
  if (findConfiningTools().setpriv === null) return keep('setpriv is not installed');
  const paths = [
    process.execPath,
    ...[entry.file, ...entry.readable].map(url => fileURLToPath(url)),
  ];
  const closed = paths.map(closedTo).find(path => path !== null);
  return closed === undefined
    ? { uid: wished, obstacle: '' }
    : keep(`other users cannot read ${closed}`);
}

/** Returns the first part of a path, from its end, that others may not enter or read, or null. */
function closedTo(path: string): string | null {
  const { mode } = statSync(path);
  if ((mode & OTHERS_READ) === 0) return path;
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    if ((statSync(folder).mode & OTHERS_ENTER) === 0) return folder;
    if (folder === dirname(folder)) return null;
  }
}
