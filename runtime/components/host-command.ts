import { fileURLToPath } from 'node:url';
import { namespaceWords, type ReadOnlyBind } from './namespace-command.ts';
import type { SiblingEntry } from './sibling-entry.ts';

/** Entries of one table, for all core modules of a guest that escaped the linker's own cap. */
const TABLE_ENTRIES_MAX = 10_000;
/** Open descriptors of a slot: its two sockets, and what Node opens for a worker (5, with room). */
const SLOT_DESCRIPTORS = 2 + 8;
/** Open descriptors beyond: what Node itself needs, and the workers that wait. */
const SPARE_DESCRIPTORS = 128;

/** Flags of every process and thread that touches what comes from a guest. */
export const CONFINED_FLAGS: readonly string[] = [
  '--permission',
  '--no-experimental-sqlite',
  '--no-experimental-ffi',
];

/** Tools of the machine, or null where they are missing. */
export interface ConfiningTools {
  readonly setpriv: string | null;
  readonly prlimit: string | null;
  readonly bwrap: string | null;
}

/** Namespaces of its own for a process, and the filter of its system calls. */
export interface Sandbox {
  readonly bwrap: string;
  /** All files that it sees. */
  readonly binds: readonly ReadOnlyBind[];
  /** The program and the descriptor that it is handed over by, or null without one. */
  readonly seccomp: { readonly program: Buffer; readonly fd: number } | null;
}

/** What a confined process is started as. */
export interface ConfinedCommand {
  readonly command: string;
  readonly args: readonly string[];
  /** The program's own folder: a worker thread may read all of its working folder, flags or not. */
  readonly cwd: string;
  /** Null: the namespaces of the gateway. */
  readonly sandbox: Sandbox | null;
}

/** What to start, and behind which walls. */
export interface ConfinedOptions {
  readonly nodePath: string;
  readonly entry: SiblingEntry;
  readonly flags: readonly string[];
  readonly args: readonly string[];
  readonly tools: ConfiningTools;
  /** The user to become, which only root can; null keeps the present one. */
  readonly uid: number | null;
  readonly descriptorsMax: number;
  readonly sandbox: Sandbox | null;
}

/** Returns the flags of component-host. Its workers get theirs from the host itself. */
export function hostFlags(): readonly string[] {
  return [
    ...CONFINED_FLAGS,
    '--allow-worker',
    // For the workers, which give memory back once they are ready.
    '--expose-gc',
    // Node warns of --allow-worker at every start; why it is safe here: see the workers' flags.
    '--disable-warning=PERM0006',
    `--wasm-max-table-size=${TABLE_ENTRIES_MAX}`,
  ];
}

/** Returns how many descriptors a host of so many slots may open. */
export function hostDescriptorsMax(slots: number): number {
  return SLOT_DESCRIPTORS * slots + SPARE_DESCRIPTORS;
}

/** Returns the flags that let a process or thread read its own program. */
export function readFlags(entry: SiblingEntry): readonly string[] {
  return entry.readable.map(url => {
    const path = fileURLToPath(url);
    return `--allow-fs-read=${path.endsWith('/') ? `${path}*` : path}`;
  });
}

/**
 * Returns the command line. The tools execute each other and then node, so that descriptors stay;
 * the process id stays too where there is no sandbox, which adds two processes in between.
 */
export function confinedCommand(options: ConfinedOptions): ConfinedCommand {
  const { entry, sandbox } = options;
  const cwd = fileURLToPath(new URL('./', entry.file));
  const words = [
    ...limitWords(options),
    ...privilegeWords(options),
    ...(sandbox === null
      ? []
      : namespaceWords({ ...sandbox, folder: cwd, seccompFd: sandbox.seccomp?.fd ?? null })),
    ...[options.nodePath, ...options.flags, ...readFlags(entry)],
    ...[fileURLToPath(entry.file), ...options.args],
  ];
  const [command = options.nodePath, ...args] = words;
  return { command, args, cwd, sandbox };
}

function limitWords({ tools: { prlimit }, descriptorsMax }: ConfinedOptions): readonly string[] {
  if (prlimit === null) return [];
  return [prlimit, '--core=0', '--fsize=0', `--nofile=${descriptorsMax}`, '--'];
}

function privilegeWords({ tools, uid }: ConfinedOptions): readonly string[] {
  if (tools.setpriv === null) return [];
  // The uid goes before the namespaces come: root within them would be root outside too.
  const user =
    uid === null
      ? []
      : [
          ...[`--reuid=${uid}`, `--regid=${uid}`, '--clear-groups'],
          ...['--bounding-set=-all', '--inh-caps=-all'],
        ];
  return [tools.setpriv, '--no-new-privs', '--pdeathsig=KILL', ...user, '--'];
}
