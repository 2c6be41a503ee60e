import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Trap } from '../../runtime/linker/index.ts';
import {
  compiledGuest,
  SimulatedGateway,
  type SimulatedInstance,
} from '../examples/simulated-gateway.ts';

const sdk = suite('sdk: what authors meet, in a real guest');
const guest = await compiledGuest('throws');

interface Bench {
  readonly gateway: SimulatedGateway;
  readonly instance: SimulatedInstance;
}

const started = (): Bench => {
  const gateway = new SimulatedGateway();
  const instance = gateway.activate(guest);
  assert.equal(instance.start(), { tag: 'ok', val: undefined });
  return { gateway, instance };
};

const isTrap = (error: unknown): boolean => error instanceof Trap;

sdk('an exception in start refuses the start with its message', () => {
  const gateway = new SimulatedGateway();
  const answer = gateway.activate(guest).start('update', 'refuse');
  assert.equal(answer, { tag: 'err', val: 'refused on purpose' });
  assert.match(gateway.logs[0] ?? '', 'refused on purpose');
});

sdk('an exception in a handler is logged with its stack and traps', () => {
  const { gateway, instance } = started();
  assert.throws(() => instance.message('a/b', 'throw'), isTrap);
  assert.match(gateway.logs[0] ?? '', /^error on-message: Error: thrown on purpose\n\s+at /);
});

sdk('a refusal that nobody handles names call and code, and traps', () => {
  const { gateway, instance } = started();
  assert.throws(() => instance.message('a/b', 'denied'), isTrap);
  assert.match(gateway.logs[0] ?? '', 'HostError: gpio.write("not-granted"): denied');
});

sdk('a refusal that is handled carries its code', () => {
  const { gateway, instance } = started();
  instance.message('a/b', 'caught');
  const line = 'info : HostError denied 0 gpio.write("not-granted"): denied';
  assert.equal(gateway.logs, [line]);
});

sdk('endless recursion in a handler ends the instance', () => {
  assert.throws(() => started().instance.message('a/b', 'recurse'), isTrap);
});

sdk('the engine reads the time of the gateway', () => {
  const { gateway, instance } = started();
  gateway.nowMs = Date.UTC(2026, 0, 2, 3, 4, 5);
  instance.message('a/b', 'time');
  assert.equal(gateway.logs, ['info : 2026-01-02T03:04:05.000Z']);
});

sdk('text beyond ASCII passes both ways', () => {
  const { gateway, instance } = started();
  instance.message('küche/🌡', '21 °C 🔥');
  assert.equal(gateway.logs, ['info : küche/🌡 21 °C 🔥']);
});

sdk('health is what the controller says', () => {
  assert.equal(started().instance.health(), { tag: 'degraded', val: 'on purpose' });
});

sdk.run();
