import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { nodeFiles } from '../../drivers/files/node-files.ts';
import { sha256 } from '../../runtime/base/sha256.ts';
import { cachedStage, type StageCache } from '../../runtime/components/stage-cache.ts';
import { DEFAULT_LINK_LIMITS } from '../../runtime/linker/limits.ts';
import { stageComponent } from '../../runtime/linker/stage.ts';
import { inThreadVerifier } from '../../runtime/manifest/release-verifier.ts';
import type { StagePort } from '../../runtime/ports/component-host.ts';
import type { Files } from '../../runtime/ports/files.ts';
import { guestBytes } from './support/guest.ts';

const test = suite('components/stage-cache');

const MIB = 1024 * 1024;
const DIGEST = sha256(await guestBytes());
const [ONE, TWO, THREE] = ['1', '2', '3'].map(digit => digit.repeat(64)) as [
  string,
  string,
  string,
];

interface Bench {
  readonly folder: string;
  readonly cache: StageCache;
  /** Bounds of memory that were staged, not remembered. */
  readonly staged: number[];
}

function open(folder: string, tag = '1.0.0', files: Files = nodeFiles()): Bench {
  const staged: number[] = [];
  const port: StagePort = {
    stage: async (bytes, { memoryBytesMax }, digest = sha256(bytes)) => {
      staged.push(memoryBytesMax);
      const { shape, plan, modules } = stageComponent(bytes, DEFAULT_LINK_LIMITS);
      return { digest, shape, plan: Buffer.from(JSON.stringify(plan)), modules };
    },
  };
  const hasher = inThreadVerifier();
  return { folder, staged, cache: cachedStage(port, { files, hasher, folder, tag }) };
}

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'staged-'));
  try {
    await work(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Stages the guest with these bounds of memory, and notes them for a release. */
async function stageFor({ cache }: Bench, release: string, sizes: readonly number[]) {
  const needs = sizes.map(memoryBytesMax => ({ digest: DIGEST, memoryBytesMax }));
  for (const limits of needs) await cache.stage(await guestBytes(), limits, DIGEST);
  await cache.note(release, needs);
}

test('what a kept release needs stays, also where another one shares it', () =>
  inFolder(async folder => {
    const bench = open(folder);
    await stageFor(bench, ONE, [MIB, 2 * MIB]);
    await stageFor(bench, TWO, [2 * MIB, 3 * MIB]);
    await stageFor(bench, THREE, [4 * MIB]);
    assert.is((await readdir(folder)).length, 4 + 3);
    // 1 MiB and 4 MiB, and the lists of the two that go.
    assert.is(await bench.cache.collect(new Set([TWO])), 4);
    const again = open(folder);
    await stageFor(again, TWO, [2 * MIB, 3 * MIB]);
    assert.equal(again.staged, []);
    await stageFor(again, ONE, [MIB]);
    assert.equal(again.staged, [MIB]);
  }));

test('what was staged for a release that was refused goes, noted or not', () =>
  inFolder(async folder => {
    const bench = open(folder);
    await stageFor(bench, ONE, [MIB]);
    await bench.cache.stage(await guestBytes(), { memoryBytesMax: 5 * MIB }, DIGEST);
    await writeFile(join(folder, 'noise'), 'left by a cut');
    assert.is(await bench.cache.collect(new Set([ONE])), 2);
    assert.is((await readdir(folder)).length, 2);
    assert.is(await bench.cache.collect(new Set()), 2);
    assert.equal(await readdir(folder), []);
  }));

test('a list that is damaged, or of another version, keeps nothing', () =>
  inFolder(async folder => {
    await stageFor(open(folder, '1.0.0'), ONE, [MIB]);
    const newer = open(folder, '2.0.0');
    assert.is(await newer.cache.collect(new Set([ONE])), 2);
    await stageFor(newer, ONE, [MIB]);
    await writeFile(join(folder, `of-${ONE}`), '../../slots/state.0\n'.repeat(9));
    assert.is(await newer.cache.collect(new Set([ONE])), 2);
    assert.equal(await readdir(folder), []);
  }));

test('a list is written once, and a disk that takes nothing costs nothing but time', () =>
  inFolder(async folder => {
    let writes = 0;
    const real = nodeFiles();
    const write: Files['write'] = (path, bytes) => {
      writes += 1;
      return real.write(path, bytes);
    };
    const counted: Files = { ...real, write };
    const bench = open(folder, '1.0.0', counted);
    await stageFor(bench, ONE, [MIB]);
    await stageFor(bench, ONE, [MIB]);
    assert.is(writes, 2);
    const full: Files = { ...real, write: () => Promise.reject(new Error('ENOSPC')) };
    await stageFor(open(folder, '1.0.0', full), TWO, [2 * MIB]);
    assert.is((await readdir(folder)).length, 2);
  }));

test('a thing that cannot be removed keeps nothing else from going', () =>
  inFolder(async folder => {
    const bench = open(folder);
    await mkdir(join(folder, '0-a-folder'));
    await stageFor(bench, ONE, [MIB]);
    assert.is(await bench.cache.collect(new Set()), 2);
    assert.equal(await readdir(folder), ['0-a-folder']);
  }));

test.run();
