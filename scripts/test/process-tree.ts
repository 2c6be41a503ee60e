import { readdirSync, readFileSync } from 'node:fs';

/** A live process. */
export interface LiveProcess {
  readonly pid: number;
  readonly command: string;
}

/**
 * Returns the live processes that belong to a test file: all of its session, and all whose
 * environment carries `mark` (a process may have left the session, or cleared its environment, but
 * hardly both). Reads /proc; elsewhere than on Linux it finds nothing.
 */
export function relatives(session: number, mark: string): LiveProcess[] {
  return pids()
    .filter(pid => pid !== process.pid && belongs(pid, session, mark))
    .map(pid => ({ pid, command: commandOf(pid) }));
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

function belongs(pid: number, session: number, mark: string): boolean {
  // Fields after the command's closing parenthesis: state, parent, group, session (proc(5)).
  const stat = read(`/proc/${pid}/stat`);
  const [state, , , sessionText] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (state === undefined || state === '' || state === 'Z' || state === 'X') return false;
  if (session > 0 && Number(sessionText) === session) return true;
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
