import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createSystemClock } from '../../drivers/clock/system-clock.ts';
import { errorCode } from '../../runtime/base/errors.ts';
import { spawnStage } from '../../runtime/components/stage-io.ts';
import type { Wall } from '../../runtime/ports/component-host.ts';
import { bundleEntries } from './support/bundled-entries.ts';
import { guestBytes } from './support/guest.ts';
import { withoutNamespaces } from './support/refused-namespaces.ts';

const test = suite('components/stage-walls');

const LIMITS = { memoryBytesMax: 16 * 1024 * 1024 };
const WAIT_MS = 20_000;
const clock = createSystemClock();
const entries = bundleEntries({
  stage: 'runtime/entry/stage.ts',
  rogue: 'test/components/support/rogue-stage-entry.ts',
});
const isGranted = spawnSync('bwrap', ['--unshare-all', '--ro-bind', '/', '/', 'true']).status === 0;

test.after(() => entries.remove());

function wall(walls: readonly Wall[], name: string): string {
  const found = walls.find(one => one.name === name);
  return `${found?.state}: ${found?.detail}`;
}

async function until<Found>(look: () => Found | null): Promise<Found> {
  for (const endMs = performance.now() + WAIT_MS; performance.now() < endMs; await sleep(10)) {
    const found = look();
    if (found !== null) return found;
  }
  return assert.unreachable(`not within ${WAIT_MS} ms`) as never;
}

/** Processes of namespaces of their own that descend from this one, outermost first. */
function sandboxed(): readonly number[] {
  const own = namespaceOf('self');
  const found = readdirSync('/proc').filter(pid => {
    const namespace = /^\d+$/.test(pid) ? namespaceOf(pid) : '';
    return namespace !== '' && namespace !== own && commandOf(pid).includes(entries.folder);
  });
  return found.map(Number).sort((a, b) => a - b);
}

function namespaceOf(pid: string): string {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    return '';
  }
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1');
  } catch {
    return '';
  }
}

/** A gateway's process that stages where the kernel refuses namespaces. */
function standIn(...args: readonly string[]) {
  const script = join(import.meta.dirname, 'support/stage-stand-in.ts');
  const [command = '', ...words] = [...withoutNamespaces, process.execPath, script, ...args];
  const { stdout, stderr } = spawnSync(command, words, { encoding: 'utf8' });
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout) as { outcomes: string[]; told: string[]; walls: Wall[] };
}

test('where the kernel refuses namespaces components are staged, and it is said once', () => {
  const { outcomes, told, walls } = standIn();
  assert.equal(outcomes, ['staged', 'staged']);
  assert.is(told.length, 1);
  assert.match(told[0] ?? '', /^bwrap: /);
  assert.match(wall(walls, 'namespaces'), /^down: .*gateway's: bwrap: /);
  assert.match(wall(walls, 'seccomp'), /^down: .*bwrap: /);
  assert.match(wall(walls, 'resource-limits'), /^up: /);
});

test('where they are demanded then, nothing is staged', () => {
  const { outcomes, walls } = standIn('required');
  assert.equal(outcomes, ['HOST_WALLS_MISSING', 'HOST_WALLS_MISSING']);
  assert.equal(walls, []);
});

if (isGranted) {
  test('a component is staged behind the walls that component-host has', async () => {
    const told: string[] = [];
    const port = spawnStage({
      clock,
      entry: entries.entry('stage'),
      deadlineMs: 60_000,
      onShared: why => told.push(why),
    });
    await port.stage(await guestBytes(), LIMITS);
    assert.equal(told, []);
    const walls = port.walls();
    assert.match(wall(walls, 'namespaces'), /^up: mnt, pid, net, ipc, uts of its own$/);
    assert.match(wall(walls, 'seccomp'), /^up: 1 filter/);
    for (const name of ['no-new-privileges', 'no-capabilities', 'resource-limits']) {
      assert.match(wall(walls, name), /^up: /);
    }
  });

  test('whoever takes it over sees no file, ends at its deadline, leaves nothing', async () => {
    const port = spawnStage({ clock, entry: entries.entry('rogue'), deadlineMs: 1_000 });
    const failure = port.stage(Buffer.from('hang'), LIMITS).then(() => '', errorCode);
    const pid = await until(() => sandboxed().at(-1) ?? null);
    for (const name of ['etc', 'home', 'proc', 'bin']) {
      assert.not(existsSync(`/proc/${pid}/root/${name}`), name);
    }
    assert.is(await failure, 'COMPONENT_STAGE_TIMEOUT');
    await until(() => (sandboxed().length === 0 ? true : null));
  });

  test('its processor time is that of node, not of what put up its sandbox', async () => {
    // No time passes on the wall, so that nothing but processor time can end it.
    const still = { ...clock, monotonicMs: () => 0 };
    const port = spawnStage({ clock: still, entry: entries.entry('rogue'), deadlineMs: 400 });
    const code = await port.stage(Buffer.from('spin'), LIMITS).then(() => '', errorCode);
    assert.is(code, 'COMPONENT_STAGE_TIMEOUT');
  });

  test('no end of a component makes the next one be staged without walls', async () => {
    const port = spawnStage({ clock, entry: entries.entry('rogue'), deadlineMs: 60_000 });
    for (const how of ['crash', 'own-end', 'silence']) {
      const code = await port.stage(Buffer.from(how), LIMITS).then(() => '', errorCode);
      assert.is(code, 'COMPONENT_STAGE_FAILED', how);
      assert.match(wall(port.walls(), 'namespaces'), /^up: /);
    }
  });
}

test.run();
