import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = join(import.meta.dirname, 'guests');
const FLAGS = ['--target=wasm32', '-O2', '-nostdlib', '-Wall', '-Werror'];
const LINK_FLAGS = ['-Wl,--no-entry', '-Wl,--strip-all', '-Wl,-z,stack-size=4096'];

/** Compiles a C file of `test/bench/guests` to a core module. */
export async function compileGuest(file: string): Promise<Uint8Array> {
  const source = readFileSync(join(FOLDER, file), 'utf8');
  const args = [...FLAGS, ...LINK_FLAGS, '-o', 'guest.wasm', file];
  // Loaded when needed: the compiler is 100 MB, and most runs want one benchmark.
  const { commands } = await import('@yowasp/clang');
  const tree = await commands.clang(
    args,
    { [file]: source },
    { stdout: null, fetchProgress: () => {} },
  );
  const module = tree?.['guest.wasm'];
  if (!(module instanceof Uint8Array)) throw new Error(`${file} did not compile`);
  return module;
}

/** Returns the echo guest as a component, and its core module. */
export async function echoComponent(): Promise<{ component: Uint8Array; core: Uint8Array }> {
  const { componentEmbed, componentNew } = await import('@bytecodealliance/jco');
  const core = await compileGuest('echo.c');
  const witSource = readFileSync(join(FOLDER, 'echo.wit'), 'utf8');
  const embedded = await componentEmbed({ binary: core, witSource, world: 'bench' });
  return { component: await componentNew(embedded), core };
}
