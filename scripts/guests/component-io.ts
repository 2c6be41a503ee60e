import { readFile } from 'node:fs/promises';
import { errorMessage } from '../../runtime/base/errors.ts';
import { GuestBuildError } from './errors.ts';
import { GUEST_WORLD } from './world.ts';

/** What C libraries import: WASI 0.1. An adapter turns it into WASI 0.2. */
const PREVIEW_1 = 'wasi_snapshot_preview1';

/** How a core module has its texts. */
export type TextEncoding = 'utf8' | 'utf16';

/** Returns the interfaces that a core module really imports, besides those of its C library. */
export function importsOfModule(core: Uint8Array<ArrayBuffer>): string[] {
  return moduleImports(core).filter(name => name !== PREVIEW_1);
}

/** Returns the interfaces that a core module exports by the names of the canonical ABI. */
export function exportsOfModule(core: Uint8Array<ArrayBuffer>): string[] {
  const exports = WebAssembly.Module.exports(new WebAssembly.Module(core)).flatMap(({ name }) => {
    const [owner] = name.split('#');
    return name.includes('#') && !name.startsWith('cabi_post_') && owner !== undefined
      ? [owner]
      : [];
  });
  return [...new Set(exports)];
}

/**
 * Wraps a core module into a component; one that needs WASI 0.1 gets the adapter.
 * @throws GuestBuildError `GUEST_COMPONENT_FAILED`
 */
export async function componentOf(
  core: Uint8Array<ArrayBuffer>,
  wit: string,
  stringEncoding: TextEncoding = 'utf8',
): Promise<Uint8Array> {
  // Loaded late: it takes longer than all else that a build with nothing to do needs.
  const jco = await import('@bytecodealliance/jco');
  try {
    const embedded = await jco.componentEmbed({
      binary: core,
      witSource: wit,
      world: GUEST_WORLD,
      stringEncoding,
    });
    if (!moduleImports(core).includes(PREVIEW_1)) return await jco.componentNew(embedded);
    const adapter = new Uint8Array(await readFile(jco.preview1AdapterReactorPath()));
    return await jco.componentNew(embedded, [[PREVIEW_1, adapter]]);
  } catch (error) {
    throw new GuestBuildError('GUEST_COMPONENT_FAILED', errorMessage(error), { cause: error });
  }
}

function moduleImports(core: Uint8Array<ArrayBuffer>): string[] {
  const imports = WebAssembly.Module.imports(new WebAssembly.Module(core));
  return [...new Set(imports.map(each => each.module))].sort();
}
