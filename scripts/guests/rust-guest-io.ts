import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { errorMessage } from '../../runtime/base/errors.ts';
import { GuestBuildError } from './errors.ts';
import { requireWasiRust } from './rust-toolchain-io.ts';

/** What becomes a module: the guest's source, the bindings as its module `airssys`, the shim. */
export interface RustParts {
  readonly source: string;
  readonly bindings: string;
  readonly shim: Uint8Array;
}

const COMPILE_TIMEOUT_MS = 10 * 60_000;

const FLAGS: readonly string[] = [
  ...['--edition=2021', '--crate-type=cdylib', '--crate-name=guest', '-Dwarnings'],
  ...['-Copt-level=z', '-Cpanic=abort', '-Clto=fat', '-Ccodegen-units=1', '-Cstrip=symbols'],
  ...['-Clink-arg=-zstack-size=65536', '-Clink-arg=--stack-first'],
];

/**
 * Compiles a Rust guest with the standard library to a core module.
 * @throws GuestBuildError `GUEST_COMPILE_FAILED`, `GUEST_TOOL_MISSING`
 */
export async function compileRust(parts: RustParts): Promise<Uint8Array<ArrayBuffer>> {
  const { compiler, target, reactor } = requireWasiRust();
  const folder = await mkdtemp(join(tmpdir(), 'airssys-guest-'));
  const removeNow = (): void => rmSync(folder, { recursive: true, force: true });
  process.once('exit', removeNow);
  try {
    await writeFile(join(folder, 'guest.rs'), parts.source);
    await writeFile(join(folder, 'airssys.rs'), parts.bindings);
    await writeFile(join(folder, 'shim.o'), parts.shim);
    const links = ['shim.o', reactor].map(object => `-Clink-arg=${object}`);
    const args = [...FLAGS, `--target=${target}`, ...links, '-o', 'guest.wasm', 'guest.rs'];
    await promisify(execFile)(compiler, args, { cwd: folder, timeout: COMPILE_TIMEOUT_MS });
    return new Uint8Array(await readFile(join(folder, 'guest.wasm')));
  } catch (error) {
    throw new GuestBuildError('GUEST_COMPILE_FAILED', errorMessage(error), { cause: error });
  } finally {
    process.removeListener('exit', removeNow);
    await rm(folder, { recursive: true, force: true });
  }
}
