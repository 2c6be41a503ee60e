import { errorMessage } from '../../runtime/base/errors.ts';
import { functionName, handlesMacro } from '../wit/c-files.ts';
import type { WitContract } from '../wit/model.ts';
import type { ClangJob } from './clang-job.ts';
import { GuestBuildError } from './errors.ts';
import { exportedInterfaces, GUEST_WORLD, type GuestWorld } from './world.ts';

/**
 * Returns the interfaces that a C guest exports: those of which it defines a function. The header
 * only declares them and nothing calls them, so a name in the source is a definition.
 */
function exportsOfSource(source: string, contract: WitContract): string[] {
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

/** Returns what the compiler needs. One translation unit: the shim includes the guest's source. */
export function clangJob(
  name: string,
  source: string,
  c: { readonly header: string; readonly shim: string },
  contract: WitContract,
): ClangJob {
  const exports = exportsOfSource(source, contract);
  const world: GuestWorld = { imports: [], exports };
  const macros = exportedInterfaces(contract, world).map(each => `-D${handlesMacro(each)}`);
  const unit = '#include "airssys_shim.c"\n#include "guest.c"\n';
  return {
    name,
    exports,
    files: { 'airssys.h': c.header, 'airssys_shim.c': c.shim, 'guest.c': source, 'unit.c': unit },
    args: [...CLANG_FLAGS, ...macros, 'unit.c', '-o', 'guest.wasm'],
    output: 'guest.wasm',
  };
}

/** Flags of every C guest: no libc, small, 16 KiB of stack below static data. */
export const CLANG_FLAGS: readonly string[] = [
  '--target=wasm32-unknown-unknown',
  ...['-std=c23', '-Oz', '-ffreestanding', '-nostdlib', '-Wall', '-Wextra', '-Werror'],
  ...['-ffunction-sections', '-fdata-sections', '-fno-ident'],
  ...['-Wl,--no-entry', '-Wl,--gc-sections', '-Wl,--strip-all', '-Wl,--stack-first'],
  '-Wl,-z,stack-size=16384',
];

/** Returns the interfaces that a core module really imports. */
export function importsOfModule(core: Uint8Array<ArrayBuffer>): string[] {
  const imports = WebAssembly.Module.imports(new WebAssembly.Module(core));
  return [...new Set(imports.map(each => each.module))].sort();
}

/**
 * Wraps a core module into a component.
 * @throws GuestBuildError `GUEST_COMPONENT_FAILED`
 */
export async function componentOf(core: Uint8Array, wit: string): Promise<Uint8Array> {
  // Loaded late: it takes longer than all else that a build with nothing to do needs.
  const { componentEmbed, componentNew } = await import('@bytecodealliance/jco');
  try {
    const embedded = await componentEmbed({ binary: core, witSource: wit, world: GUEST_WORLD });
    return await componentNew(embedded);
  } catch (error) {
    throw new GuestBuildError('GUEST_COMPONENT_FAILED', errorMessage(error), { cause: error });
  }
}
