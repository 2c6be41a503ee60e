import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Trap } from '../../runtime/linker/index.ts';
import {
  compiledGuest,
  SimulatedGateway,
  type SimulatedInstance,
} from '../examples/simulated-gateway.ts';

const shim = suite('guests: C shim');
const guest = await compiledGuest('misbehaves');
const relay = await compiledGuest('bench-relay');

const isTrap = (error: unknown): boolean => error instanceof Trap;

const misbehaving = (gateway: SimulatedGateway): SimulatedInstance => {
  const instance = gateway.activate(guest);
  assert.equal(instance.start(), { tag: 'ok', val: undefined });
  return instance;
};

shim('a message drives a line', () => {
  const gateway = new SimulatedGateway();
  gateway.lines.set('heater', 'inactive');
  const instance = gateway.activate(relay);
  instance.start();
  instance.message('site/relay/heater', 'on');
  instance.message('site/relay/heater', '0');
  assert.equal(gateway.writes, ['heater=active', 'heater=inactive']);
});

shim('an error case arrives as a code', () => {
  const gateway = new SimulatedGateway();
  misbehaving(gateway).message('a/b', 'denied');
  assert.equal(gateway.logs, ['info misbehaves: denied']);
});

shim('a start that refuses carries its text', () => {
  const gateway = new SimulatedGateway();
  gateway.config.set('in-start', 'refuse');
  const answer = gateway.activate(guest).start();
  assert.equal(answer, { tag: 'err', val: 'refused on purpose' });
});

shim('traps are traps, in start and in a handler', () => {
  const gateway = new SimulatedGateway();
  assert.throws(() => misbehaving(gateway).message('a/b', 'trap'), isTrap);
  assert.throws(() => misbehaving(gateway).message('a/b', 'stack-overflow'), isTrap);
  gateway.config.set('in-start', 'trap');
  assert.throws(() => gateway.activate(guest).start(), isTrap);
});

shim('a message larger than memory grows it, and the next one reuses it', () => {
  const gateway = new SimulatedGateway();
  const instance = misbehaving(gateway);
  const before = instance.memoryBytes;
  const payload = 'x'.repeat(200_000);
  instance.message('a/b', payload);
  const after = instance.memoryBytes;
  assert.ok(after > before);
  for (let index = 0; index < 20; index++) instance.message('a/b', payload);
  assert.is(instance.memoryBytes, after);
});

shim('a flood is delivered to the last line', () => {
  const gateway = new SimulatedGateway();
  misbehaving(gateway).message('a/b', 'log-flood');
  assert.is(gateway.logs.length, 100_000);
});

shim.run();
