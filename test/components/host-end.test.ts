import { spawn } from 'node:child_process';
import { Socket } from 'node:net';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  type HostChild,
  type HostEnd,
  killHost,
  watchHostEnd,
} from '../../runtime/components/host-end-io.ts';

const test = suite('components/host-end');

const WAIT_MS = 20_000;
const CONTROL_FD = 3;
/** Ends when its control socket does, or never. */
const INNER = {
  heeds: "process.stdout.write(process.pid + '\\n'); require('fs').read(3, () => process.exit())",
  stays: "process.stdout.write(process.pid + '\\n'); setInterval(() => {}, 1000)",
};

const tool = (inner: string, then: string) => `
  setTimeout(() => {
    require('child_process').spawn(process.execPath, ['-e', ${JSON.stringify(inner)}], {
      stdio: ['ignore', 'inherit', 'inherit', 3],
      detached: true,
    });
    ${then}
  }, 200);
`;

/** Starts what plays a sandbox: it starts another process a while after it has begun. */
function started(script: string, isSandboxed = true) {
  const child = spawn(process.execPath, ['-e', script], {
    stdio: ['ignore', 'pipe', 'inherit', 'pipe'],
  });
  const control = child.stdio[CONTROL_FD];
  if (!(control instanceof Socket)) throw new Error('no control socket');
  control.resume().on('error', () => {});
  const host: HostChild = { child, control, isSandboxed };
  const ended = new Promise<HostEnd>(resolve => watchHostEnd(host, resolve));
  const innerPid = new Promise<number>(resolve => {
    child.stdout?.setEncoding('utf8').once('data', text => resolve(Number(text)));
  });
  return { host, ended, innerPid };
}

async function goneWithin(pid: number): Promise<boolean> {
  for (const untilMs = performance.now() + WAIT_MS; performance.now() < untilMs; await sleep(10)) {
    try {
      process.kill(pid, 0);
    } catch {
      return true;
    }
  }
  return false;
}

test('a sandbox on its way is killed together with what it starts', async () => {
  const { host, ended, innerPid } = started(tool(INNER.stays, ''));
  killHost(host);
  assert.is((await ended).signal, 'SIGKILL');
  // Killed at once, it would never have come to print anything; killed alone, it would live on.
  const first = await Promise.race([innerPid, sleep(1_000, null)]);
  if (first !== null) assert.ok(await goneWithin(first));
});

test('a sandbox that runs is killed with what runs in it', async () => {
  const { host, ended, innerPid } = started(tool(INNER.stays, ''));
  const pid = await innerPid;
  killHost(host);
  assert.is((await ended).signal, 'SIGKILL');
  assert.ok(await goneWithin(pid));
});

test('without a sandbox it is killed at once', async () => {
  const { host, ended } = started(tool(INNER.stays, ''), false);
  killHost(host);
  assert.is((await ended).signal, 'SIGKILL');
  assert.is(host.child.stdout?.read(), null);
});

test('what outlives its sandbox reads that nobody is there, and then the end is told', async () => {
  const { ended, innerPid } = started(tool(INNER.heeds, 'setTimeout(process.exit, 100, 7)'));
  const pid = await innerPid;
  const { exitCode, detail } = await ended;
  assert.is(exitCode, 7);
  assert.is(detail, 'ended with code 7');
  assert.ok(await goneWithin(pid));
});

test('what does not leave is not waited for', async () => {
  const { ended, innerPid } = started(tool(INNER.stays, 'setTimeout(process.exit, 100, 7)'));
  const pid = await innerPid;
  assert.is((await ended).exitCode, 7);
  process.kill(pid, 'SIGKILL');
});

test.run();
