import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { GatewayUnderTest, refusal } from './gateway-under-test.ts';
import { RELAY, signedRelease } from './releases.ts';

const test = suite('gateway: the disk is full');

const folder = mkdtempSync(join(tmpdir(), 'full-'));
const disk = mountSmallDisk(folder);

test.after(() => {
  if (disk) execFileSync('umount', [folder]);
  rmSync(folder, { recursive: true });
});

/** Needs root and a kernel that lets it mount: a container often does not. */
function mountSmallDisk(at: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', at], { stdio: 'ignore' });
    return true;
  } catch {
    process.stderr.write('SKIPPED: a small disk cannot be mounted here (needs root)\n');
    return false;
  }
}

const onSmallDisk = disk ? test : test.skip;

onSmallDisk('an install is refused, the release from before runs, and space mends it', async () => {
  const gateway = await GatewayUnderTest.start({ stateDirectory: join(folder, 'state') });
  try {
    await gateway.installParts({ controllers: [RELAY] });
    const before = await gateway.slots();
    const parts = { version: '2.0.0', sequence: 2, controllers: [RELAY] };
    const next = await signedRelease(parts, gateway.site.key);
    fill(join(folder, 'filler'));
    const refused = await refusal(gateway.install(next));
    assert.is(refused.code, 'DEPLOY_DISK_FULL', refused.message);
    assert.is((await gateway.controller('relay'))?.version, '1.0.0');
    await gateway.relayAnswers();
    rmSync(join(folder, 'filler'));
    const { a, b } = await gateway.slots();
    assert.equal([a, b?.version ?? null], [before.a, null]);
    assert.is((await gateway.install(next)).version, '2.0.0');
    await gateway.relayAnswers();
  } finally {
    await gateway.close();
  }
});

for (const state of ['full', 'read-only'] as const) {
  onSmallDisk(`the committed release runs again after a restart on a ${state} disk`, async () => {
    const gateway = await GatewayUnderTest.start({ stateDirectory: join(folder, state) });
    try {
      await gateway.installParts({ controllers: [RELAY] });
      await gateway.stopDaemon();
      if (state === 'full') fill(join(folder, 'filler'));
      else execFileSync('mount', ['-o', 'remount,ro', folder]);
      await gateway.startDaemon();
      await gateway.reached('relay', 'running');
      await gateway.relayAnswers();
      const { problems, verdict } = await gateway.status();
      assert.is(verdict, 'degraded');
      const words = problems.map(({ what }) => what).join('\n');
      assert.match(words, 'could not be written at the start');
      if (state === 'read-only') assert.match(words, 'the audit log cannot be written');
      const loud = (await gateway.logs()).filter(({ level }) => level === 'error');
      assert.match(loud.map(({ message }) => message).join('\n'), 'could not be written');
    } finally {
      await gateway.close();
      if (state === 'full') rmSync(join(folder, 'filler'), { force: true });
      else execFileSync('mount', ['-o', 'remount,rw', folder]);
    }
  });
}

/** Writes until nothing more fits, in smaller and smaller pieces. */
function fill(path: string): void {
  for (const bytes of [64 * 1_024, 4_096, 512, 1]) {
    for (;;) {
      try {
        writeFileSync(path, Buffer.alloc(bytes), { flag: 'a' });
      } catch {
        break;
      }
    }
  }
}

test.run();
