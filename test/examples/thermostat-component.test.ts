import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Trap } from '../../runtime/linker/index.ts';
import { compiledGuest, SimulatedGateway } from './simulated-gateway.ts';

const thermostat = suite('examples/thermostat: the component');
const guest = await compiledGuest('thermostat');

const gatewayWith = (config: Record<string, string> = {}): SimulatedGateway => {
  const gateway = new SimulatedGateway();
  gateway.lines.set('heater', 'active');
  gateway.config.set('min-on-ms', '2000').set('min-off-ms', '2000');
  for (const [key, value] of Object.entries(config)) gateway.config.set(key, value);
  return gateway;
};

thermostat('imports and exports exactly what it uses', () => {
  const { shape } = gatewayWith().activate(guest);
  assert.equal(shape.imports.map(each => each.name.split('@')[0]).sort(), [
    'airssys:gpio/digital',
    'airssys:mqtt/publisher',
    'airssys:timer/timers',
    'wasi:clocks/monotonic-clock',
    'wasi:clocks/wall-clock',
    'wasi:config/store',
    'wasi:io/poll',
    'wasi:keyvalue/store',
    'wasi:logging/logging',
  ]);
  const exported = shape.exports.map(each => each.name).filter(name => name.startsWith('airssys:'));
  assert.equal(exported.sort(), [
    'airssys:lifecycle/controller@0.1.0',
    'airssys:mqtt/message-handler@0.1.0',
    'airssys:serial/data-handler@0.1.0',
    'airssys:timer/tick-handler@0.1.0',
  ]);
});

thermostat('starts with the heater off and switches it by meter and set-point', () => {
  const gateway = gatewayWith();
  const instance = gateway.activate(guest);
  assert.equal(instance.start(), { tag: 'ok', val: undefined });
  assert.equal(gateway.writes, ['heater=inactive']);
  gateway.nowMs = 5_000;
  instance.frame('meter', 'T=18.50');
  assert.is(gateway.writes.at(-1), 'heater=active');
  const telemetry: unknown = JSON.parse(gateway.published.at(-1)?.payload ?? '');
  const expected = { temperature: 18.5, setpoint: 21, heater: true, uptimeS: 5, badLines: 0 };
  assert.equal(telemetry, expected);
  gateway.nowMs = 8_000;
  instance.message('site/setpoint', '{"setpoint": 15}');
  assert.is(gateway.writes.at(-1), 'heater=inactive');
  assert.equal(instance.health(), { tag: 'healthy' });
});

thermostat('keeps its set-point across restarts', () => {
  const gateway = gatewayWith();
  const first = gateway.activate(guest);
  first.start();
  first.message('site/setpoint', '17.5');
  const second = gateway.activate(guest);
  second.start('restart');
  second.tick('telemetry');
  assert.match(gateway.published.at(-1)?.payload ?? '', '"setpoint":17.5');
});

thermostat('without storage it works on and says so', () => {
  const gateway = gatewayWith();
  gateway.storageFails = true;
  const instance = gateway.activate(guest);
  assert.equal(instance.start(), { tag: 'ok', val: undefined });
  instance.frame('meter', 'T=18.50');
  const health = instance.health();
  assert.match(JSON.stringify(health), 'degraded');
  assert.match(JSON.stringify(health), 'access-denied');
});

thermostat('a silent meter turns the heater off and degrades health', () => {
  const gateway = gatewayWith({ 'stale-after-ms': '10000' });
  const instance = gateway.activate(guest);
  instance.start();
  gateway.nowMs = 5_000;
  instance.frame('meter', 'T=18.50');
  gateway.nowMs = 16_000;
  instance.tick('decide');
  assert.is(gateway.writes.at(-1), 'heater=inactive');
  assert.match(JSON.stringify(instance.health()), 'no reading');
});

thermostat('line noise is ignored and counted', () => {
  const gateway = gatewayWith();
  const instance = gateway.activate(guest);
  instance.start();
  for (const line of ['T=2\u0000', '\ufffd\ufffd', '', 'T=18.5']) instance.frame('meter', line);
  instance.tick('telemetry');
  assert.match(gateway.published.at(-1)?.payload ?? '', '"badLines":3');
});

thermostat('a wrong configuration refuses the start in words', () => {
  const instance = gatewayWith({ hysteresis: 'much' }).activate(guest);
  const answer = instance.start();
  const val = 'config "hysteresis" is "much", not a number from 0 to 10';
  assert.equal(answer, { tag: 'err', val });
});

thermostat('a crash on purpose is logged with its stack and ends the instance', () => {
  const gateway = gatewayWith();
  const instance = gateway.activate(guest);
  instance.start();
  assert.throws(
    () => instance.message('site/thermostat/crash', 'now'),
    (error: unknown) => error instanceof Trap,
  );
  const line = gateway.logs.at(-1) ?? '';
  assert.match(line, /^error on-message: Error: crashed on purpose\n\s+at /);
});

thermostat('needs less memory than its release asks for', () => {
  const gateway = gatewayWith();
  const instance = gateway.activate(guest);
  instance.start();
  for (let index = 0; index < 200; index++) instance.frame('meter', `T=${18 + (index % 6)}.25`);
  assert.ok(instance.memoryBytes <= 8 * 1_024 * 1_024, `${instance.memoryBytes} bytes`);
});

thermostat.run();
