import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import process from 'node:process';
import type { KernelFacts } from './walls.ts';

/** Processes between the one that was started and node itself: bwrap's own, and its first. */
const PROCESSES_BETWEEN_MAX = 4;

/** What executes node in the end; a process of another name is node. */
const TOOLS = new Set(['prlimit', 'setpriv', 'bwrap']);

/** Returns what the kernel tells of a process beside us. */
export function kernelFacts(pid: number): KernelFacts {
  return {
    gatewayUid: process.getuid?.(),
    status: textOf(`/proc/${pid}/status`),
    gatewayStatus: textOf('/proc/self/status'),
    limits: textOf(`/proc/${pid}/limits`),
    namespaces: namespacesOf(String(pid)),
    gatewayNamespaces: namespacesOf('self'),
  };
}

/**
 * Returns the process that node runs in, from the one that was started: the same, or its
 * descendant where it went into namespaces of its own. Null while it is not there yet.
 */
export function nodeProcessOf(startedPid: number): number | null {
  let pid = startedPid;
  for (let depth = 0; depth < PROCESSES_BETWEEN_MAX; depth++) {
    const name = textOf(`/proc/${pid}/comm`).trim();
    if (name === '') return null;
    if (!TOOLS.has(name)) return pid;
    const child = childrenOf(pid)?.[0];
    if (child === undefined) return null;
    pid = child;
  }
  return null;
}

/** Returns the processes that one has started; null where the kernel does not tell. */
export function childrenOf(pid: number): readonly number[] | null {
  try {
    const words = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim();
    return words === '' ? [] : words.split(' ').map(Number);
  } catch {
    return null;
  }
}

function namespacesOf(pid: string): ReadonlyMap<string, string> {
  const folder = `/proc/${pid}/ns`;
  try {
    return new Map(readdirSync(folder).map(kind => [kind, readlinkSync(`${folder}/${kind}`)]));
  } catch {
    // Not Linux, or a process that we may not look into: unknown.
    return new Map();
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
