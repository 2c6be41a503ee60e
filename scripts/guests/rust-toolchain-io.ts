import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { errorMessage } from '../../runtime/base/errors.ts';
import { GuestBuildError } from './errors.ts';

/** A Rust compiler that has the standard library for WASI beside it. */
export interface WasiRust {
  /** Absolute path. */
  readonly compiler: string;
  readonly target: string;
  /** The C runtime's object that runs constructors once, from `_initialize`. */
  readonly reactor: string;
}

/** Where to get it on Debian 12. */
export const RUST_PACKAGES = 'rustc libstd-rust-dev-wasm32 lld-14';

// The same target under its older name, which Debian 12 has, and its newer one.
const TARGETS = ['wasm32-wasi', 'wasm32-wasip1'];

/** Returns the first compiler on `path` that can build for WASI, or null. */
export function findWasiRust(path: string): WasiRust | null {
  for (const folder of path.split(delimiter)) {
    const compiler = join(folder, 'rustc');
    if (folder === '' || !existsSync(compiler)) continue;
    for (const target of TARGETS) {
      const library = join(folder, '../lib/rustlib', target, 'lib/self-contained');
      const reactor = join(library, 'crt1-reactor.o');
      if (existsSync(reactor)) return { compiler, target, reactor };
    }
  }
  return null;
}

/**
 * Returns what decides the bytes beside a guest's source: the compiler's version, its LLVM and the
 * target; empty without a compiler. @throws GuestBuildError `GUEST_TOOL_MISSING`
 */
export function rustVersion(path: string): string {
  const found = findWasiRust(path);
  if (found === null) return '';
  try {
    const version = execFileSync(found.compiler, ['-vV'], { encoding: 'utf8' });
    return `${version}${found.target}`;
  } catch (cause) {
    const message = `${found.compiler} does not tell its version: ${errorMessage(cause)}`;
    throw new GuestBuildError('GUEST_TOOL_MISSING', message, { cause });
  }
}

/**
 * Returns a compiler that can build for WASI.
 * @throws GuestBuildError `GUEST_TOOL_MISSING`
 */
export function requireWasiRust(): WasiRust {
  const found = findWasiRust(process.env.PATH ?? '');
  if (found !== null) return found;
  const hint = `no rustc with wasm32-wasi on PATH: apt-get install ${RUST_PACKAGES}`;
  throw new GuestBuildError('GUEST_TOOL_MISSING', hint);
}
