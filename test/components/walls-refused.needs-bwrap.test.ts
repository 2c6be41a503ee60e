import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { withoutNamespaces } from './support/refused-namespaces.ts';
import { processGone, type StandIn, startStandIn } from './support/stand-in.ts';

const test = suite('components/walls-refused');
const WAIT_MS = 10_000;

function wall({ walls }: StandIn, name: string): string {
  const found = walls.find(one => one.name === name);
  return `${found?.state}: ${found?.detail}`;
}

test('where the kernel refuses namespaces, guests run, and the report says why', async () => {
  const standIn = await startStandIn(withoutNamespaces);
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
  const standIn = await startStandIn(withoutNamespaces, ['namespaces']);
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
