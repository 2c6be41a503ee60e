import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { errorMessage } from '../../runtime/base/errors.ts';
import { assemblyscriptFile, flatExport } from '../wit/assemblyscript-file.ts';
import { functionName } from '../wit/c-files.ts';
import { CONTRACT_WORLD } from '../wit/contract-file.ts';
import type { WitContract } from '../wit/model.ts';
import { exportsOfSource } from './c-guest.ts';
import { GuestBuildError } from './errors.ts';
import { withExportNames } from './export-names.ts';
import { exportedInterfaces } from './world.ts';

const COMPILE_TIMEOUT_MS = 10 * 60_000;

const FLAGS: readonly string[] = [
  ...['--runtime', 'incremental', '-Oz', '--use', 'abort=airssys/airssys_abort'],
];

/**
 * Compiles an AssemblyScript guest to a core module with the names of the canonical ABI.
 * @throws GuestBuildError `GUEST_COMPILE_FAILED`
 */
export async function compileAssemblyscript(
  source: string,
  contract: WitContract,
): Promise<Uint8Array<ArrayBuffer>> {
  const world = contract.worlds.get(CONTRACT_WORLD);
  if (world === undefined) throw new GuestBuildError('GUEST_SOURCE', `no world ${CONTRACT_WORLD}`);
  const { text, names } = entry(source, contract);
  const files = new Map([
    ['unit.ts', text],
    ['guest.ts', source],
    ['airssys.ts', assemblyscriptFile(contract, world)],
  ]);
  const build = (folder: string) => runCompiler(folder, files);
  return withExportNames(await inFolder(build), names);
}

/** Runs the compiler as a process: its types would change what `console` is everywhere here. */
async function runCompiler(
  folder: string,
  files: ReadonlyMap<string, string>,
): Promise<Uint8Array<ArrayBuffer>> {
  for (const [name, text] of files) await writeFile(join(folder, name), text);
  const compiler = fileURLToPath(import.meta.resolve('assemblyscript/asc'));
  const program = join(dirname(compiler), '../bin/asc.js');
  const args = [program, 'unit.ts', '--outFile', 'guest.wasm', ...FLAGS];
  const options = { cwd: folder, timeout: COMPILE_TIMEOUT_MS };
  await promisify(execFile)(process.execPath, args, options);
  return new Uint8Array(await readFile(join(folder, 'guest.wasm')));
}

async function inFolder<Value>(task: (folder: string) => Promise<Value>): Promise<Value> {
  const folder = await mkdtemp(join(tmpdir(), 'airssys-guest-'));
  const removeNow = (): void => rmSync(folder, { recursive: true, force: true });
  process.once('exit', removeNow);
  try {
    return await task(folder);
  } catch (error) {
    throw new GuestBuildError('GUEST_COMPILE_FAILED', errorMessage(error), { cause: error });
  } finally {
    process.removeListener('exit', removeNow);
    await rm(folder, { recursive: true, force: true });
  }
}

/** Returns a module that exports the guest's handlers, each with the end of its texts after it. */
function entry(
  source: string,
  contract: WitContract,
): { readonly text: string; readonly names: ReadonlyMap<string, string> } {
  const names = new Map<string, string>();
  const lines = [
    'import * as airssys from "./airssys";',
    'import * as guest from "./guest";',
    'export { cabi_realloc } from "./airssys";',
  ];
  const declared = exportedInterfaces(contract, {
    imports: [],
    exports: exportsOfSource(source, contract),
  });
  for (const each of declared) {
    for (const exported of each.functions) {
      const { params, returns, viaMemory } = flatExport(each, exported);
      const name = `x${names.size}`;
      const typed = params.map((param, index) => `a${index}: ${param.type}`).join(', ');
      const call = `guest.${functionName(each, exported)}(${params.map((_, at) => `a${at}`)})`;
      names.set(name, `${each.name}#${exported.name}`);
      if (viaMemory) {
        names.set(`p_${name}`, `cabi_post_${each.name}#${exported.name}`);
        lines.push(
          `export function ${name}(${typed}): ${returns} { return ${call}; }`,
          `export function p_${name}(ret: usize): void { airssys.airssys_release(); }`,
        );
      } else {
        const keep = returns === 'void' ? '' : 'const value = ';
        const give = returns === 'void' ? '' : ' return value;';
        lines.push(
          `export function ${name}(${typed}): ${returns} ` +
            `{ ${keep}${call}; airssys.airssys_release();${give} }`,
        );
      }
    }
  }
  return { text: `${lines.join('\n')}\n`, names };
}
