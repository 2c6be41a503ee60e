import { readdirSync, readFileSync } from 'node:fs';
import type { ThreadTimes } from './call-time.ts';

/** Node names the threads of workers so; compilers' and collectors' threads have other names. */
const WORKER_THREAD_NAME = '(WorkerThread)';
/** Where the time in user mode stands behind the name; that in kernel mode follows. */
const UTIME_FIELD = 12;
/** Linux counts in hundredths of a second for every program. */
const TICK_MS = 10;

/**
 * Reads the times of a process's worker threads, in user and kernel mode (`proc_pid_stat(5)`), in
 * milliseconds. Null where there are none, and where the kernel does not tell.
 */
export function workerTimesOf(pid: number | null): ThreadTimes | null {
  if (pid === null) return null;
  const times = new Map<number, number>();
  try {
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      const stat = readFileSync(`/proc/${pid}/task/${thread}/stat`, 'latin1');
      const timeMs = stat.includes(WORKER_THREAD_NAME) ? timeIn(stat) : null;
      if (timeMs !== null) times.set(Number(thread), timeMs);
    }
  } catch {
    // Not Linux, or a thread that ended while it was read about: the wall clock counts.
    return null;
  }
  return times.size === 0 ? null : times;
}

/** Reads what all threads of a process were given so far, in ms; null where nobody tells. */
export function processTimeOf(pid: number | undefined): number | null {
  try {
    return timeIn(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return null;
  }
}

function timeIn(stat: string): number | null {
  // The second field is the name, in parentheses, and may hold anything.
  const fields = stat.split(')').at(-1)?.split(' ') ?? [];
  const ticks = Number(fields[UTIME_FIELD]) + Number(fields[UTIME_FIELD + 1]);
  return Number.isFinite(ticks) ? ticks * TICK_MS : null;
}
