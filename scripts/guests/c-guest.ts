import { functionName, handlesMacro } from '../wit/c-files.ts';
import type { WitContract } from '../wit/model.ts';
import type { ClangJob } from './clang-job.ts';
import { exportedInterfaces, type GuestWorld } from './world.ts';

/** A guest whose module Clang makes, or of which it makes the ABI shim. */
export interface ClangGuest {
  readonly name: string;
  readonly language: 'c' | 'cpp' | 'rust';
  readonly source: string;
}

/**
 * Returns the interfaces that a guest exports: those of which it defines a function. Nothing calls
 * these functions but the shim, so a name in the source is a definition.
 */
export function exportsOfSource(source: string, contract: WitContract): string[] {
  const words = new Set(withoutComments(source).match(/[A-Za-z_]\w*/g) ?? []);
  return [...contract.interfaces.values()]
    .filter(declared => declared.functions.some(each => words.has(functionName(declared, each))))
    .filter(declared => EXPORTABLE.test(declared.name))
    .map(declared => declared.name);
}

/** Returns C without its comments. Good enough for names and for a cache's key. */
export function withoutComments(source: string): string {
  return source.replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, ' ');
}

// Interfaces that controllers export; the others are for import.
const EXPORTABLE = /\/(?:controller|[a-z]+-handler)@/;

/**
 * Returns what the compiler needs. C is one translation unit, in which the shim includes the
 * guest's source; a C++ guest is linked with the shim; for Rust the shim alone becomes an object.
 */
export function clangJob(
  { name, language, source }: ClangGuest,
  c: { readonly header: string; readonly shim: string },
  contract: WitContract,
): ClangJob {
  const exports = exportsOfSource(source, contract);
  const world: GuestWorld = { imports: [], exports };
  const macros = exportedInterfaces(contract, world).map(each => `-D${handlesMacro(each)}`);
  const common = { 'airssys.h': c.header, 'airssys_shim.c': c.shim };
  if (language === 'rust') {
    const args = [...RUST_SHIM_FLAGS, ...macros, '-c', 'airssys_shim.c', '-o', 'shim.o'];
    return { name, exports, files: common, args, output: 'shim.o' };
  }
  if (language === 'cpp') {
    const units = ['-x', 'c', 'airssys_shim.c', '-x', 'c++', 'guest.cpp', '-lc++', '-lc++abi'];
    const args = [...CPP_FLAGS, ...macros, ...units, '-o', 'guest.wasm'];
    return { name, exports, files: { ...common, 'guest.cpp': source }, args, output: 'guest.wasm' };
  }
  const unit = '#include "airssys_shim.c"\n#include "guest.c"\n';
  return {
    name,
    exports,
    files: { ...common, 'guest.c': source, 'unit.c': unit },
    args: [...C_FLAGS, ...macros, 'unit.c', '-o', 'guest.wasm'],
    output: 'guest.wasm',
  };
}

const STRICT_AND_SMALL = ['-Oz', '-Wall', '-Wextra', '-Werror', '-fno-ident'];
const SECTIONS = ['-ffunction-sections', '-fdata-sections'];
const LINK_SMALL = ['-Wl,--gc-sections', '-Wl,--strip-all', '-Wl,--stack-first'];

/** Flags of every C guest: no libc, small, 16 KiB of stack below static data. */
const C_FLAGS: readonly string[] = [
  ...['--target=wasm32-unknown-unknown', '-std=c23', '-ffreestanding', '-nostdlib'],
  ...[...STRICT_AND_SMALL, ...SECTIONS, ...LINK_SMALL],
  ...['-Wl,--no-entry', '-Wl,-z,stack-size=16384'],
];

/** Flags of every C++ guest: the C and C++ libraries over WASI 0.1, 64 KiB of stack. */
const CPP_FLAGS: readonly string[] = [
  ...['--target=wasm32-wasip1', '-mexec-model=reactor', '-DAIRSSYS_LIBC', '-fno-exceptions'],
  ...[...STRICT_AND_SMALL, ...SECTIONS, ...LINK_SMALL, '-Wl,-z,stack-size=65536'],
];

/** Flags of the shim of a Rust guest. Debian's linker is older than this compiler's features. */
const RUST_SHIM_FLAGS: readonly string[] = [
  ...['--target=wasm32-wasip1', '-mcpu=mvp', '-DAIRSSYS_LIBC', ...STRICT_AND_SMALL, ...SECTIONS],
];

/** All flags, which decide the bytes of guests. */
export const CLANG_FLAGS: readonly string[] = [...C_FLAGS, ...CPP_FLAGS, ...RUST_SHIM_FLAGS];
