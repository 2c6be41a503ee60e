/** Bytes of a host process that belong to no instance: code, compiled modules, the main thread. */
const HOST_BYTES = 128 * 1_024 * 1_024;
/** What a worker takes beside its guest's linear memory: four times what one was measured at. */
const WORKER_BYTES = 40 * 1_024 * 1_024;
/** Threads of node that belong to no worker, and the processes around it. */
const HOST_THREADS = 32;
const WORKER_THREADS = 4;

/** Bounds of all processes of one host. */
export interface HostBounds {
  readonly memoryBytesMax: number;
  /** The kernel counts threads. */
  readonly threadsMax: number;
}

/**
 * Returns bounds that no host meets while the other limits hold: they are for what gets around
 * those. `memoryBytesMax` is the linear memory of all instances.
 */
export function hostBounds(slots: number, memoryBytesMax: number): HostBounds {
  return {
    memoryBytesMax: memoryBytesMax + HOST_BYTES + slots * WORKER_BYTES,
    threadsMax: HOST_THREADS + slots * WORKER_THREADS,
  };
}

/** Returns the path of a process's group in the unified hierarchy, from `/proc/PID/cgroup`. */
export function groupPathOf(text: string): string | null {
  return /^0::(\/.*)$/m.exec(text)?.[1] ?? null;
}

/** Returns where the unified hierarchy is mounted, from `/proc/self/mountinfo` (`proc(5)`). */
export function hierarchyFolderOf(mounts: string): string | null {
  for (const line of mounts.split('\n')) {
    const [before = '', after = ''] = line.split(' - ');
    if (after.startsWith('cgroup2 ')) return before.split(' ')[4] ?? null;
  }
  return null;
}
