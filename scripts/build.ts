/**
 * `npm run build`: bundles each program of runtime/entry into one file of `dist/` and puts the
 * launcher beside them. `--allow-missing` builds what is there while a program is being written.
 */
import { chmodSync, copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { authorityIn, bundleEntries, missingEntries } from './bundle/bundles.ts';

const ROOT = resolve(import.meta.dirname, '..');
const OUTPUT = join(ROOT, 'dist');
const LAUNCHER = 'runtime/entry/launcher.cjs';

process.exitCode = await main();

async function main(): Promise<number> {
  const missing = missingEntries(ROOT);
  if (missing.length > 0) {
    say(`not there: ${missing.join(', ')}`);
    if (!process.argv.includes('--allow-missing')) return 1;
  }
  rmSync(OUTPUT, { recursive: true, force: true });
  mkdirSync(OUTPUT);
  const bundles = await bundleEntries(ROOT, OUTPUT);
  for (const { output, bytes } of bundles) say(`${output}  ${Math.ceil(bytes / 1024)} KiB`);
  copyFileSync(join(ROOT, LAUNCHER), join(OUTPUT, 'launcher.cjs'));
  chmodSync(join(OUTPUT, 'launcher.cjs'), 0o755);
  const problems = authorityIn(bundles);
  for (const problem of problems) say(`refused: ${problem}`);
  return problems.length === 0 ? 0 : 1;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
