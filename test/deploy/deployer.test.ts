import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { nodeFiles } from '../../drivers/files/node-files.ts';
import { errorCode } from '../../runtime/base/errors.ts';
import { sha256 } from '../../runtime/base/sha256.ts';
import { contentStore } from '../../runtime/deploy/content-store.ts';
import { createDeployer, type DeployEvent, type Deployer } from '../../runtime/deploy/deployer.ts';
import { slotStore } from '../../runtime/deploy/slot-store.ts';
import type { Release } from '../../runtime/manifest/release.ts';
import { inThreadVerifier, VerifierError } from '../../runtime/manifest/release-verifier.ts';
import type { Files } from '../../runtime/ports/files.ts';
import { testTrust } from '../manifest/support/signed-release.ts';

/**
 * The deployer over the real file system. Releases are short texts `VERSION [flaw]`, so that the
 * tests speak of slots only; verification and guests have tests of their own.
 */
const test = suite('deploy/deployer');

const BLOB_BYTES_MAX = 1024;

interface Bench {
  readonly deployer: Deployer;
  readonly events: DeployEvent[];
  /** Versions started and not stopped, oldest first. */
  readonly alive: string[];
}

function release(text: string): Release {
  const version = text.split(' ')[0] ?? '';
  return {
    name: 'heating',
    sequence: Number(version.split('.')[0]),
    version,
    vendor: 'example.com',
    gatewayClass: 'gateway',
    minimumRuntime: '0.1.0',
    description: '',
    controllers: [],
  };
}

async function bench(folder: string, files: Files = nodeFiles()): Promise<Bench> {
  const events: DeployEvent[] = [];
  const alive: string[] = [];
  const deployer = createDeployer({
    slots: slotStore(files, folder),
    envelopes: contentStore(
      files,
      inThreadVerifier(testTrust(1)),
      join(folder, 'releases'),
      BLOB_BYTES_MAX,
    ),
    makeReady: async bytes => {
      const text = new TextDecoder().decode(bytes);
      if (flaws.delete('no verdict')) throw new VerifierError('VERIFIER_LOST', 'thread ended');
      if (text.includes('forged')) throw new Error('signature does not match');
      const digest = sha256(bytes);
      return {
        release: release(text),
        manifestDigest: digest,
        artifacts: new Map(),
        envelope: bytes,
        envelopeDigest: digest,
      };
    },
    start: async ready => {
      const text = ready.release.version;
      if (flaws.has(`${text} start`)) throw new Error('refused to start');
      alive.push(text);
      return {
        proven: flaws.has(`${text} health`)
          ? Promise.reject(new Error('unhealthy'))
          : Promise.resolve(),
        stop: async () => {
          alive.splice(alive.indexOf(text), 1);
        },
      };
    },
    onEvent: event => events.push(event),
  });
  return { deployer, events, alive };
}

const flaws = new Set<string>();
const envelope = (text: string) => new TextEncoder().encode(text);

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'deployer-'));
  try {
    await work(folder);
  } finally {
    flaws.clear();
    await rm(folder, { recursive: true });
  }
}

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
