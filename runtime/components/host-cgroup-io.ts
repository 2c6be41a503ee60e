import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { errorMessage } from '../base/errors.ts';
import type { Wall } from '../ports/component-host.ts';
import { groupPathOf, type HostBounds, hierarchyFolderOf } from './host-cgroup.ts';

/** What the kernel has to limit for a host; `Documentation/admin-guide/cgroup-v2.rst`. */
const CONTROLLERS = ['memory', 'pids'] as const;
/** The gateway's own group: a group that hands limits down has no processes itself. */
const GATEWAY_GROUP = 'gateway';

/** Groups of sessions and of services together; a delegated one is a service's or a container's. */
const SYSTEMD_OWN = /\.(scope|slice)$/;

/** The files that the kernel shows groups in; a test has others. */
export interface CgroupFiles {
  readonly mounts: string;
  readonly ownGroup: string;
  groupOf(pid: number): string;
}

const KERNEL_FILES: CgroupFiles = {
  mounts: '/proc/self/mountinfo',
  ownGroup: '/proc/self/cgroup',
  groupOf: pid => `/proc/${pid}/cgroup`,
};

/** Groups of processes in which hosts are limited. */
export interface HostCgroups {
  /** Makes a host's group, or says why there is none. */
  make(name: string, bounds: HostBounds): HostCgroup;
}

/** The group of one host; where there could be none, everything does nothing. */
export interface HostCgroup {
  /** Puts a process there, and all that it starts afterwards. */
  add(pid: number): void;
  /** The walls as they are around a process. */
  walls(pid: number): readonly Wall[];
  /** Removes the group, which must be empty. */
  remove(): void;
}

/**
 * Opens the groups below our own where the kernel's unified hierarchy was delegated to us: our
 * folder can be written to, and hands memory and pids down or can be made to.
 */
export function openHostCgroups(files: CgroupFiles = KERNEL_FILES): HostCgroups {
  try {
    const folder = delegatedFolder(files);
    return { make: (name, bounds) => makeGroup(files, join(folder, name), bounds) };
  } catch (error) {
    const obstacle = errorMessage(error);
    return { make: () => noGroup(obstacle) };
  }
}

function delegatedFolder(files: CgroupFiles): string {
  const root = hierarchyFolderOf(readFileSync(files.mounts, 'latin1'));
  const path = groupPathOf(readFileSync(files.ownGroup, 'latin1'));
  if (root === null || path === null) throw new Error('there is no cgroup v2 hierarchy');
  const folder = join(root, path);
  // The root of the machine has no type; that of a container has.
  if (!existsSync(join(folder, 'cgroup.type'))) throw new Error(`${path} is the root group`);
  if (SYSTEMD_OWN.test(path)) throw new Error(`${path} is kept by systemd and not delegated`);
  const list = (file: string) => readFileSync(join(folder, file), 'latin1').trim().split(/\s+/);
  const offered = list('cgroup.controllers');
  const absent = CONTROLLERS.filter(name => !offered.includes(name));
  if (absent.length > 0) throw new Error(`${path} was not given ${absent.join(' and ')}`);
  accessSync(folder, constants.W_OK);
  const handedDown = list('cgroup.subtree_control');
  if (CONTROLLERS.every(name => handedDown.includes(name))) return folder;
  const own = join(folder, GATEWAY_GROUP);
  if (!existsSync(own)) mkdirSync(own);
  writeFileSync(join(own, 'cgroup.procs'), String(process.pid));
  writeFileSync(join(folder, 'cgroup.subtree_control'), '+memory +pids');
  return folder;
}

function makeGroup(files: CgroupFiles, folder: string, bounds: HostBounds): HostCgroup {
  try {
    if (!existsSync(folder)) mkdirSync(folder);
    writeFileSync(join(folder, 'memory.max'), String(bounds.memoryBytesMax));
    writeFileSync(join(folder, 'pids.max'), String(bounds.threadsMax));
    // A host is one fate: where one process of it goes, all go, and it is started again.
    writeFileSync(join(folder, 'memory.oom.group'), '1');
  } catch (error) {
    return noGroup(`the group could not be made: ${errorMessage(error)}`);
  }
  const path = groupPathOf(readFileSync(files.ownGroup, 'latin1'));
  let obstacle = path === null ? 'the gateway left its group' : '';
  return {
    add: pid => {
      try {
        writeFileSync(join(folder, 'cgroup.procs'), String(pid));
      } catch (error) {
        obstacle = errorMessage(error);
      }
    },
    walls: pid => limitWalls(files, folder, pid, obstacle),
    remove: () => {
      try {
        rmdirSync(folder);
      } catch {
        // Somebody is still in it: the next host of this name takes it over.
      }
    },
  };
}

/** Reads the limits back, and whether the process is under them. */
function limitWalls(
  files: CgroupFiles,
  folder: string,
  pid: number,
  obstacle: string,
): readonly Wall[] {
  const isInside = folder.endsWith(groupPathOf(textOf(files.groupOf(pid))) ?? '\0');
  const limit = (file: string) => textOf(join(folder, file)).trim();
  const wallOf = (name: 'memory-limit' | 'process-limit', file: string, unit: string): Wall => {
    const value = limit(file);
    if (isInside && /^\d+$/.test(value)) {
      return { name, state: 'up', detail: `at most ${value} ${unit}` };
    }
    const why = obstacle === '' ? `${file} is "${value}"` : obstacle;
    return { name, state: 'down', detail: isInside ? why : `the host is not in its group: ${why}` };
  };
  return [
    wallOf('memory-limit', 'memory.max', 'bytes'),
    wallOf('process-limit', 'pids.max', 'threads'),
  ];
}

/** Returns the group of a host that is in none. */
export function noGroup(obstacle: string): HostCgroup {
  return {
    add: () => {},
    walls: () => [
      { name: 'memory-limit', state: 'down', detail: obstacle },
      { name: 'process-limit', state: 'down', detail: obstacle },
    ],
    remove: () => {},
  };
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
