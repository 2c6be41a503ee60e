/**
 * `npm run test:arm64 -- [--budget SECONDS] [--seed N] [part of a path]...`: the linker's tests,
 * and those of hostile components that need no process of their own, on the arm64 build of Node
 * under qemu-user. With a budget as many files as fit, beginning at another one for each seed.
 *
 * Each file is bundled and run here first, which assembles every text it needs: under emulation
 * runs the linker alone. What that cannot show: ARM's memory order, cache and alignment faults,
 * signals of the real kernel (traps of WebAssembly memory are explicit checks here), seccomp and
 * processes of their own, and any speed.
 */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { runTestFile } from '../../scripts/test/file-process.ts';
import { searchPath } from '../../scripts/test/tools.ts';
import { formatTotals, judge, type Totals, type Verdict } from '../../scripts/test/verdict.ts';
import { armNode, EMULATOR_PACKAGES, hasEmulator } from './emulator-io.ts';

const ROOT = join(import.meta.dirname, '../..');
const FOLDER = join(ROOT, 'build/arm64');
/** Emulation takes thirty times as long, and a second of that is Node's own start. */
const LIMIT_MS = 600_000;
/** Needs jco's generated code, which takes minutes to compile under emulation. */
const LEFT_OUT = ['test/linker/oracle.test.ts'];
const EXTRA = ['test/hostile/catalog.test.ts'];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { budget: { type: 'string' }, seed: { type: 'string', default: '0' } },
});
const budgetMs = values.budget === undefined ? Number.POSITIVE_INFINITY : +values.budget * 1_000;
process.exitCode = await main(rotated(testFiles(positionals), Number(values.seed)), budgetMs);

async function main(files: readonly string[], budget: number): Promise<number> {
  const totals: Totals = { passed: 0, failed: 0, skipped: 0 };
  const isStrict = process.env.CI === 'true';
  if (hasEmulator()) await runFiles(files, performance.now() + budget, totals);
  else {
    say(`needs apt-get install ${EMULATOR_PACKAGES}`);
    totals[isStrict ? 'failed' : 'skipped'] += 1;
  }
  say(formatTotals(totals));
  return totals.failed === 0 && (totals.passed > 0 || !isStrict) ? 0 : 1;
}

async function runFiles(files: readonly string[], endMs: number, totals: Totals): Promise<void> {
  const arm = await armNode(FOLDER);
  const folder = mkdtempSync(join(tmpdir(), 'airssys-arm64-'));
  try {
    const bundles = await bundle(files);
    const counted = join(FOLDER, 'scripts/test/counted-run.mjs');
    // An emulated address space has no room for guard regions.
    const flags = ['--disable-wasm-trap-handler'];
    for (const file of bundles) {
      if (performance.now() > endMs) {
        say(`not run, the budget is used up: ${file}`);
        continue;
      }
      const here = await runOne(file, folder, [process.execPath, counted]);
      // What fails without emulation says nothing about the other architecture.
      const verdict = here.ok ? await runOne(file, folder, [...arm, ...flags, counted]) : here;
      if (!verdict.ok) say(verdict.output);
      const seconds = (verdict.durationMs / 1_000).toFixed(1);
      const word = verdict.ok ? 'ok  ' : here.ok ? 'FAIL on arm64' : 'FAIL here';
      say(`${word}  ${file}  ${verdict.totals.passed}  ${seconds} s  ${verdict.reason}`);
      totals.passed += verdict.totals.passed;
      totals.failed += verdict.totals.failed;
      totals.skipped += verdict.totals.skipped;
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function runOne(file: string, folder: string, command: readonly string[]): Promise<Verdict> {
  const path = join(FOLDER, file);
  const options = {
    path,
    root: ROOT,
    folder,
    limitMs: LIMIT_MS,
    searchPath: searchPath(),
    command,
  };
  return judge(file, await runTestFile(options));
}

function testFiles(parts: readonly string[]): string[] {
  const found = readdirSync(join(ROOT, 'test/linker'), { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.test.ts'))
    .map(name => `test/linker/${name}`)
    .filter(file => !LEFT_OUT.includes(file));
  const all = [...found.sort(), ...EXTRA];
  return parts.length === 0 ? all : all.filter(file => parts.some(part => file.includes(part)));
}

function rotated(files: readonly string[], seed: number): readonly string[] {
  const first = files.length === 0 ? 0 : seed % files.length;
  return [...files.slice(first), ...files.slice(0, first)];
}

/** Bundles tests and what counts them to where they stand in the tree, below `FOLDER`. */
async function bundle(files: readonly string[]): Promise<readonly string[]> {
  rmSync(join(FOLDER, 'test'), { recursive: true, force: true });
  await build({
    absWorkingDir: ROOT,
    entryPoints: [...files, 'scripts/test/counted-run.ts'],
    outdir: FOLDER,
    outbase: ROOT,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node26',
    external: ['@bytecodealliance/jco'],
    logLevel: 'warning',
  });
  mkdirSync(join(FOLDER, 'test'), { recursive: true });
  symlinkSync(join(ROOT, 'test/fixtures'), join(FOLDER, 'test/fixtures'));
  process.env.AIRSSYS_PROJECT = ROOT;
  return files.map(file => file.replace(/\.ts$/, '.mjs'));
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
