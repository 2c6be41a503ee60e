import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createSystemClock } from '../../drivers/clock/system-clock.ts';
import { ControlClient } from '../../runtime/control/client-io.ts';
import { statusSchema } from '../../runtime/control/reports.ts';
import { buildPrograms } from '../../scripts/start/programs.ts';
import { relatives } from '../../scripts/test/process-tree.ts';
import { GatewayUnderTest, until } from './gateway-under-test.ts';

const test = suite('gateway: two daemons start at once');

const PROJECT = join(import.meta.dirname, '../..');
const ROUNDS = 2;

const programs = await buildPrograms(PROJECT);
const gateway = await GatewayUnderTest.make({ extra: '[simulation]\nmeter-port = "none"\n' });
const { configFile, socket, stateDirectory } = gateway.site;
const running = new Set<ChildProcess>();

test.after(async () => {
  await Promise.all([...running].map(kill));
  await gateway.close();
});

interface Daemon {
  readonly process: ChildProcess;
  readonly ended: Promise<Daemon>;
  output: string;
}

function start(config: string): Daemon {
  const child = spawn(process.execPath, [join(programs, 'gatewayd.js'), '--config', config], {
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
  });
  running.add(child);
  const daemon: Daemon = {
    process: child,
    ended: once(child, 'close').then(() => {
      running.delete(child);
      return daemon;
    }),
    output: '',
  };
  child.stderr.on('data', (text: Buffer) => {
    daemon.output += text.toString('utf8');
  });
  return daemon;
}

async function kill(child: ChildProcess): Promise<void> {
  const closed = once(child, 'close');
  child.kill('SIGKILL');
  await closed;
  await until('nothing of it is left', async () =>
    relatives(child.pid ?? 0, '').length === 0 ? true : null,
  );
}

/** Waits until a daemon answers, and returns how long it has been up. */
function answering(): Promise<number> {
  const clock = createSystemClock();
  return until('the winner answers', async () => {
    const parts = { path: socket, clientName: 'test', clock, timeoutMs: 5_000 };
    const client = await ControlClient.connect(parts).catch(() => null);
    try {
      const asked = client?.ask({ method: 'status', params: {} }, statusSchema, {
        timeoutMs: 5_000,
      });
      return (await asked?.catch(() => null))?.uptimeMs ?? null;
    } finally {
      client?.close();
    }
  });
}

async function bootCount(): Promise<number> {
  const files = ['boots.0', 'boots.1'].map(name => join(stateDirectory, name));
  const texts = await Promise.all(files.map(file => readFile(file, 'utf8').catch(() => '0')));
  return Math.max(...texts.map(text => Number.parseInt(text, 10)));
}

test('one wins, the other ends with a code and has touched nothing; twice', async () => {
  // From the second round on there is the socket of a killed daemon, for which both reach.
  for (let round = 1; round <= ROUNDS; round += 1) {
    const pair = [start(configFile), start(configFile)];
    const loser = await Promise.race(pair.map(({ ended }) => ended));
    assert.is(loser.process.exitCode, 1, loser.output);
    assert.match(loser.output, /^gatewayd: GATEWAY_STATE_IN_USE: /, `round ${round}`);
    await answering();
    const winner = pair.find(daemon => daemon !== loser);
    assert.is(winner?.process.exitCode, null, winner?.output);
    assert.is(await bootCount(), round, 'one start was counted');
    if (winner !== undefined) await kill(winner.process);
  }
});

test('a daemon takes the state that a killed one had, and ends in good order', async () => {
  const before = await bootCount();
  await gateway.startDaemon();
  assert.is(await bootCount(), before + 1);
  await gateway.stopDaemon();
});

test('the lock is an empty file that nobody else can open', async () => {
  const { mode, size } = await stat(join(stateDirectory, 'lock'));
  assert.is(mode & 0o777, 0o600);
  assert.is(size, 0);
});

test.run();
