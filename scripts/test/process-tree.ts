import { readdirSync, readFileSync } from 'node:fs';

/** A live process. */
export interface LiveProcess {
  readonly pid: number;
  readonly command: string;
}

/**
 * Returns the live processes that belong to a test file: all of its session, all whose environment
 * carries `mark`, and all that descend from these (a sandbox leaves the session and clears the
 * environment). Reads /proc; elsewhere than on Linux it finds nothing.
 */
export function relatives(session: number, mark: string): LiveProcess[] {
  const alive = pids()
    .filter(pid => pid !== process.pid)
    .map(placeOf)
    .filter(place => place !== null);
  const found = new Set<number>();
  for (const { pid, session: own } of alive) {
    if ((session > 0 && own === session) || isMarked(pid, mark)) found.add(pid);
  }
  for (let before = -1; before < found.size; ) {
    before = found.size;
    for (const { pid, parent } of alive) if (found.has(parent)) found.add(pid);
  }
  return [...found].map(pid => ({ pid, command: commandOf(pid) }));
}

/** Kills each process; one that is already gone is no error. */
export function killAll(processes: readonly LiveProcess[]): void {
  for (const { pid } of processes) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // Ended by itself meanwhile.
    }
  }
}

function pids(): number[] {
  try {
    return readdirSync('/proc')
      .filter(name => /^\d+$/.test(name))
      .map(Number);
  } catch {
    return [];
  }
}

/** Where a process stands among the others; null for one that has ended. */
function placeOf(pid: number): { pid: number; parent: number; session: number } | null {
  // Fields after the command's closing parenthesis: state, parent, group, session (proc(5)).
  const stat = read(`/proc/${pid}/stat`);
  const [state, parent, , session] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (state === undefined || state === '' || state === 'Z' || state === 'X') return null;
  return { pid, parent: Number(parent), session: Number(session) };
}

function isMarked(pid: number, mark: string): boolean {
  return (
    mark !== '' && read(`/proc/${pid}/environ`).split('\0').includes(`AIRSSYS_TEST_MARK=${mark}`)
  );
}

function commandOf(pid: number): string {
  return read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim().slice(0, 200);
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
