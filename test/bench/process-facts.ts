import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 100;
const QUIET_POLLS = 3;
const QUIET_MS_MAX = 30_000;
const BYTES_PER_KIB = 1_024;
const BYTES_PER_MB = 1e6;

/** Returns a process and all that descend from it; of one that has ended only itself. */
export function processTree(pid: number): readonly number[] {
  return [pid, ...childrenOf(pid).flatMap(child => processTree(child))];
}

/** Children belong to threads; a thread or process may end while it is looked at. */
function childrenOf(pid: number): readonly number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap(task =>
      readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8')
        .split(' ')
        .filter(Boolean)
        .map(Number),
    );
  } catch {
    return [];
  }
}

/** Returns the proportional set size of processes in sum, in MB (10^6 bytes). */
export function pssMegabytes(pids: readonly number[]): number {
  const kib = pids.map(pid => {
    const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
    return Number(/^Pss:\s+(\d+) kB$/m.exec(text)?.[1]);
  });
  return (kib.reduce((sum, each) => sum + each, 0) * BYTES_PER_KIB) / BYTES_PER_MB;
}

/**
 * Resolves when none of the processes has taken time of a processor for a while: workers are warm
 * then and compilers at rest. Goes on after 30 s all the same.
 */
export async function untilQuiet(pids: readonly number[]): Promise<void> {
  const untilMs = performance.now() + QUIET_MS_MAX;
  let before = -1;
  for (let quiet = 0; quiet < QUIET_POLLS && performance.now() < untilMs; ) {
    const now = pids.reduce((sum, pid) => sum + processorTicks(pid), 0);
    quiet = now === before ? quiet + 1 : 0;
    before = now;
    await sleep(POLL_MS);
  }
}

/** User and system time, `proc_pid_stat(5)` fields 14 and 15. */
function processorTicks(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return Number(fields[11]) + Number(fields[12]);
}
