import { spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import process from 'node:process';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { makeStartFolder, removeLeftovers } from '../../scripts/start/leftovers.ts';

const test = suite('start/leftovers');

const NOW_MS = Date.now();
const HOUR_S = 3_600;

async function inFolder(work: (parent: string) => Promise<void>): Promise<void> {
  const parent = await mkdtemp(join(tmpdir(), 'leftovers-'));
  try {
    await work(parent);
  } finally {
    await rm(parent, { recursive: true });
  }
}

/** Makes a folder as an `npm start` does, in a process that is killed. */
async function killedStart(parent: string): Promise<string> {
  const module = join(import.meta.dirname, '../../scripts/start/leftovers.ts');
  const script =
    `import { makeStartFolder } from ${JSON.stringify(module)};` +
    `process.stdout.write(await makeStartFolder(${JSON.stringify(parent)}));` +
    'setInterval(() => {}, 1_000);';
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise(resolve => child.once('close', resolve));
  const folder = await new Promise<string>(resolve => {
    child.stdout.once('data', (text: Buffer) => resolve(text.toString('utf8')));
  });
  try {
    // While it lives its folder is left alone.
    assert.is(await removeLeftovers(parent, NOW_MS), 0);
  } finally {
    child.kill('SIGKILL');
    await ended;
  }
  return folder;
}

test('the folder of a start that was killed goes, with all in it', () =>
  inFolder(async parent => {
    const folder = await killedStart(parent);
    await mkdir(join(folder, 'state/releases'), { recursive: true });
    await writeFile(join(folder, 'state/releases/a'), 'left');
    const own = await makeStartFolder(parent);
    assert.is(await removeLeftovers(parent, NOW_MS), 1);
    assert.equal(await readdir(parent), [basename(own)]);
  }));

test('a number that another process has by now is nobody who lives', () =>
  inFolder(async parent => {
    const folder = await makeStartFolder(parent);
    await writeFile(join(folder, 'owner'), `${process.pid} 1\n`);
    assert.is(await removeLeftovers(parent, NOW_MS), 1);
  }));

test('what is not ours by name, kind or mode, or may be new, stays', () =>
  inFolder(async parent => {
    const dead = '999999999 1\n';
    const make = async (name: string, owner: string | null): Promise<string> => {
      const folder = join(parent, name);
      await mkdir(folder, { mode: 0o700 });
      if (owner !== null) await writeFile(join(folder, 'owner'), owner);
      return folder;
    };
    await make('airssys-start-abc', dead);
    await make('airssys-start-abcdef-x', dead);
    await make('other-start-abcdef', dead);
    const target = await make('elsewhere', dead);
    await symlink(target, join(parent, 'airssys-start-linked'));
    await chmod(await make('airssys-start-shared', dead), 0o777);
    await writeFile(join(parent, 'airssys-start-afile0'), dead);
    await make('airssys-start-fresh0', null);
    await make('airssys-start-noise0', 'noise');
    const names = (await readdir(parent)).sort();
    assert.is(await removeLeftovers(parent, NOW_MS), 0);
    assert.equal((await readdir(parent)).sort(), names);
    // An hour later nobody is making it any more.
    const longAgo = NOW_MS / 1_000 - 2 * HOUR_S;
    await utimes(join(parent, 'airssys-start-fresh0'), longAgo, longAgo);
    assert.is(await removeLeftovers(parent, NOW_MS), 1);
    assert.is(await removeLeftovers(join(parent, 'nowhere'), NOW_MS), 0);
  }));

test.run();
