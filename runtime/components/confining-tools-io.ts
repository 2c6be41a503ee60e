import { existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { errorMessage } from '../base/errors.ts';
import type { ConfiningTools, Sandbox } from './host-command.ts';
import { programFiles } from './program-files-io.ts';
import { seccompProgram } from './seccomp-program.ts';
import type { SiblingEntry } from './sibling-entry.ts';

const FOLDERS = ['/usr/bin', '/bin', '/usr/sbin', '/sbin'];
const OTHERS_READ = 0o4;
const OTHERS_ENTER = 0o1;

/** Returns the tools of this machine that put a process behind walls. */
export function findConfiningTools(): ConfiningTools {
  const find = (name: string) =>
    FOLDERS.map(folder => `${folder}/${name}`).find(path => existsSync(path)) ?? null;
  return { setpriv: find('setpriv'), prlimit: find('prlimit'), bwrap: find('bwrap') };
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

/** The namespaces of a confined process, and why there are none, or no filter in them. */
export interface SandboxChoice {
  readonly sandbox: Sandbox | null;
  /** Empty, or why there are no namespaces. */
  readonly obstacle: string;
  /** Empty, or why there is no filter of system calls. */
  readonly filterObstacle: string;
}

/** Chooses the namespaces of a process that runs `entry` and has `seccompFd` free. */
export function chooseSandbox(entry: SiblingEntry, seccompFd: number): SandboxChoice {
  const without = (obstacle: string): SandboxChoice => {
    return { sandbox: null, obstacle, filterObstacle: obstacle };
  };
  const { bwrap } = findConfiningTools();
  if (bwrap === null) return without('bubblewrap is not installed');
  const program = seccompProgram(process.arch);
  try {
    const seccomp = program === null ? null : { program, fd: seccompFd };
    const filterObstacle = program === null ? `there is no table for ${process.arch}` : '';
    return {
      sandbox: { bwrap, binds: programFiles(entry), seccomp },
      obstacle: '',
      filterObstacle,
    };
  } catch (error) {
    return without(`the files that node needs are not found: ${errorMessage(error)}`);
  }
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
