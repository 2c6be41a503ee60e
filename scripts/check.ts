/**
 * `npm run check`: types, lint, format, tidy, generated files and the contract gate. Runs all of
 * them and fails when one does, so that one run shows everything there is to mend.
 */
import { spawnSync } from 'node:child_process';
import { delimiter, join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '..');
const STEPS: readonly (readonly [name: string, command: string, args: readonly string[]])[] = [
  ['types', 'tsc', ['-p', 'tsconfig.json']],
  ['lint and format', 'biome', ['check', '--error-on-warnings', '--max-diagnostics=100']],
  ['tidy', process.execPath, ['scripts/tidy.ts']],
  ['generated files', process.execPath, ['scripts/generate.ts', '--check']],
  ['contract gate', process.execPath, ['scripts/wit-gate.ts']],
];

const path = [join(ROOT, 'node_modules', '.bin'), process.env.PATH ?? ''].join(delimiter);
const failed = STEPS.filter(([name, command, args]) => {
  process.stdout.write(`== ${name}\n`);
  const env = { ...process.env, PATH: path };
  const { status, error } = spawnSync(command, args, { cwd: ROOT, stdio: 'inherit', env });
  if (error !== undefined) process.stdout.write(`${command}: ${error.message}\n`);
  return status !== 0;
}).map(([name]) => name);

process.stdout.write(failed.length === 0 ? 'check: ok\n' : `check: failed: ${failed.join(', ')}\n`);
process.exitCode = failed.length === 0 ? 0 : 1;
