import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PATIENT_RELAY } from './culprit-cases.ts';
import { GatewayUnderTest, until } from './gateway-under-test.ts';
import { CULPRIT } from './releases.ts';

const test = suite('gateway: V8 aborts in component-host');

/**
 * At SIGUSR2, a worker of component-host does what the caps keep guests from: one allocation far
 * beyond its heap. V8 then ends the whole process, which a worker's limits do not prevent. Where
 * they do end the worker first, another one tries.
 */
const ABORT_AT_SIGNAL = `
import { Worker as AbortingWorker } from 'node:worker_threads';
function abortV8() {
  const resourceLimits = { maxOldGenerationSizeMb: 16 };
  const code = 'new Array(30000000).fill(1.5)';
  new AbortingWorker(code, { eval: true, resourceLimits }).on('error', abortV8);
}
process.on('SIGUSR2', abortV8);
`;

const gateway = await GatewayUnderTest.start({
  programs: folder => appendFile(join(folder, 'component-host.js'), ABORT_AT_SIGNAL),
});
await gateway.installParts({
  controllers: [PATIENT_RELAY, { ...CULPRIT, memory: '8MiB', deadline: '5s' }],
});
const changes = gateway.watch(['heater']);

test.after(() => gateway.close());

test('heap out of memory: outputs go safe, the gateway goes on, everything returns', async () => {
  for (let aborts = 0; aborts < 2; aborts += 1) {
    await gateway.reached('culprit', 'running');
    await gateway.publish('site/culprit/do', 'on');
    await gateway.lineBecomes('heater', 'active');
    changes.length = 0;
    const { host } = await gateway.status();
    process.kill(host.pid ?? Number.NaN, 'SIGUSR2');
    await until('another component-host runs', async () => {
      const now = (await gateway.status()).host;
      return (now.state === 'running' && now.starts === host.starts + 1) || null;
    });
    assert.is(await gateway.line('heater'), 'inactive');
    assert.equal(
      changes.map(({ state }) => state),
      ['inactive'],
    );
    await gateway.reached('culprit', 'running');
    await gateway.reached('relay', 'running');
    await gateway.relayAnswers();
  }
  const [cause] = await gateway.why('relay');
  assert.is(cause?.kind, 'restart');
  assert.match(cause?.causedBy[0] ?? '', /^host-lost: .*SIGABRT/);
  // It was V8 and nobody's signal.
  assert.match(gateway.output(), /heap out of memory|Allocation failed/);
});

test.run();
