import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { startTestHost } from './support/test-host.ts';

const test = suite('components/host-namespaces');

const EPERM = 1;
const ENOSYS = 38;
/** Generous: the machine that tests run on may be busy. */
const WAIT_MS = 20_000;

/** What this kernel grants; where it refuses, the report must say so, which is tested then. */
const trial = spawnSync('bwrap', ['--unshare-all', '--ro-bind', '/', '/', 'true'], {
  encoding: 'utf8',
});
const isGranted = trial.status === 0;
const fixture = startTestHost({ slots: 2, hostEntry: 'native-host-entry' });
const { host, output, violations } = fixture;

test.before(async () => {
  await until(() => host.status().walls.length > 0);
});
test.after(() => fixture.close());

async function until(holds: () => boolean): Promise<void> {
  const untilMs = performance.now() + WAIT_MS;
  while (!holds()) {
    if (performance.now() > untilMs) assert.unreachable(`not within ${WAIT_MS} ms`);
    await sleep(10);
  }
}

function wall(name: string): string {
  const found = host.status().walls.find(one => one.name === name);
  return `${found?.state}: ${found?.detail}`;
}

/** Has the host make system calls; it never answers an activation. */
function hostCalls(name: string): void {
  const snapshot = {
    identity: { name, version: '1.0.0', slot: 'a', instance: 1n },
    granted: [],
    config: [],
  } as const;
  fixture.activate({ snapshot }).catch(() => {});
}

function nodePid(): number {
  return host.status().pid ?? Number.NaN;
}

/** Fields of `/proc/PID/stat` after the name: state, parent, process group, session. */
function statFields(pid: number): string[] {
  return readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1)?.split(' ') ?? [];
}

/** Processes that put up a sandbox for us, or for somebody who is gone. */
function sandboxes(): readonly string[] {
  return readdirSync('/proc').filter(pid => {
    try {
      const [state, parent] = statFields(Number(pid));
      const isOurs = state !== 'Z' && [String(process.pid), '1'].includes(parent ?? '');
      return isOurs && readFileSync(`/proc/${pid}/comm`, 'latin1') === 'bwrap\n';
    } catch {
      return false;
    }
  });
}

test('the kernel vouches for namespaces and filter, or the report names why not', () => {
  if (isGranted) {
    assert.match(wall('namespaces'), /^up: mnt, pid, net, ipc, uts of its own$/);
    assert.match(wall('seccomp'), /^up: 1 filter/);
    assert.match(wall('no-new-privileges'), /^up: /);
    assert.match(wall('no-capabilities'), /^up: /);
    return;
  }
  assert.match(wall('namespaces'), /^down: .*bwrap/);
  assert.match(wall('seccomp'), /^down: .*bwrap/);
  assert.match(output.join('\n'), /shares our namespaces/);
});

if (isGranted) {
  test('closed at any moment of its start, it leaves no process behind', async () => {
    const before = sandboxes();
    for (let index = 0; index < 16; index++) {
      const short = startTestHost({ slots: 2, hostEntry: 'native-host-entry' });
      await sleep(index * 4);
      await short.close();
    }
    await until(() => sandboxes().every(pid => before.includes(pid)));
  });

  test('it sees node, its libraries and its program, all read-only', () => {
    const root = `/proc/${nodePid()}/root`;
    for (const name of ['etc', 'home', 'root', 'proc', 'sys', 'run', 'var', 'bin']) {
      assert.not(existsSync(`${root}/${name}`), name);
    }
    assert.equal(readdirSync(`${root}/dev`), ['null']);
    assert.ok(existsSync(`${root}${process.execPath}`));
    const mounts = readFileSync(`/proc/${nodePid()}/mountinfo`, 'latin1').trim().split('\n');
    for (const line of mounts) {
      const [, , , , target = '', options = ''] = line.split(' ');
      if (target !== '/dev/null') assert.match(options, /^ro\b/, `${target} can be written to`);
    }
    assert.ok(mounts.length < 20, 'a handful of files');
  });

  test('its processes are two, in a group that the gateway is not in', () => {
    const pid = nodePid();
    const [, init = '', group = ''] = statFields(pid);
    const [, , own = ''] = statFields(process.pid);
    assert.is.not(group, own);
    assert.is(readlinkSync(`/proc/${init}/ns/pid`), readlinkSync(`/proc/${pid}/ns/pid`));
    const inside = readdirSync('/proc').filter(name => {
      return /^\d+$/.test(name) && namespaceOf(name) === namespaceOf(String(pid));
    });
    assert.equal(inside.map(Number).sort(), [Number(init), pid].sort());
  });

  test('every system call of the table that is refused is refused by this kernel', async () => {
    hostCalls('survey');
    const answers = () => output.filter(line => line.startsWith('answers '));
    await until(() => answers().length === 3);
    const found = answers().flatMap((line): [string, number][] => JSON.parse(line.slice(8)));
    assert.ok(found.length > 100, `${found.length} calls`);
    const notFound = found.filter(([, errno]) => errno === ENOSYS).map(([name]) => name);
    assert.equal(notFound.sort(), [
      'clone3',
      'io_uring_enter',
      'io_uring_register',
      'io_uring_setup',
    ]);
    const others = found.filter(([name]) => !notFound.includes(name));
    assert.equal(
      others.filter(([, errno]) => errno !== EPERM),
      [],
    );
    assert.equal(violations, []);
  });

  for (const name of ['ptrace', 'mount', 'process_vm_readv']) {
    test(`${name} ends the host process, which is a violation, and it returns`, async () => {
      await until(() => host.status().state === 'running');
      const { starts } = host.status();
      const before = violations.length;
      hostCalls(name);
      await until(() => host.status().starts > starts);
      assert.equal(violations.slice(before), ['it made a system call that no host needs']);
      assert.match(output.at(-1) ?? '', /ended by SIGSYS/);
      await until(() => host.status().state === 'running');
      assert.match(wall('namespaces'), /^up: /);
    });
  }
}

function namespaceOf(pid: string): string {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    // It ended meanwhile.
    return '';
  }
}

test.run();
