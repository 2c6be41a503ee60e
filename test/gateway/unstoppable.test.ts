import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { watBinary } from '../../scripts/guests/wat-io.ts';
import { controllerText } from '../hostile/controller-text.ts';
import { GatewayUnderTest, until } from './gateway-under-test.ts';
import { CULPRIT, RELAY } from './releases.ts';

const test = suite('gateway: a controller whose worker cannot be ended');

/**
 * V8 looks for a request to end where functions begin and loops turn, but leaves that out where a
 * function only goes on in another one, and in loops that call into the engine.
 */
const LOOPS = {
  'a loop of tail calls': {
    guest: '(func $again (param i32) (return_call $again (local.get 0)))',
    message: '(call $again (i32.const 1))',
  },
  'a loop that fills memory': {
    memory: '100',
    message: '(loop (memory.fill (i32.const 65536) (i32.const 1) (i32.const 6000000)) (br 0))',
  },
} as const;

const gateway = await GatewayUnderTest.start();

test.after(() => gateway.close());

for (const [what, parts] of Object.entries(LOOPS)) {
  test(`${what} costs its neighbours two processes, and then it is quarantined`, async () => {
    const component = join(gateway.folder, 'culprit.wasm');
    await writeFile(component, await watBinary(controllerText(parts)));
    const culprit = {
      ...CULPRIT,
      component,
      memory: '8MiB',
      deadline: '500ms',
      restart: { intensity: 20, 'backoff-min': '10ms', 'backoff-max': '20ms' },
      grants: ['mqtt:main/site/culprit/do[sub]'],
    };
    const { a, b } = await gateway.slots();
    const sequence = Math.max(a?.sequence ?? 0, b?.sequence ?? 0) + 1;
    const version = `${sequence}.0.0`;
    await gateway.installParts({ version, sequence, controllers: [RELAY, culprit] });
    await gateway.relayAnswers();
    const before = (await gateway.status()).host;
    await gateway.publish('site/culprit/do', 'now');
    await until('the culprit is back', async () => {
      const found = await gateway.controller('culprit');
      return found?.state === 'running' && found.restarts === 1 ? true : null;
    });
    await gateway.relayAnswers();
    await gateway.publish('site/culprit/do', 'now');

    const ended = await gateway.reached('culprit', 'quarantined');
    assert.match(ended.message ?? '', /^unstoppable: .*took longer than 500 ms, and its worker/);
    await until('the neighbour is back', async () => {
      const { host, controllers } = await gateway.status();
      const relay = controllers.find(({ name }) => name === 'relay');
      return relay?.state === 'running' && host.starts === before.starts + 2 ? true : null;
    });
    await gateway.relayAnswers();
    const [cause] = await gateway.why('culprit');
    assert.is(cause?.kind, 'quarantine');
    assert.is((await gateway.status()).host.starts, before.starts + 2);
  });
}

test.run();
