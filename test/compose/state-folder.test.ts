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

test('a count that cannot be read ends the start, a damaged one does not', () =>
  inFolder(async folder => {
    for (const noise of ['noise', '9'.repeat(100)]) {
      await writeFile(join(folder, 'boots'), noise);
      assert.is((await openStateFolder(nodeFiles(), folder, at(0))).boot, 1);
    }
    const unreadable: Files = { ...nodeFiles(), read: () => Promise.reject(new Error('EIO')) };
    const code = await openStateFolder(unreadable, folder, at(0)).then(() => '', errorCode);
    assert.is(code, 'GATEWAY_STATE_DIRECTORY');
  }));

test.run();
