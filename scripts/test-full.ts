/**
 * `npm run test:full [-- --seed N]`: every suite with its full counts, one after the other; takes
 * hours. All of them run even when one fails. Ends with the sum of their last lines.
 */
import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { formatTotals, readTotals, type Totals } from './test/verdict.ts';

const ROOT = resolve(import.meta.dirname, '..');
const OUTPUT_CHARS_KEPT = 10_000;

const { values } = parseArgs({ options: { seed: { type: 'string', default: '1' } } });
const seed = ['--seed', values.seed];

const SUITES: readonly (readonly [name: string, script: string, args: readonly string[]])[] = [
  ['tests', 'scripts/test.ts', ['--limit', '600']],
  ['differential', 'test/differential/run.ts', [...seed, '--values', '1000000']],
  ['hostile guests', 'test/hostile/run.ts', seed],
  ['fuzz', 'test/fuzz/run.ts', [...seed, '--count', '1000000']],
  ['arm64', 'test/arm64/run.ts', seed],
];

const sum: Totals = { passed: 0, failed: 0, skipped: 0 };
const failed: string[] = [];
for (const [name, script, args] of SUITES) {
  process.stdout.write(`\n===== ${name}\n`);
  const { code, output } = await run(script, args);
  const totals = readTotals(output);
  if (code !== 0 || totals === null) failed.push(name);
  for (const key of ['passed', 'failed', 'skipped'] as const) sum[key] += totals?.[key] ?? 0;
}
if (failed.length > 0) process.stdout.write(`\nFAILED: ${failed.join(', ')}\n`);
process.stdout.write(`${formatTotals(sum)}\n`);
process.exitCode = failed.length === 0 ? 0 : 1;

function run(script: string, args: readonly string[]): Promise<{ code: number; output: string }> {
  const child = spawn(process.execPath, [script, ...args], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    process.stdout.write(text);
    output = (output + text).slice(-OUTPUT_CHARS_KEPT);
  });
  return new Promise((done, fail) => {
    child.once('error', fail);
    child.once('close', code => done({ code: code ?? 1, output }));
  });
}
