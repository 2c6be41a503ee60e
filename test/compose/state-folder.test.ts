import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { nodeFiles } from '../../drivers/files/node-files.ts';
import { errorCode } from '../../runtime/base/errors.ts';
import { openStateFolder } from '../../runtime/compose/state-folder.ts';
import type { Files } from '../../runtime/ports/files.ts';

const test = suite('compose/state-folder');

const START_MS = Date.UTC(2026, 5);
const U64_MAX = (1n << 64n) - 1n;
const full: Files = {
  ...nodeFiles(),
  write: () => Promise.reject(Object.assign(new Error('ENOSPC: full'), { code: 'ENOSPC' })),
};

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'state-'));
  try {
    await work(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

const at = (seconds: number) => ({ wallMs: () => START_MS + seconds * 1_000 });

test('instance numbers rise over starts that were counted and starts that could not be', () =>
  inFolder(async folder => {
    const starts = [nodeFiles(), nodeFiles(), full, full, full, nodeFiles(), full, nodeFiles()];
    const numbers: bigint[] = [];
    const boots: number[] = [];
    for (const [index, files] of starts.entries()) {
      const state = await openStateFolder(files, folder, at(index));
      boots.push(state.boot);
      assert.is(state.notice === null, files !== full);
      for (let count = 0; count < 50; count += 1) numbers.push(state.nextInstance('relay'));
    }
    assert.equal(boots, [1, 2, 2, 2, 2, 3, 3, 4]);
    const rising = numbers.every((number, index) => number > (numbers[index - 1] ?? 0n));
    assert.ok(rising, numbers.join(' '));
    assert.ok((numbers.at(-1) ?? 0n) < U64_MAX);
  }));

test('a new folder that can be made but not written starts, with a notice', () =>
  inFolder(async folder => {
    const state = await openStateFolder(full, folder, at(0));
    assert.match(state.notice ?? '', /could not be written at the start: ENOSPC/);
    assert.ok(state.nextInstance('relay') > 0n);
  }));

const NOISE = ['noise', '', `8 ${'0'.repeat(64)}\n`, '9'.repeat(1_000)];
const BOTH = ['boots.0', 'boots.1'];

/** Starts so often, and returns each count and the first instance's number of each start. */
async function startTimes(times: number, folder: string, from: number, files = nodeFiles()) {
  const starts: { boot: number; instance: bigint; damage: string | null }[] = [];
  for (let index = 0; index < times; index += 1) {
    const state = await openStateFolder(files, folder, at(from + index));
    const instance = state.nextInstance('relay');
    starts.push({ boot: state.boot, instance, damage: state.bootDamage });
  }
  return starts;
}

test('whichever files of the count are damaged, it is said, and numbers go on rising', async () => {
  for (const noise of NOISE) {
    for (const damaged of [BOTH.slice(0, 1), BOTH.slice(1), BOTH]) {
      for (const times of [2, 3]) {
        await inFolder(async folder => {
          const before = await startTimes(times, folder, 0);
          for (const name of damaged) await writeFile(join(folder, name), noise);
          const after = await startTimes(3, folder, 10);
          assert.is(after[0]?.damage?.includes(damaged[0] ?? ''), true);
          // The next start writes over what is damaged; two starts later nothing is left of it.
          assert.is(after[2]?.damage, null, `${damaged} after ${times}`);
          const starts = [...before, ...after];
          const rising = starts.every(({ instance, boot }, index) => {
            const earlier = starts[index - 1];
            return earlier === undefined || (instance > earlier.instance && boot > earlier.boot);
          });
          assert.ok(rising, starts.map(({ boot, instance }) => `${boot}: ${instance}`).join('\n'));
          assert.ok((starts.at(-1)?.instance ?? U64_MAX) < U64_MAX);
        });
      }
    }
  }
});

test('a damaged count on a full disk gives rising numbers too, whatever the clock says', () =>
  inFolder(async folder => {
    const before = await startTimes(2, folder, 0);
    for (const name of BOTH) await writeFile(join(folder, name), 'noise');
    const ahead = 100 * 365 * 86_400;
    const after = [
      ...(await startTimes(2, folder, 60, full)),
      ...(await startTimes(2, folder, 120)),
    ];
    const numbers = [...before, ...after].map(({ instance }) => instance);
    assert.ok(
      numbers.every((number, index) => number > (numbers[index - 1] ?? 0n)),
      numbers.join(' '),
    );
    for (const name of BOTH) await writeFile(join(folder, name), 'noise');
    const [late] = await startTimes(1, folder, ahead);
    assert.ok((late?.instance ?? U64_MAX) < U64_MAX);
  }));

test('a count that cannot be read ends the start', () =>
  inFolder(async folder => {
    const unreadable: Files = { ...nodeFiles(), read: () => Promise.reject(new Error('EIO')) };
    const code = await openStateFolder(unreadable, folder, at(0)).then(() => '', errorCode);
    assert.is(code, 'GATEWAY_STATE_DIRECTORY');
  }));

test.run();
