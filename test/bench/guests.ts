import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheKey, GuestCache } from '../../scripts/guests/cache-io.ts';
import { compileC } from '../../scripts/guests/clang-io.ts';
import { PROJECT } from './programs.ts';

const FOLDER = join(import.meta.dirname, 'guests');
const OUTPUT = 'guest.wasm';
const FLAGS = ['--target=wasm32', '-O2', '-nostdlib', '-Wall', '-Werror'];
const LINK_FLAGS = ['-Wl,--no-entry', '-Wl,--strip-all', '-Wl,-z,stack-size=4096'];

/**
 * Compiles a C file of `test/bench/guests` to a core module, or takes what was compiled from the
 * same source before. In a process of its own: a compiler of 100 MB is no part of what is measured.
 */
export async function compileGuest(file: string): Promise<Uint8Array> {
  const source = await readFile(join(FOLDER, file), 'utf8');
  const args = [...FLAGS, ...LINK_FLAGS, '-o', OUTPUT, file];
  const key = cacheKey([source, ...args, await compilerVersion()]);
  const cache = new GuestCache(join(PROJECT, 'build/bench'));
  if (!(await cache.has(file, key))) {
    const job = { name: file, exports: [], files: { [file]: source }, args, output: OUTPUT };
    const [answer] = await compileC([job]);
    if (answer?.ok !== true) throw new Error(`${file}: ${answer?.message ?? 'no answer'}`);
    await cache.put(file, key, new Uint8Array(Buffer.from(answer.base64, 'base64')));
  }
  return new Uint8Array(await readFile(cache.path(file)));
}

/** Returns the echo guest as a component, and its core module. */
export async function echoComponent(): Promise<{ component: Uint8Array; core: Uint8Array }> {
  const { componentEmbed, componentNew } = await import('@bytecodealliance/jco');
  const core = await compileGuest('echo.c');
  const witSource = await readFile(join(FOLDER, 'echo.wit'), 'utf8');
  const embedded = await componentEmbed({ binary: core, witSource, world: 'bench' });
  return { component: await componentNew(embedded), core };
}

/** As package.json pins it. */
async function compilerVersion(): Promise<string> {
  const text = await readFile(join(PROJECT, 'package.json'), 'utf8');
  return /"@yowasp\/clang": "([^"]+)"/.exec(text)?.[1] ?? '';
}
