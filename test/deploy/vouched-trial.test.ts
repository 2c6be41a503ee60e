import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { errorCode } from '../../runtime/base/errors.ts';
import { sha256 } from '../../runtime/base/sha256.ts';
import {
  bench,
  envelope,
  flaws,
  inFolder,
  starting,
  stopInTrial,
  until,
} from './deployer-bench.ts';

const test = suite('deploy/deployer: whom to trust changes meanwhile');

test.after.each(() => flaws.clear());

test('a trial that nobody vouches for at a start is over, and the committed release runs', () =>
  inFolder(async folder => {
    await stopInTrial(folder);
    flaws.add('2.0.0 unverifiable');
    const again = await bench(folder);
    await again.deployer.boot();
    assert.equal(again.alive, ['1.0.0']);
    assert.is(again.deployer.record().trial, null);
    assert.is(again.deployer.record().slots.b?.state, 'bad');
    assert.ok(again.events.some(event => event.kind === 'trial-failed'));
  }));

test('what nobody vouches for any more when its trial ends is taken back', () =>
  inFolder(async folder => {
    const { deployer, alive } = await bench(folder);
    await deployer.boot();
    await deployer.install(envelope('1.0.0'));
    flaws.add('2.0.0 slow');
    const task = deployer.install(envelope('2.0.0')).then(() => '', errorCode);
    await until(() => starting.has('2.0.0'));
    flaws.add(`revoked ${sha256(envelope('2.0.0'))}`);
    assert.is(await task, 'DEPLOY_TRIAL_FAILED');
    assert.equal(alive, ['1.0.0']);
    assert.is(deployer.record().floors.get('release')?.sequence, 1);
  }));

test.run();
