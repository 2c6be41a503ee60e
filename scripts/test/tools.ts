import { accessSync, constants } from 'node:fs';
import { basename, delimiter, join } from 'node:path';
import { findWasiRust, RUST_PACKAGES } from '../guests/rust-toolchain-io.ts';

/** Not a program of this name: a `rustc` with the library that it needs beside it. */
const RUST_FOR_WASI = 'rustc-wasi';

const DEBIAN_PACKAGES: ReadonlyMap<string, string> = new Map([
  ['bwrap', 'bubblewrap'],
  ['mosquitto', 'mosquitto'],
  ['socat', 'socat'],
  [RUST_FOR_WASI, RUST_PACKAGES],
]);

/** Debian puts daemons here, and an ordinary user's PATH leaves these folders out. */
const DAEMON_FOLDERS = ['/usr/local/sbin', '/usr/sbin', '/sbin'];

/** Returns the tools a file names: `bridge.needs-mosquitto.needs-socat.test.ts` needs two. */
export function neededTools(file: string): string[] {
  return basename(file)
    .split('.')
    .filter(part => part.startsWith('needs-'))
    .map(part => part.slice('needs-'.length));
}

/** Returns the folders in which tools are searched, in the form of PATH. */
export function searchPath(): string {
  return [process.env.PATH ?? '', ...DAEMON_FOLDERS].join(delimiter);
}

/** Returns those of `tools` that no folder of `path` has as an executable file. */
export function missingTools(tools: readonly string[], path: string): string[] {
  const folders = path.split(delimiter).filter(folder => folder !== '');
  return tools.filter(tool => {
    if (tool === RUST_FOR_WASI) return findWasiRust(path) === null;
    return !folders.some(folder => isExecutable(join(folder, tool)));
  });
}

/** Returns what to do to get a tool. */
export function installHint(tool: string): string {
  return `apt-get install ${DEBIAN_PACKAGES.get(tool) ?? tool}`;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
