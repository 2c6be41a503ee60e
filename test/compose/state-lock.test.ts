import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { errorCode } from '../../runtime/base/errors.ts';
import { lockState } from '../../runtime/compose/state-lock.ts';

const test = suite('compose/state-lock');

const MODULE = join(import.meta.dirname, '../../runtime/compose/state-lock.ts');
const root = mkdtempSync(join(tmpdir(), 'lock-'));
const disk = join(root, 'disk');
const mounted = mountSmallDisk();
const onSmallDisk = mounted ? test : test.skip;

test.after(() => {
  if (mounted) execFileSync('umount', [disk]);
  rmSync(root, { recursive: true });
});

/** Needs root and a kernel that lets it mount: a container often does not. */
function mountSmallDisk(): boolean {
  execFileSync('mkdir', [disk]);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', disk], { stdio: 'ignore' });
    return true;
  } catch {
    process.stderr.write('SKIPPED: a small disk cannot be mounted here (needs root)\n');
    return false;
  }
}

/** What another process gets that asks for the same folder. */
function elsewhere(folder: string): string {
  const script = `import(${JSON.stringify(MODULE)}).then(({ lockState }) => {
    try { lockState(${JSON.stringify(folder)}); console.log('locked'); }
    catch (error) { console.log(error.code); }
  })`;
  return execFileSync(process.execPath, ['-e', script], { encoding: 'utf8' }).trim();
}

test('the lock is held by one process at a time', () => {
  const lock = lockState(join(root, 'plain'));
  assert.is(lock.notice, null);
  assert.is(elsewhere(join(root, 'plain')), 'GATEWAY_STATE_IN_USE');
  lock.release();
  assert.is(elsewhere(join(root, 'plain')), 'locked');
});

test('a damaged lock file is emptied and held', () => {
  const folder = join(root, 'damaged');
  lockState(folder).release();
  for (const length of [10, 600, 5_000]) {
    writeFileSync(join(folder, 'lock'), Buffer.alloc(length, 0x5a));
    const lock = lockState(folder);
    assert.is(statSync(join(folder, 'lock')).size, 0);
    assert.is(elsewhere(folder), 'GATEWAY_STATE_IN_USE');
    lock.release();
  }
});

test('what cannot be locked at all is named', () => {
  const folder = join(root, 'folder-for-file');
  execFileSync('mkdir', ['-p', join(folder, 'lock')]);
  try {
    lockState(folder);
    assert.unreachable();
  } catch (error) {
    assert.is(errorCode(error), 'GATEWAY_STATE_DIRECTORY');
    assert.match(String(error), 'its file lock');
  }
});

onSmallDisk('on a full disk the lock is held as on any other', () => {
  const folder = join(disk, 'state');
  lockState(folder).release();
  for (const bytes of [4_096, 1]) {
    try {
      for (;;) writeFileSync(join(disk, 'filler'), Buffer.alloc(bytes), { flag: 'a' });
    } catch {
      // ENOSPC: pieces of this size no longer fit, which is the aim.
    }
  }
  const lock = lockState(folder);
  assert.is(elsewhere(folder), 'GATEWAY_STATE_IN_USE');
  lock.release();
});

onSmallDisk('a folder that nobody can write is used without a lock, and says so', () => {
  const folder = join(disk, 'state');
  lockState(folder).release();
  execFileSync('mount', ['-o', 'remount,ro', disk]);
  const lock = lockState(folder);
  assert.match(lock.notice ?? '', 'read-only');
  assert.is(elsewhere(folder), 'locked');
  lock.release();
  assert.match(lockState(disk).notice ?? '', 'read-only', 'no lock file either');
});

test.run();
