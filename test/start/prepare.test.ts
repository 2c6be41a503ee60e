import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

const SCRIPT = join(import.meta.dirname, '../../scripts/prepare.cjs');

const test = suite<{ project: string }>('what npm ci prepares');

test.before.each(context => {
  context.project = mkdtempSync(join(tmpdir(), 'airssys-prepare-'));
  mkdirSync(join(context.project, 'scripts/start'), { recursive: true });
  copyFileSync(SCRIPT, join(context.project, 'scripts/prepare.cjs'));
});

test.after.each(({ project }) => rmSync(project, { recursive: true, force: true }));

function prepare(project: string, body: string, version = process.versions.node) {
  writeFileSync(
    join(project, 'scripts/start/prepare.ts'),
    `export async function prepareStart(): Promise<void> { ${body} }`,
  );
  const pretend = `Object.defineProperty(process.versions, 'node', { value: '${version}' });`;
  writeFileSync(join(project, 'pretend.cjs'), pretend);
  return spawnSync(
    process.execPath,
    ['--require', join(project, 'pretend.cjs'), join(project, 'scripts/prepare.cjs')],
    { encoding: 'utf8' },
  );
}

test('the examples are built when packages are installed', ({ project }) => {
  const { status, stdout } = prepare(project, "console.log('built');");
  assert.equal([status, stdout], [0, 'built\n']);
});

test('examples that cannot be built do not fail the installation, and say so', ({ project }) => {
  const { status, stderr } = prepare(project, "throw new Error('no compiler');");
  assert.is(status, 0);
  assert.match(stderr, 'examples are not built yet');
  assert.match(stderr, 'no compiler');
});

test('an older Node, which came without development packages, builds nothing', ({ project }) => {
  const { status, stdout } = prepare(project, "console.log('built');", '20.19.0');
  assert.equal([status, stdout], [0, '']);
});

test.run();
