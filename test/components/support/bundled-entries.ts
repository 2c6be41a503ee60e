import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { buildSync } from 'esbuild';
import type { SiblingEntry } from '../../../runtime/components/sibling-entry.ts';

/** Entry files of other processes, bundled into a temporary folder. */
export interface BundledEntries {
  readonly folder: string;
  entry(name: string): SiblingEntry;
  remove(): void;
}

/**
 * Bundles entry files, given by name with their path in the project, in the way a release is
 * built: processes start in a fraction of the time, and the bundled form is what is tested.
 */
export function bundleEntries(files: Readonly<Record<string, string>>): BundledEntries {
  const root = fileURLToPath(new URL('../../../', import.meta.url));
  const folder = mkdtempSync(join(tmpdir(), 'airssys-entries-'));
  buildSync({
    absWorkingDir: root,
    entryPoints: { ...files },
    outdir: folder,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node26',
    logLevel: 'error',
  });
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  // As an installed program is: another user must be able to start it.
  chmodSync(folder, 0o755);
  const base = pathToFileURL(`${folder}/`);
  return {
    folder,
    entry: name => ({ file: new URL(`${name}.js`, base), readable: [base] }),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
