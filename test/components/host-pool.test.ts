import process from 'node:process';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createSystemClock } from '../../drivers/clock/system-clock.ts';
import { createSystemRandom } from '../../drivers/random/system-random.ts';
import { spawnComponentHost } from '../../runtime/components/component-host-io.ts';
import { createHostPool } from '../../runtime/components/host-pool.ts';
import { DEFAULT_LINK_LIMITS, stageComponent } from '../../runtime/linker/index.ts';
import {
  ComponentError,
  type ComponentHostPort,
  type ComponentInstance,
} from '../../runtime/ports/component-host.ts';
import { alone } from './support/alone.ts';
import { bundleEntries } from './support/bundled-entries.ts';
import { guestBytes } from './support/guest.ts';
import { EXPORT, testContract } from './support/test-contract.ts';

const test = suite('components/host-pool');

const entries = bundleEntries({
  'host-entry': 'test/components/support/host-entry.ts',
  'worker-entry': 'test/components/support/worker-entry.ts',
});
const names: string[] = [];
const poolOf = (perVendor: boolean) =>
  createHostPool({
    perVendor,
    spawn: name => {
      names.push(name);
      return spawnComponentHost({
        contract: testContract,
        clock: createSystemClock(),
        random: createSystemRandom(),
        slots: 2,
        entry: entries.entry('host-entry'),
        onViolation: message => assert.unreachable(message),
        onOutput: () => {},
      });
    },
  });
const hosts = poolOf(true);
const keepRunning = setInterval(() => {}, 1_000);
const staged = stageComponent(await guestBytes(), DEFAULT_LINK_LIMITS);
const artifact = {
  digest: 'guest',
  shape: staged.shape,
  plan: Buffer.from(JSON.stringify(staged.plan)),
  modules: staged.modules,
};

test.after(async () => {
  await hosts.close();
  clearInterval(keepRunning);
  entries.remove();
});

async function guestOf(host: ComponentHostPort, name: string): Promise<ComponentInstance> {
  return host.activate({
    component: await host.prepare(alone(artifact)),
    snapshot: {
      identity: { name, version: '1.0.0', slot: 'a', instance: 1n },
      granted: [],
      config: [],
    },
    limits: { memoryBytesMax: 16_000_000, callDeadlineMs: 5_000, callsInFlightMax: 8 },
    onHostCall: (_, [value]) => Number(value) + 1,
    onLog: () => {},
  });
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'none',
    (error: unknown) => (error instanceof ComponentError ? error.code : String(error)),
  );
}

test('two vendors have two processes, and the death of one leaves the other alone', async () => {
  assert.equal(
    hosts.status().map(({ vendor }) => vendor),
    [null],
  );
  const pump = await guestOf(hosts.of('pump.example'), 'pump');
  const heat = await guestOf(hosts.of('heat.example'), 'heat');
  const [first, second] = hosts.status();
  assert.equal([first?.vendor, second?.vendor], ['pump.example', 'heat.example']);
  assert.is.not(first?.pid, second?.pid);
  const calling = codeOf(pump.call(EXPORT.spin, []));
  process.kill(first?.pid ?? Number.NaN, 'SIGKILL');
  assert.is(await calling, 'COMPONENT_ENDED');
  assert.is((await pump.ended).kind, 'host-lost');
  assert.is(await heat.call(EXPORT.ask, [41]), 42);
  const again = await guestOf(hosts.of('pump.example'), 'pump');
  assert.is(await again.call(EXPORT.ask, [1]), 2);
  assert.equal(
    hosts.status().map(({ vendor, starts, workers }) => [vendor, starts, workers]),
    [
      ['pump.example', 2, 1],
      ['heat.example', 1, 1],
    ],
  );
});

test('what one host compiled, another does not activate', async () => {
  const component = await hosts.of('pump.example').prepare(alone(artifact));
  const heat = hosts.of('heat.example');
  const request = {
    component,
    snapshot: {
      identity: { name: 'mixed', version: '1.0.0', slot: 'a', instance: 1n },
      granted: [],
      config: [],
    },
    limits: { memoryBytesMax: 16_000_000, callDeadlineMs: 5_000, callsInFlightMax: 8 },
    onHostCall: () => 0,
    onLog: () => {},
  } as const;
  assert.is(await codeOf(heat.activate(request)), 'COMPONENT_ACTIVATION_FAILED');
});

test('a process that ran a vendor ends with it, and runs nobody else', async () => {
  const before = hosts.status().map(({ pid }) => pid);
  await hosts.retain(new Set(['heat.example']));
  assert.equal(
    hosts.status().map(({ vendor, pid }) => [vendor, pid]),
    [['heat.example', before[1]]],
  );
  await hosts.retain(new Set());
  // A fresh one waits for whoever comes.
  const [fresh, ...others] = hosts.status();
  assert.equal([fresh?.vendor, others.length], [null, 0]);
  assert.not(before.includes(fresh?.pid ?? null));
  assert.is(new Set(names.slice(0, 2)).size, 2);
});

test('a ninth vendor is refused, and not put to another', async () => {
  const started: string[] = [];
  const pool = createHostPool({
    perVendor: true,
    spawn: name => {
      started.push(name);
      // Never asked for anything.
      return hosts as never;
    },
  });
  for (let vendor = 1; vendor <= 8; vendor++) pool.of(`v${vendor}.example`);
  assert.is(new Set(started).size, 8);
  assert.is(
    await codeOf(Promise.resolve().then(() => pool.of('v9.example'))),
    'COMPONENT_HOSTS_FULL',
  );
});

test('closed is only what is gone, even where its greeting lies unread', async () => {
  const pool = poolOf(false);
  // Long enough for a greeting, during which nothing is read.
  for (const untilMs = performance.now() + 3_000; performance.now() < untilMs; );
  const pid = pool.status()[0]?.pid ?? Number.NaN;
  await pool.close();
  assert.throws(() => process.kill(pid, 0), /ESRCH/);
});

test('where the configuration says so, all vendors share one', async () => {
  const pool = poolOf(false);
  try {
    assert.is(pool.of('pump.example'), pool.of('heat.example'));
    await pool.retain(new Set(['heat.example']));
    assert.equal(
      pool.status().map(({ vendor }) => vendor),
      [null],
    );
  } finally {
    await pool.close();
  }
});

test.run();
