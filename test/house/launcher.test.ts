import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

const LAUNCHER = join(import.meta.dirname, '..', '..', 'runtime', 'entry', 'launcher.cjs');
const PROGRAM = `
console.log(JSON.stringify({ args: process.argv.slice(2), byOther: process.env.STAND_IN === '1' }));
process.exitCode = 9;
`;
/** Makes the process that runs the launcher believe that it is an old Node. */
const PRETEND_OLD = `
Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.20.2' } });
`;

interface Place {
  readonly root: string;
  readonly launcher: string;
}

const launcher = suite<Place>('house/launcher');

launcher.before.each(place => {
  const root = mkdtempSync(join(tmpdir(), 'launcher-'));
  const dist = join(root, 'node_modules', 'airssys-wasm', 'dist');
  mkdirSync(dist, { recursive: true });
  copyFileSync(LAUNCHER, join(dist, 'launcher.cjs'));
  writeFileSync(join(dist, 'cli.js'), PROGRAM);
  writeFileSync(join(dist, '..', 'package.json'), '{"type":"module"}');
  writeFileSync(join(root, 'pretend-old.cjs'), PRETEND_OLD);
  Object.assign(place, { root, launcher: join(dist, 'launcher.cjs') });
});

launcher.after.each(({ root }) => rmSync(root, { recursive: true }));

launcher('runs the program in the same process when Node is new enough', place => {
  const { status, stdout } = launch(place, ['status', '--json']);
  assert.is(status, 9);
  assert.equal(JSON.parse(stdout), { args: ['status', '--json'], byOther: false });
});

launcher('becomes the daemon, in the same process, with its flags and its arguments', place => {
  const facts = `
    const { execArgv, pid, env } = process;
    const args = process.argv.slice(2);
    console.log(JSON.stringify({ execArgv, pid, arenas: env.MALLOC_ARENA_MAX, args }));
  `;
  writeFileSync(join(place.launcher, '..', 'gatewayd.js'), facts);
  const { stdout, pid } = launch(place, ['gatewayd', '--config', 'a b']);
  const daemon = JSON.parse(stdout);
  assert.is(daemon.pid, pid);
  assert.equal(daemon.args, ['--config', 'a b']);
  assert.equal(daemon.execArgv, ['--max-semi-space-size=1', '--expose-gc']);
  assert.is(daemon.arenas, '1');
});

launcher('becomes the daemon with a new Node found on PATH', place => {
  writeFileSync(join(place.launcher, '..', 'gatewayd.js'), PROGRAM);
  const path = fakeNode(join(place.root, 'new-bin'), '26.10.0');
  const { status, stdout } = launch(place, ['gatewayd', '--config', 'c'], { old: true, path });
  assert.is(status, 9);
  assert.equal(JSON.parse(stdout), { args: ['--config', 'c'], byOther: true });
});

launcher('says what to install when no Node is new enough', place => {
  const { status, stdout, stderr } = launch(place, ['status'], { old: true });
  assert.is(status, 11);
  assert.is(stdout, '');
  assert.match(stderr, /needs Node\.js 26 or newer; this is Node\.js 20\.20\.2/);
  assert.match(stderr, /npm install node@26/);
});

launcher('passes by an older Node on PATH', place => {
  const path = fakeNode(join(place.root, 'old-bin'), '24.1.0');
  assert.is(launch(place, [], { old: true, path }).status, 11);
});

launcher('passes by a file on PATH that is not Node at all', place => {
  const path = fakeNode(join(place.root, 'odd-bin'), 'no version; exit 3');
  assert.is(launch(place, [], { old: true, path }).status, 11);
});

launcher('finds a new Node on PATH, and hands on arguments and exit code', place => {
  const path = fakeNode(join(place.root, 'new-bin'), '26.10.0');
  const { status, stdout } = launch(place, ['why', 'a b'], { old: true, path });
  assert.is(status, 9);
  assert.equal(JSON.parse(stdout), { args: ['why', 'a b'], byOther: true });
});

launcher('finds a new Node installed beside the package', place => {
  fakeNode(join(place.root, 'node_modules', '.bin'), '27.0.0');
  const { status, stdout } = launch(place, [], { old: true });
  assert.is(status, 9);
  assert.is(JSON.parse(stdout).byOther, true);
});

launcher('ends with 128 and the signal when the program was killed', place => {
  writeFileSync(join(place.launcher, '..', 'cli.js'), "process.kill(process.pid, 'SIGKILL');");
  const path = fakeNode(join(place.root, 'new-bin'), '26.10.0');
  assert.is(launch(place, [], { old: true, path }).status, 128 + 9);
});

launcher.run();

function launch(
  place: Place,
  args: readonly string[],
  { old = false, path = '' }: { old?: boolean; path?: string } = {},
): { status: number | null; stdout: string; stderr: string; pid: number } {
  const pretend = old ? ['--require', join(place.root, 'pretend-old.cjs')] : [];
  return spawnSync(process.execPath, [...pretend, place.launcher, ...args], {
    encoding: 'utf8',
    env: { PATH: path },
  });
}

/** Writes a `node` that claims a version and else runs the real one; returns its folder. */
function fakeNode(folder: string, version: string): string {
  mkdirSync(folder, { recursive: true });
  const script = [
    '#!/bin/sh',
    `[ "$1" = -p ] && { echo ${version}; exit; }`,
    `STAND_IN=1 exec "${process.execPath}" "$@"`,
  ];
  writeFileSync(join(folder, 'node'), `${script.join('\n')}\n`);
  chmodSync(join(folder, 'node'), 0o755);
  return folder;
}
