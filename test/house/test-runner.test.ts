import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

const ROOT = join(import.meta.dirname, '..', '..');
const TRAPS = join(import.meta.dirname, 'fixtures', 'traps');

const runner = suite('house/test-runner');

const TRAP_REASONS: readonly (readonly [trap: string, reason: RegExp])[] = [
  ['before-throws', /0 of 1 tests passed; a hook threw/],
  ['after-each-throws', /0 of 1 tests passed; a hook threw/],
  ['run-forgotten', /no suite was run: is `\.run\(\)` missing/],
  ['exits-zero', /ended \(exit code 0\) before its tests could be counted/],
  ['exits-zero-while-loading', /ended \(exit code 0\) before its tests were over/],
  ['no-tests', /no test ran \(0 skipped\)/],
  ['only-skipped', /no test ran \(1 skipped\)/],
  ['claims-to-have-passed', /no suite was run/],
  ['leaves-process', /left processes behind: \d+ sleep 300/],
  ['leaves-file', /left temporary files: left\.txt/],
  ['one-fails', /1 of 2 tests passed/],
];

runner('fails each file that falls into a trap, and says which', async () => {
  const traps = TRAP_REASONS.map(([trap]) => trap);
  const { code, lines } = await runTests(traps);
  assert.is(code, 1);
  for (const [trap, reason] of TRAP_REASONS) {
    const verdict = lines.find(line => line.startsWith(`FAIL  test/house/fixtures/traps/${trap}.`));
    assert.match(verdict ?? '', reason);
  }
  assert.not.ok(lines.some(line => line.startsWith('ok ')));
});

runner('kills a file that never ends when its time is over', async () => {
  const { code, lines } = await runTests(['never-ends'], { args: ['--limit', '6'] });
  assert.is(code, 1);
  assert.match(lines.join('\n'), /never-ends.*killed after \d+ s/);
  assert.is(lines.at(-1), '0 passed, 1 failed, 0 skipped');
});

runner('ends with 0 and exact sums when all tests of all files passed', async () => {
  const { code, lines } = await runTests(['passes']);
  assert.is(code, 0);
  assert.is(lines.at(-1), '2 passed, 0 failed, 0 skipped');
});

runner('shows the output of failing files in full and of passing files not at all', async () => {
  const { lines } = await runTests(['passes', 'one-fails']);
  assert.ok(lines.some(line => line.includes('Expected values to be strictly equal')));
  assert.not.ok(lines.some(line => line.includes('no trap')));
});

runner('fails when no file matches', async () => {
  const { code, lines } = await runTests([], { args: ['no-file-has-this-name'] });
  assert.is(code, 1);
  assert.is(lines.at(-1), '0 passed, 0 failed, 0 skipped');
});

runner('skips a file whose tool is missing and says what to install', async () => {
  const { code, lines } = await runTests(['passes', 'passes.needs-no-such-tool']);
  assert.is(code, 0);
  assert.ok(lines.some(line => /SKIP .*apt-get install no-such-tool/.test(line)));
  assert.is(lines.at(-1), '2 passed, 0 failed, 1 skipped');
});

runner('fails a file whose tool is missing when CI=true', async () => {
  const { code, lines } = await runTests(['passes', 'passes.needs-no-such-tool'], { ci: true });
  assert.is(code, 1);
  assert.is(lines.at(-1), '2 passed, 1 failed, 0 skipped');
});

runner('lets a file skip a test, but not when CI=true', async () => {
  const relaxed = await runTests(['one-skipped']);
  assert.is(relaxed.code, 0);
  assert.is(relaxed.lines.at(-1), '1 passed, 0 failed, 1 skipped');
  const strict = await runTests(['one-skipped'], { ci: true });
  assert.is(strict.code, 1);
  assert.is(strict.lines.at(-1), '1 passed, 0 failed, 1 skipped');
});

runner('starts no file after its budget, and lists what did not run', async () => {
  const args = ['--budget', '0.001', '--jobs', '1'];
  const files = ['one-skipped', 'passes'];
  const { lines } = await runTests(files, { args });
  assert.ok(lines.some(line => line.startsWith('NOT RUN')));
  assert.ok(lines.includes('  test/house/fixtures/traps/passes.trap.ts'));
  const strict = await runTests(files, { args, ci: true });
  assert.is(strict.code, 1);
});

runner('runs a failed file again where asked, and lists it as flaky when it passes', async () => {
  const once = await runTests(['passes-second-time']);
  assert.is(once.code, 1);
  const { code, lines } = await runTests(['passes-second-time'], { args: ['--retries', '1'] });
  assert.is(code, 0);
  assert.is(lines.at(-1), '1 passed, 0 failed, 0 skipped');
  const file = 'test/house/fixtures/traps/passes-second-time.trap.ts';
  assert.ok(lines.some(line => line.includes('the first attempt')));
  const listed = lines[lines.findIndex(line => line.startsWith('FLAKY')) + 1];
  assert.ok(listed?.includes(file));
});

runner('a file that fails every time has failed once, however often it is run', async () => {
  const { code, lines } = await runTests(['one-fails'], { args: ['--retries', '1'] });
  assert.is(code, 1);
  assert.is(lines.filter(line => line.startsWith('FAIL  ')).length, 2);
  assert.is(lines.at(-1), '1 passed, 1 failed, 0 skipped');
  assert.not.ok(lines.some(line => line.startsWith('FLAKY')));
});

runner('refuses an option that makes no sense', async () => {
  assert.is((await runTests([], { args: ['--jobs', '0'] })).code, 2);
  assert.is((await runTests([], { args: ['--retries', '-1'] })).code, 2);
  assert.is((await runTests([], { args: ['--no-such-option'] })).code, 2);
});

runner.run();

interface RunnerOutcome {
  readonly code: number | null;
  readonly lines: readonly string[];
}

async function runTests(
  traps: readonly string[],
  { args = [], ci = false }: { args?: readonly string[]; ci?: boolean } = {},
): Promise<RunnerOutcome> {
  const files = traps.map(trap => join(TRAPS, `${trap}.trap.ts`));
  const child = spawn(process.execPath, ['scripts/test.ts', ...args, ...files], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, CI: String(ci) },
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', chunk => {
    output += chunk;
  });
  const { promise, resolve } = Promise.withResolvers<number | null>();
  child.once('close', resolve);
  const code = await promise;
  return { code, lines: output.trimEnd().split('\n') };
}
