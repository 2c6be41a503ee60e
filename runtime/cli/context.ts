import type { Command } from 'commander';
import type { Clock } from '../ports/clock.ts';
import type { Random } from '../ports/random.ts';
import type { ExitCode } from './exit-codes.ts';
import type { CliOutput } from './output.ts';

/** The world as commands see it; the real one is made in `system-io.ts`. */
export interface CliSystem {
  /** Version of this runtime. */
  readonly runtimeVersion: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly files: CliFiles;
  /** Writes to standard output or standard error, as given. */
  writeOut(text: string): void;
  writeErr(text: string): void;
  /** Whether standard output is a terminal that takes colour. */
  readonly hasColor: boolean;
  /** Variables that may set options; never secrets. */
  readonly environment: Readonly<Partial<Record<'AIRSSYS_SOCKET', string>>>;
}

/** Files as commands use them. Every method rejects with CliError. */
export interface CliFiles {
  /** Returns the content. Rejects with `CLI_TOO_LARGE` over `bytesMax`. */
  read(path: string, bytesMax: number): Promise<Uint8Array>;
  /** Returns the content of a file that nobody else may read, else rejects `CLI_DENIED`. */
  readSecret(path: string, bytesMax: number): Promise<Uint8Array>;
  /** Returns standard input, to its end. Rejects with `CLI_TOO_LARGE` over `bytesMax`. */
  readInput(bytesMax: number): Promise<Uint8Array>;
  /** Creates a file; rejects with `CLI_EXISTS` where there is one. */
  create(path: string, bytes: Uint8Array, mode: number): Promise<void>;
  /**
   * Creates or replaces a file, whole or not at all. Rejects with `CLI_EXISTS` where something else
   * than a regular file is, or one of `inputs`, under whatever name.
   */
  replace(path: string, bytes: Uint8Array, inputs: readonly string[]): Promise<void>;
  /** Whether something is at this path. */
  exists(path: string): Promise<boolean>;
  /** Removes a file; nothing happens where there is none. */
  remove(path: string): Promise<void>;
  /** Returns `path` as seen from the folder that holds the file `from`. */
  resolveBeside(from: string, path: string): string;
}

/** Options that every command takes. */
export interface GlobalOptions {
  readonly json: boolean;
  /** Tables without headings and alignment: one record a line, tabs between its cells. */
  readonly plain: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly color: boolean;
  /** How long to wait for others; null: the command's own default. */
  readonly timeoutMs: number | null;
  /** Path of the daemon's control socket. */
  readonly socket: string;
}

/** What a command gets. */
export interface CliContext {
  readonly system: CliSystem;
  readonly out: CliOutput;
  /** The global options of this call; known once an action runs. */
  globals(): GlobalOptions;
  /** Sets the exit code of a command that did its work and has something to say by it. */
  finish(code: ExitCode): void;
}

/** Adds one command to the program. Each command is one file that exports one of these. */
export type RegisterCommand = (program: Command, context: CliContext) => void;
