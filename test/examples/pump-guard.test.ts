import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { compiledGuest, SimulatedGateway, type SimulatedInstance } from './simulated-gateway.ts';

const pumpGuard = suite('examples/pump-guard: the component');
const guest = await compiledGuest('pump-guard');

interface Bench {
  readonly gateway: SimulatedGateway;
  readonly instance: SimulatedInstance;
}

/** A started guard on a sump whose floats are as given. */
const started = (low: string, high: string): Bench => {
  const gateway = new SimulatedGateway();
  gateway.lines.set('pump', 'active').set('float-low', low).set('float-high', high);
  gateway.config.set('max-run-ms', '30000').set('rest-ms', '10000');
  const instance = gateway.activate(guest);
  assert.equal(instance.start(), { tag: 'ok', val: undefined });
  return { gateway, instance };
};

pumpGuard('is a few kilobytes and holds one page or two of memory', () => {
  const { instance } = started('inactive', 'inactive');
  const bytes = guest.staged.modules.reduce((sum, { length }) => sum + length, 0);
  assert.ok(bytes < 8_192, `${bytes} bytes`);
  assert.ok(instance.memoryBytes <= 2 * 65_536, `${instance.memoryBytes} bytes`);
});

pumpGuard('starts with the pump off and pumps from high water to low water', () => {
  const { gateway, instance } = started('inactive', 'inactive');
  assert.equal(gateway.writes, ['pump=inactive']);
  instance.edge('float-low', 'rising');
  assert.is(gateway.lines.get('pump'), 'inactive');
  instance.edge('float-high', 'rising');
  assert.is(gateway.lines.get('pump'), 'active');
  instance.edge('float-high', 'falling');
  assert.is(gateway.lines.get('pump'), 'active');
  instance.edge('float-low', 'falling');
  assert.is(gateway.lines.get('pump'), 'inactive');
  assert.equal(instance.health(), { tag: 'healthy' });
});

pumpGuard('a start at high water pumps at once', () => {
  assert.is(started('active', 'active').gateway.lines.get('pump'), 'active');
});

pumpGuard('never runs dry: contradicting floats keep the pump off', () => {
  const { gateway, instance } = started('inactive', 'active');
  instance.edge('float-high', 'rising');
  assert.is(gateway.lines.get('pump'), 'inactive');
  const val = 'the float switches disagree; the pump is off';
  assert.equal(instance.health(), { tag: 'degraded', val });
});

pumpGuard('an edge that was lost is found by the next tick', () => {
  const { gateway, instance } = started('active', 'active');
  gateway.lines.set('float-low', 'inactive');
  instance.tick('check');
  assert.is(gateway.lines.get('pump'), 'inactive');
});

pumpGuard('a run ends after the maximum time, and the pump rests', () => {
  const { gateway, instance } = started('active', 'active');
  assert.equal(gateway.timers.get('run'), { intervalMs: 30_000, repeats: false });
  gateway.nowMs = 29_999;
  instance.tick('run');
  assert.is(gateway.lines.get('pump'), 'active');
  gateway.nowMs = 30_000;
  instance.tick('run');
  assert.is(gateway.lines.get('pump'), 'inactive');
  const val = 'the pump rests after its maximum run time';
  assert.equal(instance.health(), { tag: 'degraded', val });
  gateway.nowMs = 39_999;
  instance.tick('check');
  assert.is(gateway.lines.get('pump'), 'inactive');
  gateway.nowMs = 40_000;
  instance.tick('check');
  assert.is(gateway.lines.get('pump'), 'active');
});

pumpGuard('a float that cannot be read stops the pump and is unhealthy', () => {
  const { gateway, instance } = started('active', 'active');
  gateway.lines.delete('float-low');
  instance.tick('check');
  assert.is(gateway.lines.get('pump'), 'inactive');
  assert.is(JSON.stringify(instance.health()).includes('unhealthy'), true);
});

pumpGuard('a pump line that is not granted refuses the start', () => {
  const gateway = new SimulatedGateway();
  const answer = gateway.activate(guest).start();
  assert.equal(answer, { tag: 'err', val: 'the line pump cannot be written' });
});

pumpGuard('a thousand ticks and edges take no more memory', () => {
  const { instance } = started('active', 'inactive');
  const before = instance.memoryBytes;
  for (let index = 0; index < 1_000; index++) {
    instance.edge('float-high', index % 2 === 0 ? 'rising' : 'falling');
    instance.tick('check');
  }
  assert.is(instance.memoryBytes, before);
});

pumpGuard.run();
