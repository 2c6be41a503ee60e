/** `npm start` in a process of its own, ended in all the ways that leave nobody to clean up. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { buildGuests } from '../../scripts/guests.ts';
import { removeLeftovers } from '../../scripts/start/leftovers.ts';
import { killAll, relatives } from '../../scripts/test/process-tree.ts';

const START = join(import.meta.dirname, '../../scripts/start.ts');
const GATEWAY_UP = 'started, boot';
/** Generous: a starved machine takes that long to start a gateway. */
const GONE_MS = 40_000;
const POLL_MS = 50;

interface Run {
  readonly child: ChildProcessWithoutNullStreams;
  readonly folder: string;
  readonly mark: string;
  output: string;
}

const test = suite<{ run: Run }>('ending of npm start');

// An interrupted build begins anew each time.
test.before(async () => void (await buildGuests(['thermostat', 'pump-guard'])));

test.before.each(async context => {
  const folder = await mkdtemp(join(tmpdir(), 'airssys-'));
  const mark = `start-${folder}`;
  const env = { ...process.env, TMPDIR: folder, AIRSSYS_TEST_MARK: mark };
  const child = spawn(process.execPath, [START], { env });
  const run: Run = { child, folder, mark, output: '' };
  const keep = (text: Buffer) => {
    run.output += text.toString('utf8');
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  context.run = run;
});

test.after.each(async ({ run }) => {
  killAll(relatives(0, run.mark));
  await rm(run.folder, { recursive: true, force: true });
});

async function until(what: string, isSo: () => boolean | Promise<boolean>, run: Run) {
  const untilMs = performance.now() + GONE_MS;
  while (!(await isSo())) {
    if (performance.now() > untilMs) assert.unreachable(`${what}; output:\n${run.output}`);
    await sleep(POLL_MS);
  }
}

const isUp = (run: Run) => () => run.output.includes(GATEWAY_UP);
const isAlone = (run: Run) => () => relatives(0, run.mark).length === 0;

test('Ctrl-C twice before the install is done leaves nothing behind', async ({ run }) => {
  await until('the gateway starts', isUp(run), run);
  const ended = once(run.child, 'exit');
  run.child.kill('SIGINT');
  await sleep(100);
  run.child.kill('SIGINT');
  assert.equal(await ended, [0, null], run.output);
  assert.equal(relatives(0, run.mark), []);
  assert.equal(await readdir(run.folder), []);
});

test('a reader that goes away ends it in order', async ({ run }) => {
  await until('the gateway starts', isUp(run), run);
  const ended = once(run.child, 'exit');
  run.child.stdout.destroy();
  assert.equal(await ended, [0, null], run.output);
  assert.equal(relatives(0, run.mark), []);
  assert.equal(await readdir(run.folder), []);
});

test('the gateway ends when its starter is killed, and the next start tidies up', async ({
  run,
}) => {
  await until('the gateway starts', isUp(run), run);
  run.child.kill('SIGKILL');
  await until('every process ends', isAlone(run), run);
  assert.is(await removeLeftovers(run.folder, Date.now()), 1);
  assert.equal(await readdir(run.folder), []);
});

test.run();
