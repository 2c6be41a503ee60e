import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  groupPathOf,
  hierarchyFolderOf,
  hostBounds,
} from '../../runtime/components/host-cgroup.ts';
import { type CgroupFiles, openHostCgroups } from '../../runtime/components/host-cgroup-io.ts';

const test = suite('components/host-cgroup');

const HOST_PID = 4_242;
const BOUNDS = { memoryBytesMax: 1_000_000, threadsMax: 50 };

interface Hierarchy {
  readonly files: CgroupFiles;
  /** The gateway's own group. */
  readonly folder: string;
  read(file: string): string;
  remove(): void;
}

/**
 * A folder with the files that the kernel shows of a delegated group. It keeps what is written and
 * does nothing: what the real kernel makes of it, this machine's own report tells (below).
 */
function hierarchy(
  options: { controllers?: string; path?: string; host?: string } = {},
): Hierarchy {
  const { controllers = 'cpu memory pids', path = '/system.slice/airssys.service' } = options;
  const root = mkdtempSync(join(tmpdir(), 'airssys-cgroup-'));
  const folder = join(root, 'fs', path);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'cgroup.type'), 'domain\n');
  writeFileSync(join(folder, 'cgroup.controllers'), `${controllers}\n`);
  writeFileSync(join(folder, 'cgroup.subtree_control'), '\n');
  const at = (name: string, text: string) => {
    writeFileSync(join(root, name), text);
    return join(root, name);
  };
  const mount = `30 25 0:26 / ${join(root, 'fs')} rw,nosuid shared:9 - cgroup2 cgroup2 rw\n`;
  const host = at('host', `0::${options.host ?? `${path}/component-host-0`}\n`);
  return {
    files: {
      mounts: at('mountinfo', `22 1 0:20 / /proc rw - proc proc rw\n${mount}`),
      ownGroup: at('own', `9:name=systemd:/\n0::${path}\n`),
      groupOf: () => host,
    },
    folder,
    read: file => readFileSync(join(folder, file), 'utf8'),
    remove: () => rmSync(root, { recursive: true }),
  };
}

function wallsIn(one: Hierarchy): readonly string[] {
  const group = openHostCgroups(one.files).make('component-host-0', BOUNDS);
  return group.walls(HOST_PID).map(({ name, state, detail }) => `${name} ${state} ${detail}`);
}

test('in a delegated group the gateway moves aside and each host gets its bounds', () => {
  const one = hierarchy();
  const group = openHostCgroups(one.files).make('component-host-0', BOUNDS);
  group.add(HOST_PID);
  assert.is(one.read('gateway/cgroup.procs'), String(process.pid));
  assert.is(one.read('cgroup.subtree_control'), '+memory +pids');
  assert.is(one.read('component-host-0/memory.max'), '1000000');
  assert.is(one.read('component-host-0/pids.max'), '50');
  assert.is(one.read('component-host-0/memory.oom.group'), '1');
  assert.is(one.read('component-host-0/cgroup.procs'), String(HOST_PID));
  assert.equal(
    group.walls(HOST_PID).map(({ name, state, detail }) => `${name} ${state} ${detail}`),
    ['memory-limit up at most 1000000 bytes', 'process-limit up at most 50 threads'],
  );
  one.remove();
});

test('a host that is in another group is not limited, whatever the files say', () => {
  const one = hierarchy({ host: '/system.slice/airssys.service/gateway' });
  for (const wall of wallsIn(one)) assert.match(wall, /down the host is not in its group/);
  one.remove();
});

test('a limit that the kernel did not take is down', () => {
  const one = hierarchy();
  const group = openHostCgroups(one.files).make('component-host-0', BOUNDS);
  writeFileSync(join(one.folder, 'component-host-0/memory.max'), 'max\n');
  const [memory, threads] = group.walls(HOST_PID);
  assert.equal([memory?.state, memory?.detail], ['down', 'memory.max is "max"']);
  assert.is(threads?.state, 'up');
  one.remove();
});

test('where something is not delegated, nothing is touched and the walls say why', () => {
  for (const [options, why] of [
    [{ controllers: 'cpu hugetlb' }, /was not given memory and pids/],
    [{ controllers: 'memory' }, /was not given pids/],
    [{ path: '/user.slice/session-3.scope' }, /kept by systemd/],
    [{ path: '/system.slice' }, /kept by systemd/],
  ] as const) {
    const one = hierarchy(options);
    const walls = wallsIn(one);
    assert.is(walls.length, 2);
    for (const wall of walls) assert.match(wall, why);
    assert.not(existsSync(join(one.folder, 'gateway')));
    one.remove();
  }
  const root = hierarchy();
  rmSync(join(root.folder, 'cgroup.type'));
  for (const wall of wallsIn(root)) assert.match(wall, /is the root group/);
  root.remove();
});

test('this machine limits a host, or says in words why it cannot', () => {
  const group = openHostCgroups().make('component-host-test', BOUNDS);
  const walls = group.walls(process.pid);
  assert.equal(
    walls.map(({ name }) => name),
    ['memory-limit', 'process-limit'],
  );
  // This process was not put there, so neither stands.
  for (const { state, detail } of walls) {
    assert.is(state, 'down');
    assert.ok(detail.length > 10, detail);
  }
  group.remove();
});

test('the own group and the mount are found among those of the older hierarchies', () => {
  assert.is(groupPathOf('12:pids:/a\n0::/b/c.service\n'), '/b/c.service');
  assert.is(groupPathOf('12:pids:/a\n'), null);
  assert.is(groupPathOf(''), null);
  const v1 = '31 30 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory';
  const v2 = '32 30 0:28 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw';
  assert.is(hierarchyFolderOf(`${v1}\n${v2}\n`), '/sys/fs/cgroup/unified');
  assert.is(hierarchyFolderOf(`${v1}\n`), null);
});

test('bounds rise with slots and memory, and leave room for what the other limits allow', () => {
  const small = hostBounds(2, 16_000_000);
  const large = hostBounds(34, 256_000_000);
  assert.ok(small.memoryBytesMax > 16_000_000 + 2 * 15_000_000 + 60_000_000);
  assert.ok(large.memoryBytesMax > small.memoryBytesMax);
  assert.ok(large.threadsMax > small.threadsMax && small.threadsMax > 20);
});

test.run();
