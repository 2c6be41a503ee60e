import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { buildPrograms } from '../../scripts/start/programs.ts';

const test = suite<{ project: string }>('start programs');

test.before.each(context => {
  context.project = mkdtempSync(join(tmpdir(), 'airssys-programs-'));
  for (const [path, text] of [
    ['runtime/entry/cli.ts', 'console.log("one");'],
    ['runtime/entry/worker.ts', 'console.log("worker");'],
    ['runtime/entry/launcher.cjs', '// launcher'],
    ['scripts/bundle/bundles.ts', '// bundler'],
  ] as const) {
    write(context.project, path, text);
  }
});

test.after.each(({ project }) => rmSync(project, { recursive: true, force: true }));

function write(project: string, path: string, text: string): void {
  mkdirSync(dirname(join(project, path)), { recursive: true });
  writeFileSync(join(project, path), text);
}

/** Builds, and tells whether anything was built. */
async function builds(project: string): Promise<boolean> {
  const marker = 'build/programs/marker';
  write(project, marker, '');
  const folder = await buildPrograms(project);
  return !readdirSync(folder).includes('marker');
}

test('what has not changed is not built again', async ({ project }) => {
  await buildPrograms(project);
  assert.not.ok(await builds(project));
});

test('a changed source, launcher or bundler is', async ({ project }) => {
  await buildPrograms(project);
  for (const path of [
    'runtime/entry/cli.ts',
    'runtime/entry/launcher.cjs',
    'scripts/bundle/bundles.ts',
    'scripts/bundle/new.ts',
  ]) {
    // Not at the very moment of the build: that counts as a change during it.
    await new Promise(resolve => setTimeout(resolve, 20));
    write(project, path, '// another text');
    assert.ok(await builds(project), path);
    assert.not.ok(await builds(project), path);
  }
});

test('a program that is gone or was written over is made again', async ({ project }) => {
  const folder = await buildPrograms(project);
  const whole = readFileSync(join(folder, 'cli.js'), 'utf8');
  rmSync(join(folder, 'cli.js'));
  assert.ok(await builds(project));
  assert.is(readFileSync(join(folder, 'cli.js'), 'utf8'), whole);
  writeFileSync(join(folder, 'worker.cjs'), '');
  assert.ok(await builds(project));
});

test('several at once give one whole folder, and an interrupted build goes', async ({
  project,
}) => {
  write(project, 'build/programs.left-over/cli.js', 'half');
  const [one, other] = await Promise.all([buildPrograms(project), buildPrograms(project)]);
  assert.is(one, other);
  assert.equal(readdirSync(join(project, 'build')), ['programs']);
  assert.equal(readdirSync(one), ['cli.js', 'launcher.cjs', 'made-from.json', 'worker.cjs']);
});

test.run();
