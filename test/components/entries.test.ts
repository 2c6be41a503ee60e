import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createSystemClock } from '../../drivers/clock/system-clock.ts';
import { createSystemRandom } from '../../drivers/random/system-random.ts';
import { errorCode } from '../../runtime/base/errors.ts';
import { spawnComponentHost } from '../../runtime/components/component-host-io.ts';
import { spawnStage } from '../../runtime/components/stage-io.ts';
import { watBinary } from '../../scripts/guests/wat-io.ts';
import { contractDigest, exportFunctions, importFunctions } from '../../wit/generated/contract.ts';
import { alone } from './support/alone.ts';

const test = suite('components/entries');
const clock = createSystemClock();
const random = createSystemRandom();
const contract = { imports: importFunctions, exports: exportFunctions, digest: contractDigest };
const EMPTY = '(component)';

test('the program starts its own host, worker and stage from the sources', async () => {
  const keepRunning = setInterval(() => {}, 1_000);
  const host = spawnComponentHost({
    contract,
    clock,
    random,
    slots: 1,
    onViolation: message => assert.unreachable(message),
    onOutput: () => {},
  });
  try {
    const stage = spawnStage({ clock, deadlineMs: 60_000 });
    const artifact = await stage.stage(await watBinary(EMPTY), { memoryBytesMax: 65_536 });
    assert.equal(artifact.shape, { imports: [], exports: [] });
    const component = await host.prepare(alone(artifact));
    const instance = await host.activate({
      component,
      snapshot: {
        identity: { name: 'empty', version: '1.0.0', slot: 'b', instance: 3n },
        granted: ['gpio:heater dir=out'],
        config: [['key', 'value']],
      },
      limits: { memoryBytesMax: 65_536, callDeadlineMs: 1_000, callsInFlightMax: 1 },
      onHostCall: () => undefined,
      onLog: () => {},
    });
    assert.not(exportFunctions.some((_, id) => instance.exports(id)));
    component.release();
    await instance.kill({ kind: 'stopped' });
    assert.is(host.status().state, 'running');
  } finally {
    await host.close();
    clearInterval(keepRunning);
  }
});

test('a host of another build is not spoken to and not started again', async () => {
  const keepRunning = setInterval(() => {}, 1_000);
  const violations: string[] = [];
  const host = spawnComponentHost({
    contract: { ...contract, digest: 'another' },
    clock,
    random,
    slots: 1,
    onViolation: message => violations.push(message),
    onOutput: () => {},
  });
  try {
    const artifact = {
      digest: '',
      shape: { imports: [], exports: [] },
      plan: Buffer.from('null'),
      modules: [],
    };
    const code = await host.prepare(alone(artifact)).then(() => 'none', errorCode);
    assert.is(code, 'COMPONENT_HOST_LOST');
    assert.is(host.status().state, 'stopped');
    assert.is(host.status().starts, 1);
    assert.is(violations.length, 1);
  } finally {
    await host.close();
    clearInterval(keepRunning);
  }
});

test.run();
