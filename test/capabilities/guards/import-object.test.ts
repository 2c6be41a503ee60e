import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type OnTick, openCapabilities } from '../../../capabilities/guards/index.ts';
import { GpioError } from '../../../runtime/ports/gpio.ts';
import { KeyValueError } from '../../../runtime/ports/keyvalue.ts';
import { contractImports } from '../../../wit/generated/contract.ts';
import { codeOf, fakeGateway, grantsOf, lineToAdd } from './fixtures.ts';

const test = suite('capabilities/guards: import object');

const names = contractImports.flatMap(({ name, functions }) =>
  functions.map(shape => `${name.replace(/@.*/, '')}#${shape.name}`),
);
const GPIO = 'airssys:gpio/digital#';
const TIMERS = 'airssys:timer/timers#';
const STORE = 'wasi:keyvalue/store#';
const PUBLISH = 'airssys:mqtt/publisher#publish';
const SERIAL = 'airssys:serial/port#write';

function open(
  gateway: ReturnType<typeof fakeGateway>,
  grants: readonly string[],
  onTick: OnTick = () => undefined,
) {
  const imports = openCapabilities({
    contract: contractImports,
    controller: { name: 'thermostat', version: '1.0.0', instance: 1n },
    grants: grantsOf(grants),
    gateway: gateway.gateway,
    drivers: gateway.drivers,
    onTick,
  });
  const call = (name: string, ...args: unknown[]) => {
    const id = names.indexOf(name);
    assert.ok(id >= 0, `no ${name} in the contract`);
    return imports.onHostCall(id, args);
  };
  return { imports, call };
}

const denied = { tag: 'err', val: { tag: 'denied' } };
const guardedCalls: readonly (readonly [
  name: string,
  args: readonly unknown[],
  denial: unknown,
])[] = [
  [`${GPIO}read`, ['door'], denied],
  [`${GPIO}write`, ['heater', 'active'], denied],
  [`${GPIO}pulse`, ['heater', 'active', 10], denied],
  [SERIAL, ['meter', new Uint8Array(1)], denied],
  [PUBLISH, ['main', 'a/b', new Uint8Array(1), 'at-least-once', true], denied],
  [`${TIMERS}set-interval`, ['t', 50], denied],
  [`${TIMERS}set-timeout`, ['t', 5_000], denied],
  [`${STORE}open`, ['state'], { tag: 'err', val: { tag: 'access-denied' } }],
];

test('without grants every call is denied, and the line that is named allows it', async () => {
  for (const [name, args, denial] of guardedCalls) {
    const gateway = fakeGateway();
    const none = open(gateway, []);
    assert.equal(await none.call(name, ...args), denial, name);
    assert.equal(gateway.writes, []);
    const [record] = gateway.records;
    assert.is(record?.decision, 'deny', name);
    assert.is(record?.actor, 'thermostat@1.0.0#1');
    const line = lineToAdd(record?.reason ?? '');
    const answer = await open(gateway, [line]).call(name, ...args);
    assert.is(Object(answer).tag, 'ok', `${name} with ${line}`);
  }
});

test('grants of one class open nothing of another', async () => {
  const all = [
    'gpio:*[dir=out]',
    'serial:meter[mode=rw]',
    'mqtt:main/#[pub]',
    'time:tick',
    'kv:state/*[rw]',
  ];
  const classOf = (name: string) => /^(?:airssys|wasi):(\w+)/.exec(name)?.[1] ?? '';
  const opens = new Map([
    ['gpio', 'gpio'],
    ['serial', 'serial'],
    ['mqtt', 'mqtt'],
    ['timer', 'time'],
    ['keyvalue', 'kv'],
  ]);
  for (const [name, args, denial] of guardedCalls) {
    const own = opens.get(classOf(name));
    const others = all.filter(text => !text.startsWith(`${own}:`));
    assert.equal(await open(fakeGateway(), others).call(name, ...args), denial, name);
  }
});

test('a call that has no way to say no, a wrong id and wrong arguments are faults', () => {
  const { imports, call } = open(fakeGateway(), ['gpio:*[dir=out]']);
  assert.is(
    codeOf(() => call('wasi:io/poll#poll', [])),
    'COMPONENT_ARGUMENT',
  );
  assert.is(
    codeOf(() => imports.onHostCall(names.length, [])),
    'COMPONENT_ARGUMENT',
  );
  assert.is(
    codeOf(() => imports.onHostCall(-1, [])),
    'COMPONENT_ARGUMENT',
  );
  assert.is(
    codeOf(() => imports.onHostCall(0.5, [])),
    'COMPONENT_ARGUMENT',
  );
  for (const args of [[], [1], ['heater', 'on'], ['heater', undefined]]) {
    assert.is(
      codeOf(() => call(`${GPIO}write`, ...args)),
      'COMPONENT_ARGUMENT',
    );
  }
  assert.is(call(`${TIMERS}cancel`, 't'), false);
});

test('errors of ports become WIT errors, without the driver’s words', async () => {
  const gateway = fakeGateway();
  const { call } = open(gateway, [
    'gpio:heater[dir=out,max-toggle=1/s]',
    'gpio:door[dir=in]',
    'kv:state/*[rw]',
    'mqtt:main/#[pub]',
  ]);
  const error = (val: unknown) => ({ tag: 'err', val });
  assert.equal(call(`${GPIO}write`, 'door', 'active'), error({ tag: 'pin-mode-not-allowed' }));
  assert.equal(call(`${GPIO}write`, 'heater', 'active'), { tag: 'ok', val: undefined });
  assert.equal(
    call(`${GPIO}write`, 'heater', 'inactive'),
    error({ tag: 'rate-limited', val: 1_000 }),
  );
  assert.equal(call(`${GPIO}read`, 'heater'), { tag: 'ok', val: 'active' });
  gateway.fault.gpio = new GpioError('GPIO_HARDWARE', 'EIO on /dev/gpiochip0');
  const fault = JSON.stringify(call(`${GPIO}write`, 'heater', 'active'));
  assert.match(fault, 'hardware-fault');
  assert.not.match(fault, '/dev');
  assert.match(gateway.records.at(-1)?.reason ?? '', '/dev/gpiochip0');
  const topic = call(PUBLISH, 'main', 'a/#', new Uint8Array(), 'at-most-once', false);
  assert.equal(topic, error({ tag: 'invalid-topic' }));
  const opened = call(`${STORE}open`, 'state');
  const { val: bucket } = Object(opened);
  gateway.fault.kv = new KeyValueError('KV_DAMAGED', '/var/lib/airssys/kv.sqlite is malformed');
  const damaged = JSON.stringify(await call(`${STORE}[method]bucket.get`, bucket, 'a'));
  assert.match(damaged, 'KV_DAMAGED');
  assert.not.match(damaged, '/var');
});

test('stores are opened, used and dropped by handles that cannot be forged', async () => {
  const { call } = open(fakeGateway(), ['kv:state/*[rw]']);
  const bucket: unknown = Object(call(`${STORE}open`, 'state')).val;
  const value = new Uint8Array([1, 2, 3]);
  const method = (name: string, ...args: unknown[]) =>
    call(`${STORE}[method]bucket.${name}`, ...args);
  assert.equal(await method('set', bucket, 'a', value), { tag: 'ok', val: undefined });
  assert.equal(await method('get', bucket, 'a'), { tag: 'ok', val: value });
  assert.equal(await method('get', bucket, 'b'), { tag: 'ok', val: undefined });
  assert.equal(await method('exists', bucket, 'a'), { tag: 'ok', val: true });
  const page = { keys: ['a'], cursor: undefined };
  assert.equal(await method('list-keys', bucket, undefined), { tag: 'ok', val: page });
  assert.equal(await method('delete', bucket, 'a'), { tag: 'ok', val: undefined });
  assert.is(
    codeOf(() => method('get', 77, 'a')),
    'COMPONENT_ARGUMENT',
  );
  call(`${STORE}[resource-drop]bucket`, bucket);
  assert.is(
    codeOf(() => method('get', bucket, 'a')),
    'COMPONENT_ARGUMENT',
  );
  assert.is(
    codeOf(() => call(`${STORE}[resource-drop]bucket`, bucket)),
    'COMPONENT_ARGUMENT',
  );
  for (let index = 0; index < 64; index += 1) {
    assert.is(Object(call(`${STORE}open`, 'state')).tag, 'ok');
  }
  assert.is(Object(call(`${STORE}open`, 'state')).tag, 'err');
});

test('timers are refused below their grant, past 64, and with bad names', () => {
  const { call } = open(fakeGateway(), ['time:tick[>=100ms]']);
  const error = (tag: string) => ({ tag: 'err', val: { tag } });
  assert.equal(call(`${TIMERS}set-interval`, 'fast', 99), error('denied'));
  assert.equal(call(`${TIMERS}set-timeout`, 'fast', 99), error('denied'));
  for (const [name, ms] of [
    ['', 100],
    ['x'.repeat(65), 100],
    ['t', 0],
  ] as const) {
    assert.equal(call(`${TIMERS}set-interval`, name, ms), error('invalid-argument'));
  }
  for (let index = 0; index < 64; index += 1) {
    assert.is(Object(call(`${TIMERS}set-interval`, `t${index}`, 100)).tag, 'ok');
  }
  assert.equal(call(`${TIMERS}set-interval`, 't64', 100), error('quota-exceeded'));
  assert.is(Object(call(`${TIMERS}set-interval`, 't0', 200)).tag, 'ok');
  assert.is(call(`${TIMERS}cancel`, 't1'), true);
  assert.is(call(`${TIMERS}cancel`, 't1'), false);
});

test('ticks that the controller is too slow for are merged and counted', async () => {
  const gateway = fakeGateway();
  const ticks: string[] = [];
  const done: (() => void)[] = [];
  const { call } = open(gateway, ['time:tick'], ({ name, missed }) => {
    ticks.push(`${name} ${missed}`);
    return new Promise<void>(resolve => done.push(resolve));
  });
  call(`${TIMERS}set-interval`, 'slow', 10);
  call(`${TIMERS}set-timeout`, 'once', 15);
  gateway.clock.advance(45);
  assert.equal(ticks, ['slow 0', 'once 0']);
  for (const resolve of done) resolve();
  await new Promise(resolve => setImmediate(resolve));
  gateway.clock.advance(10);
  assert.equal(ticks, ['slow 0', 'once 0', 'slow 3']);
  assert.is(gateway.clock.waiting, 1);
});

test('what a controller may hear is delivered once, to the handlers that it exports', () => {
  const gateway = fakeGateway();
  const { imports } = open(gateway, [
    'gpio:*[dir=in]',
    'gpio:door[dir=in,edges=rising]',
    'serial:meter[mode=r]',
    'mqtt:main/a/+[sub]',
    'mqtt:main/+/b[sub]',
    'mqtt:main/out/#[pub]',
  ]);
  const heard: string[] = [];
  assert.equal(imports.startDeliveries({ onMessage: one => heard.push(one.topic) }), []);
  assert.is(gateway.open(), 2);
  const payload = new Uint8Array();
  for (const { onMessage } of gateway.subscribers) {
    onMessage({ connection: 'main', topic: 'a/b', payload, retained: false });
  }
  assert.equal(heard, ['a/b']);
  imports.startDeliveries({
    onEdge: one => heard.push(one.label),
    onFrame: one => heard.push(one.label),
  });
  gateway.edge('door', 'rising', 1n);
  assert.equal(heard, ['a/b', 'door']);
  imports.close();
  assert.is(gateway.open(), 0);
});

test('the end closes everything, and afterwards every call is refused', async () => {
  const gateway = fakeGateway();
  const grants = [
    'gpio:*[dir=out]',
    'gpio:*[dir=in]',
    'serial:meter[mode=rw]',
    'mqtt:main/#[pub,retain=yes,sub]',
    'time:tick',
    'kv:state/*[rw]',
  ];
  const { imports, call } = open(gateway, grants, () => {
    assert.unreachable('ticked');
    return undefined;
  });
  const nothing = () => assert.unreachable('delivered');
  imports.startDeliveries({ onEdge: nothing, onFrame: nothing, onMessage: nothing });
  for (const [name, args] of guardedCalls) {
    assert.is(Object(await call(name, ...args)).tag, 'ok', name);
  }
  assert.ok(gateway.open() > 0 && gateway.clock.waiting > 0);
  imports.close();
  imports.close();
  assert.is(gateway.open(), 0);
  assert.is(gateway.clock.waiting, 0);
  assert.is(gateway.states.get('heater'), 'inactive');
  gateway.clock.advance(100_000);
  const get = await call(`${STORE}[method]bucket.get`, 1, 'a');
  assert.equal(get, { tag: 'err', val: { tag: 'access-denied' } });
  for (const [name, args, denial] of guardedCalls) {
    assert.equal(await call(name, ...args), denial, name);
  }
  assert.equal(imports.granted, [...grants].sort());
});

test('a guest that is refused without end keeps nothing growing', () => {
  const gateway = fakeGateway();
  const { call } = open(gateway, ['gpio:heater[dir=out]']);
  for (let index = 0; index < 2_000; index += 1) {
    assert.equal(call(`${GPIO}write`, `line-${index}`, 'active'), denied);
  }
  assert.equal(call(`${GPIO}write`, 'x'.repeat(100_000), 'active'), denied);
  const longest = Math.max(...gateway.records.map(({ reason }) => reason.length));
  assert.ok(longest < 1_000, `${longest} characters`);
  assert.is(gateway.gateway.quotas.size, 0);
});

test.run();
