import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { nodeFiles } from '../../drivers/files/node-files.ts';
import { errorCode } from '../../runtime/base/errors.ts';
import { sha256 } from '../../runtime/base/sha256.ts';
import { contentStore } from '../../runtime/deploy/content-store.ts';
import { EMPTY_RECORD } from '../../runtime/deploy/slot-record.ts';
import { slotStore } from '../../runtime/deploy/slot-store.ts';
import { inThreadVerifier } from '../../runtime/manifest/release-verifier.ts';
import type { Files } from '../../runtime/ports/files.ts';
import {
  BLOB_BYTES_MAX,
  bench,
  envelope,
  flaws,
  inFolder,
  starting,
  stopInTrial,
  until,
} from './deployer-bench.ts';

/**
 * The deployer over the real file system. Releases are short texts `VERSION [flaw]`, so that the
 * tests speak of slots only; verification and guests have tests of their own.
 */
const test = suite('deploy/deployer');

test('a first release is installed, and runs again after a restart', () =>
  inFolder(async folder => {
    const first = await bench(folder);
    await first.deployer.boot();
    assert.is(first.deployer.running(), null);
    await first.deployer.install(envelope('1.0.0'));
    assert.equal(first.alive, ['1.0.0']);

    const second = await bench(folder);
    await second.deployer.boot();
    assert.equal(second.alive, ['1.0.0']);
    assert.is(second.deployer.running()?.slot, 'a');
  }));

test('a release that fails its health is taken back, remembered, and not tried again', () =>
  inFolder(async folder => {
    const { deployer, alive, events } = await bench(folder);
    await deployer.boot();
    await deployer.install(envelope('1.0.0'));
    flaws.add('2.0.0 health');
    const code = await deployer.install(envelope('2.0.0')).then(() => '', errorCode);
    assert.is(code, 'DEPLOY_TRIAL_FAILED');
    assert.equal(alive, ['1.0.0']);
    assert.ok(events.some(event => event.kind === 'trial-failed' && event.cause === 'unhealthy'));
    flaws.clear();
    assert.is(
      await deployer.install(envelope('2.0.0')).then(() => '', errorCode),
      'DEPLOY_KNOWN_BAD',
    );
    await deployer.install(envelope('3.0.0'));
    assert.equal(alive, ['3.0.0']);
  }));

test('a first release that fails leaves a gateway that runs nothing and takes the next one', () =>
  inFolder(async folder => {
    const { deployer, alive } = await bench(folder);
    await deployer.boot();
    flaws.add('1.0.0 start');
    assert.is(
      await deployer.install(envelope('1.0.0')).then(() => '', errorCode),
      'DEPLOY_TRIAL_FAILED',
    );
    assert.equal(alive, []);
    await deployer.install(envelope('2.0.0'));
    assert.equal(alive, ['2.0.0']);
  }));

test('a refused release changes neither record nor store', () =>
  inFolder(async folder => {
    const { deployer, events } = await bench(folder);
    await deployer.boot();
    await deployer.install(envelope('2.0.0'));
    const before = deployer.record();
    for (const text of ['3.0.0 forged', '1.0.0', '2.0.0 other', '2.0.0']) {
      await deployer.install(envelope(text)).then(
        () => assert.unreachable(text),
        () => undefined,
      );
    }
    assert.equal(deployer.record(), before);
    assert.is(events.filter(event => event.kind === 'refused').length, 4);
    const shards = await readdir(join(folder, 'releases'));
    assert.is(shards.filter(name => name !== 'incoming').length, 1);
  }));

test('bytes on the disk that are not those that were verified never come to a trial', () =>
  inFolder(async folder => {
    const real = nodeFiles();
    const forges: Files = {
      ...real,
      write: (path, bytes) =>
        real.write(path, path.includes('/incoming/') ? Uint8Array.from(bytes).fill(0x31) : bytes),
    };
    const first = await bench(folder);
    await first.deployer.boot();
    await first.deployer.install(envelope('1.0.0'));
    const { deployer, alive } = await bench(folder, forges);
    await deployer.boot();
    const code = await deployer.install(envelope('2.0.0')).then(() => '', errorCode);
    assert.is(code, 'DEPLOY_STORE_DAMAGED');
    assert.equal(alive, ['1.0.0']);
    assert.is(deployer.record().active, 'a');
    assert.is(deployer.record().slots.b, null);
  }));

test('a rollback returns to the other slot and survives a restart', () =>
  inFolder(async folder => {
    const { deployer, alive } = await bench(folder);
    await deployer.boot();
    await deployer.install(envelope('1.0.0'));
    await deployer.install(envelope('2.0.0'));
    await deployer.rollback('operator asked');
    assert.equal(alive, ['1.0.0']);
    const again = await bench(folder);
    await again.deployer.boot();
    assert.equal(again.alive, ['1.0.0']);
    assert.match(again.deployer.record().lastCause ?? '', 'operator asked');
  }));

test('a rollback that cannot start leaves the release running that ran', () =>
  inFolder(async folder => {
    const { deployer, alive } = await bench(folder);
    await deployer.boot();
    await deployer.install(envelope('1.0.0'));
    await deployer.install(envelope('2.0.0'));
    flaws.add('1.0.0 start');
    assert.is(await deployer.rollback('x').then(() => '', errorCode), 'DEPLOY_ROLLBACK_FAILED');
    assert.equal(alive, ['2.0.0']);
    assert.is(deployer.record().active, 'b');
  }));

test('a damaged envelope of the active slot sends the gateway to the other release', () =>
  inFolder(async folder => {
    const { deployer } = await bench(folder);
    await deployer.boot();
    await deployer.install(envelope('1.0.0'));
    await deployer.install(envelope('2.0.0'));
    const digest = deployer.record().slots.b?.envelopeDigest ?? '';
    await writeFile(join(folder, 'releases', digest.slice(0, 2), digest), 'noise');
    const again = await bench(folder);
    await again.deployer.boot();
    assert.equal(again.alive, ['1.0.0']);
    assert.ok(again.events.some(event => event.kind === 'rolled-back'));
  }));

test('a start without a verdict asks again, and takes no release back for it', () =>
  inFolder(async folder => {
    const { deployer } = await bench(folder);
    await deployer.boot();
    await deployer.install(envelope('1.0.0'));
    await deployer.install(envelope('2.0.0'));
    flaws.add('no verdict');
    const again = await bench(folder);
    await again.deployer.boot();
    assert.equal(again.alive, ['2.0.0']);
    assert.is(again.events.length, 1, 'started, and nothing else');
  }));

test('an installation without a verdict is refused and changes nothing', () =>
  inFolder(async folder => {
    const { deployer, alive } = await bench(folder);
    await deployer.boot();
    await deployer.install(envelope('1.0.0'));
    const before = deployer.record();
    flaws.add('no verdict');
    const code = await deployer.install(envelope('2.0.0')).then(() => '', errorCode);
    assert.is(code, 'VERIFIER_LOST');
    assert.equal(deployer.record(), before);
    assert.equal(alive, ['1.0.0']);
    await deployer.install(envelope('2.0.0'));
  }));

test('a release with a long text of failure is taken back, and the gateway remembers it', () =>
  inFolder(async folder => {
    const { deployer } = await bench(folder);
    await deployer.boot();
    await deployer.install(envelope('2.0.0'));
    await deployer.install(envelope('3.0.0'));
    await deployer.rollback('x'.repeat(600));
    const again = await bench(folder);
    await again.deployer.boot();
    assert.equal(again.alive, ['2.0.0']);
    assert.is(again.deployer.trouble(), null);
    assert.is(
      await again.deployer.install(envelope('1.0.0')).then(() => '', errorCode),
      'DEPLOY_DOWNGRADE',
    );
  }));

test('a record that could not be read again is not written', () =>
  inFolder(async folder => {
    const store = slotStore(nodeFiles(), folder);
    await store.save({ ...EMPTY_RECORD, generation: 1 });
    const long = { ...EMPTY_RECORD, generation: 2, lastCause: 'x'.repeat(600) };
    assert.is(await store.save(long).then(() => '', errorCode), 'DEPLOY_IO');
    assert.equal(await readdir(folder), ['state.1']);
    assert.equal(await store.load(), { record: { ...EMPTY_RECORD, generation: 1 }, damage: null });
  }));

test('with both records damaged nothing runs or installs, until they are moved aside', () =>
  inFolder(async folder => {
    const { deployer } = await bench(folder);
    await deployer.boot();
    await deployer.install(envelope('2.0.0'));
    for (const name of ['state.0', 'state.1']) await writeFile(join(folder, name), 'noise');
    const { deployer: again, alive, events } = await bench(folder);
    await again.boot();
    assert.equal(alive, []);
    assert.ok(events.some(event => event.kind === 'record-damaged' && event.lost));
    assert.match(again.trouble() ?? '', 'Move state.0 and state.1');
    const install = await again.install(envelope('1.0.0')).then(() => '', errorCode);
    const rollback = await again.rollback('x').then(() => '', errorCode);
    assert.equal([install, rollback], ['DEPLOY_RECORD_DAMAGED', 'DEPLOY_RECORD_DAMAGED']);
    const shards = await readdir(join(folder, 'releases'));
    assert.is(shards.filter(name => name !== 'incoming').length, 1, 'no envelope is collected');

    for (const name of ['state.0', 'state.1']) await rm(join(folder, name));
    const fresh = await bench(folder);
    await fresh.deployer.boot();
    assert.is(fresh.deployer.trouble(), null);
    await fresh.deployer.install(envelope('1.0.0'));
    assert.equal(fresh.alive, ['1.0.0']);
  }));

test('one damaged record leaves the other in force, and says so', () =>
  inFolder(async folder => {
    const { deployer } = await bench(folder);
    await deployer.boot();
    await deployer.install(envelope('1.0.0'));
    const older = (deployer.record().generation + 1) % 2;
    await writeFile(join(folder, `state.${older}`), 'noise');
    const { deployer: again, alive, events } = await bench(folder);
    await again.boot();
    assert.equal(alive, ['1.0.0']);
    assert.ok(events.some(event => event.kind === 'record-damaged' && !event.lost));
    await again.install(envelope('2.0.0'));
  }));

test('the first write of a new gateway, torn, leaves a new gateway', () =>
  inFolder(async folder => {
    await writeFile(join(folder, 'state.1'), '1234');
    const { deployer, alive } = await bench(folder);
    await deployer.boot();
    await deployer.install(envelope('1.0.0'));
    assert.equal(alive, ['1.0.0']);
  }));

test('a stop during a trial condemns nothing, and the trial goes on at the next start', () =>
  inFolder(async folder => {
    const { deployer, alive, events } = await bench(folder);
    await deployer.boot();
    await deployer.install(envelope('1.0.0'));
    for (const flaw of ['2.0.0 undecided', '2.0.0 slow']) {
      flaws.add(flaw);
      const { deployer: one, alive: runs } = flaw.endsWith('slow')
        ? await bench(folder)
        : { deployer, alive };
      const task = flaw.endsWith('slow') ? one.boot() : one.install(envelope('2.0.0'));
      const ended = task.then(() => '', errorCode);
      await until(() => (flaw.endsWith('slow') ? starting.has('2.0.0') : runs.includes('2.0.0')));
      const before = one.record();
      assert.is(before.trial?.slot, 'b', flaw);
      await one.close();
      assert.is(await ended, flaw.endsWith('slow') ? '' : 'DEPLOY_BUSY');
      assert.equal([one.record(), one.record().bad, runs], [before, [], []], flaw);
    }
    assert.not(events.some(event => event.kind === 'trial-failed'));

    flaws.clear();
    const last = await bench(folder);
    await last.deployer.boot();
    assert.equal(last.alive, ['2.0.0']);
    assert.is(last.deployer.record().slots.b?.state, 'good');
    assert.equal(last.deployer.record().bad, []);
  }));

test('stops during a trial use up its tries', () =>
  inFolder(async folder => {
    await stopInTrial(folder);
    for (let left = 2; left > 0; left -= 1) {
      const one = await bench(folder);
      const boot = one.deployer.boot();
      await until(() => one.alive.includes('2.0.0'));
      assert.is(one.deployer.record().trial?.triesLeft, left - 1);
      await one.deployer.close();
      await boot;
    }
    const last = await bench(folder);
    await last.deployer.boot();
    assert.equal(last.alive, ['1.0.0']);
    assert.is(last.deployer.record().slots.b?.state, 'bad');
  }));

test('the envelope of a failed trial is removed, at once or at the next start', () =>
  inFolder(async folder => {
    const stored = async () => {
      const all = await readdir(join(folder, 'releases'), { recursive: true });
      return all.filter(name => name.length > 64).length;
    };
    const { deployer } = await bench(folder);
    await deployer.boot();
    await deployer.install(envelope('1.0.0'));
    flaws.add('2.0.0 health');
    await deployer.install(envelope('2.0.0')).catch(() => undefined);
    assert.is(await stored(), 1);
    await contentStore(
      nodeFiles(),
      inThreadVerifier(),
      join(folder, 'releases'),
      BLOB_BYTES_MAX,
    ).put(envelope('left over'), sha256(envelope('left over')));
    assert.is(await stored(), 2);
    const again = await bench(folder);
    await again.deployer.boot();
    assert.equal(again.alive, ['1.0.0']);
    assert.is(await stored(), 1);
  }));

test('a disk that takes no record keeps no committed release from running', () =>
  inFolder(async folder => {
    await stopInTrial(folder);

    const again = await bench(folder, cutFiles(0));
    await again.deployer.boot();
    assert.equal(again.alive, ['1.0.0']);
    assert.ok(again.events.some(event => event.kind === 'record-unsaved'));
    assert.is(
      await again.deployer.install(envelope('3.0.0')).then(() => '', errorCode),
      'DEPLOY_IO',
    );
    assert.equal(again.alive, ['1.0.0']);

    flaws.clear();
    const last = await bench(folder);
    await last.deployer.boot();
    assert.equal(last.alive, ['2.0.0']);
  }));

test('a disk that fills up during a trial keeps no release from being taken back', () =>
  inFolder(async folder => {
    const real = nodeFiles();
    let full = false;
    const write: Files['write'] = (path, bytes) =>
      full ? Promise.reject(new Error('full')) : real.write(path, bytes);
    const { deployer, alive } = await bench(folder, { ...real, write });
    await deployer.boot();
    await deployer.install(envelope('1.0.0'));
    flaws.add('2.0.0 slow').add('2.0.0 health');
    const trial = deployer.install(envelope('2.0.0')).then(() => '', errorCode);
    await until(() => starting.has('2.0.0'));
    full = true;
    assert.is(await trial, 'DEPLOY_TRIAL_FAILED');
    assert.equal(alive, ['1.0.0']);
    full = false;
    await deployer.install(envelope('3.0.0'));
    const again = await bench(folder);
    await again.deployer.boot();
    assert.equal(again.alive, ['3.0.0']);
  }));

test('an installation that comes during a start waits for it, and a rollback is refused', () =>
  inFolder(async folder => {
    const first = await bench(folder);
    await first.deployer.boot();
    await first.deployer.install(envelope('1.0.0'));
    flaws.add('1.0.0 slow');
    const { deployer, alive } = await bench(folder);
    const boot = deployer.boot();
    const installed = deployer.install(envelope('2.0.0'));
    const other = deployer.install(envelope('3.0.0')).then(() => '', errorCode);
    assert.is(await deployer.rollback('asked').then(() => '', errorCode), 'DEPLOY_BUSY');
    await until(() => starting.has('1.0.0'));
    assert.equal(alive, []);
    await boot;
    assert.is((await installed).release.version, '2.0.0');
    assert.is(await other, 'DEPLOY_BUSY');
    flaws.clear();
  }));

test('a start that is stopped refuses the installation that waits for it', () =>
  inFolder(async folder => {
    const first = await bench(folder);
    await first.deployer.boot();
    await first.deployer.install(envelope('1.0.0'));
    flaws.add('1.0.0 slow');
    const { deployer } = await bench(folder);
    const boot = deployer.boot();
    const waiting = deployer.install(envelope('2.0.0')).then(() => '', errorCode);
    await until(() => starting.has('1.0.0'));
    await deployer.close();
    await boot;
    assert.is(await waiting, 'DEPLOY_BUSY');
    assert.is(deployer.record().slots.b, null);
    flaws.clear();
  }));

test('a second operation is refused while one runs', () =>
  inFolder(async folder => {
    const { deployer } = await bench(folder);
    await deployer.boot();
    const first = deployer.install(envelope('1.0.0'));
    assert.is(await deployer.install(envelope('2.0.0')).then(() => '', errorCode), 'DEPLOY_BUSY');
    await first;
  }));

test('a cut after any file operation of an update leaves a whole release to run', () =>
  inFolder(async root => {
    let cutAfter = 0;
    let done = false;
    while (!done) {
      const folder = join(root, `cut-${cutAfter}`);
      await nodeFiles().makeFolder(folder);
      const first = await bench(folder);
      await first.deployer.boot();
      await first.deployer.install(envelope('1.0.0'));
      const cut = await bench(folder, cutFiles(cutAfter));
      await cut.deployer.boot().catch(() => undefined);
      done = await cut.deployer.install(envelope('2.0.0')).then(
        () => true,
        () => false,
      );
      const after = await bench(folder);
      await after.deployer.boot();
      assert.is(after.alive.length, 1, `cut after operation ${cutAfter}`);
      assert.ok(['1.0.0', '2.0.0'].includes(after.alive[0] ?? ''), `cut after ${cutAfter}`);
      if (done) assert.equal(after.alive, ['2.0.0']);
      cutAfter += 1;
    }
    assert.ok(cutAfter >= 20, `only ${cutAfter} operations were cut`);
  }));

/** Files that work for a number of changing operations, tear the next write, and then fail. */
function cutFiles(operations: number): Files {
  const real = nodeFiles();
  let left = operations;
  const step = async (work: () => Promise<void>, torn?: () => Promise<void>) => {
    left -= 1;
    if (left === -1) await torn?.();
    if (left < 0) throw new Error('power cut');
    await work();
  };
  return {
    read: real.read,
    list: real.list,
    write: (path, bytes) =>
      step(
        () => real.write(path, bytes),
        () => real.write(path, bytes.subarray(0, bytes.length >> 1)),
      ),
    sync: path => step(() => real.sync(path)),
    rename: (from, to) => step(() => real.rename(from, to)),
    remove: path => step(() => real.remove(path)),
    makeFolder: path => step(() => real.makeFolder(path)),
    syncFolder: path => step(() => real.syncFolder(path)),
  };
}

test.run();
