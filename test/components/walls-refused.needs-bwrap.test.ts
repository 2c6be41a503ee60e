import { spawnSync } from 'node:child_process';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { processGone, type StandIn, startStandIn } from './support/stand-in.ts';

const test = suite('components/walls-refused');
const WAIT_MS = 10_000;

/**
 * A user namespace in which no further one may be made, for a process without capabilities: there
 * the kernel refuses bwrap what it needs, as hardened kernels and containers do.
 */
const REFUSING = [
  ...['unshare', '--user', '--map-root-user', 'sh', '-c'],
  'echo 0 > /proc/sys/user/max_user_namespaces && exec setpriv --bounding-set=-all ' +
    '--inh-caps=-all "$@"',
  'sh',
];
const canRefuse = spawnSync(REFUSING[0] ?? '', [...REFUSING.slice(1), 'true']).status === 0;
/** Where even that is refused, this process is such a one itself. */
const before = canRefuse ? REFUSING : ['env'];

function wall({ walls }: StandIn, name: string): string {
  const found = walls.find(one => one.name === name);
  return `${found?.state}: ${found?.detail}`;
}

test('where the kernel refuses namespaces, guests run, and the report says why', async () => {
  const standIn = await startStandIn(before);
  try {
    assert.is(standIn.activated, 'activated');
    assert.match(wall(standIn, 'namespaces'), /^down: .*gateway's: bwrap: /);
    assert.match(wall(standIn, 'seccomp'), /^down: no filter of system calls: bwrap: /);
    assert.match(wall(standIn, 'files'), /^down: /);
    assert.match(wall(standIn, 'permission-model'), /^up: /);
    assert.match(wall(standIn, 'resource-limits'), /^up: /);
    assert.match(standIn.output.join('\n'), /shares our namespaces: bwrap: /);
  } finally {
    await standIn.close();
  }
});

test('where the kernel refuses a demanded wall, no guest runs', async () => {
  const standIn = await startStandIn(before, ['namespaces']);
  try {
    assert.is(standIn.activated, 'HOST_WALLS_MISSING');
    assert.match(wall(standIn, 'namespaces'), /^down: /);
  } finally {
    await standIn.close();
  }
});

test('a gateway that is killed takes its host along', async () => {
  const standIn = await startStandIn(['env']);
  try {
    standIn.process.kill('SIGKILL');
    assert.ok(await processGone(standIn.pid, WAIT_MS), 'the host outlives the gateway');
  } finally {
    await standIn.close();
  }
});

test.run();
