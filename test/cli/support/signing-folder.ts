import { execFile } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildGuests } from '../../../scripts/guests.ts';

const CLI = fileURLToPath(new URL('../../../runtime/entry/cli.ts', import.meta.url));

/** A `release.toml` of one controller, whose component `SigningFolder` writes beside it. */
export const RELEASE_TOML = `
name = "heating"
sequence = 1
version = "1.0.0"
vendor = "example.com"
class = "gateway"
minimum-runtime = "0.1.0"
[[controller]]
name = "thermostat"
version = "1.0.0"
component = "thermostat.wasm"
request = [
  { grant = "mem:8MiB", reason = "runs" },
  { grant = "cpu:call[<=250ms]", reason = "runs" },
]
`;

/** How a call of the command line ended. */
export interface Outcome {
  readonly exit: number;
  readonly out: string;
  readonly err: string;
}

/** A temporary folder with a release to sign, in which the real command line runs. */
export interface SigningFolder {
  run(...args: readonly string[]): Promise<Outcome>;
  /** The same with bytes on standard input. */
  runWith(input: Uint8Array, ...args: readonly string[]): Promise<Outcome>;
  path(name: string): string;
  remove(): void;
}

/** A guest that is a real controller, and the request that it needs beside limits. */
export const REAL_GUEST = 'bench-relay';
export const REAL_REQUEST = '{ grant = "gpio:pump[dir=out]", reason = "drives the pump" },';

/**
 * Puts a real controller in the place of the component that only looks like one, whose structure
 * `verify` would refuse. Returns the text of the `release.toml` that goes with it, and writes it.
 */
export async function placeRealGuest(folder: SigningFolder): Promise<string> {
  const guests = await buildGuests([REAL_GUEST]);
  copyFileSync(guests.get(REAL_GUEST) ?? '', folder.path('thermostat.wasm'));
  const toml = RELEASE_TOML.replace('request = [', `request = [\n  ${REAL_REQUEST}`);
  writeFileSync(folder.path('release.toml'), toml);
  return toml;
}

/** Returns a new folder; `remove` it. */
export function createSigningFolder(): SigningFolder {
  const folder = mkdtempSync(join(tmpdir(), 'airssys-sign-'));
  const path = (name: string) => join(folder, name);
  writeFileSync(path('release.toml'), RELEASE_TOML);
  writeFileSync(path('thermostat.wasm'), Buffer.from('\0asm\x0d\0\x01\0and more'));
  // The first call compiles the sources for all others.
  const env = { PATH: process.env.PATH ?? '', NODE_COMPILE_CACHE: path('cache') };
  const runWith = (input: Uint8Array, ...args: readonly string[]) =>
    new Promise<Outcome>(resolve => {
      const command = [CLI, ...args];
      const child = execFile(process.execPath, command, { cwd: folder, env }, (_, out, err) =>
        resolve({ exit: child.exitCode ?? -1, out, err }),
      );
      // A command that does not read it has ended before it was written.
      child.stdin?.on('error', () => undefined).end(input);
    });
  const run = (...args: readonly string[]) => runWith(new Uint8Array(), ...args);
  return { run, runWith, path, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
