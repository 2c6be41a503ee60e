import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  applySafeState,
  guardGpio,
  guardKeyValue,
  guardMqtt,
  guardSerial,
  safeOutputs,
} from '../../../capabilities/guards/index.ts';
import { asResult, asResultLater } from '../../../capabilities/guards/wit-errors.ts';
import { codeOf, codeOfLater, fakeGateway, grantsOf } from './fixtures.ts';

const test = suite('capabilities/guards: the audit cannot be written');

const GRANTS = [
  'gpio:heater[dir=out,safe=inactive]',
  'gpio:fan[dir=out]',
  'gpio:door[dir=in]',
  'serial:meter[mode=rw]',
  'mqtt:main/site/#[pub,sub]',
  'kv:state/*[rw]',
];

function setUp() {
  const gateway = fakeGateway();
  const context = gateway.context(GRANTS);
  const { gpio, serial, mqtt, keyvalue } = gateway.drivers;
  return {
    ...gateway,
    gpio: guardGpio(gpio, context),
    serial: guardSerial(serial, context),
    mqtt: guardMqtt(mqtt, context),
    keyvalue: guardKeyValue(keyvalue, context),
    close: () => context.close(),
  };
}

const message = {
  connection: 'main',
  topic: 'site/a',
  payload: new Uint8Array(1),
  qos: 0,
  retain: false,
} as const;

test('what is unsafe is refused with an error that a guest can handle, and told', async () => {
  const { gpio, serial, mqtt, keyvalue, fault, writes, stored, published, records } = setUp();
  fault.audit = 'ENOSPC: no space left';
  const one = new Uint8Array(1);
  assert.equal(
    [
      asResult(() => gpio.write('heater', 'active')),
      asResult(() => gpio.pulse('heater', 'active', 10)),
      asResult(() => gpio.pulse('heater', 'inactive', 10)),
      asResult(() => gpio.write('fan', 'inactive')),
      asResult(() => serial.write('meter', one)),
      asResult(() => mqtt.publish(message)),
      await asResultLater(() => keyvalue.set('state', 'a', one)),
      await asResultLater(() => keyvalue.delete('state', 'a')),
    ].map(result => (result.tag === 'err' ? result.val.tag : 'ok')),
    [...Array(5).fill('not-ready'), 'rate-limited', 'other', 'other'],
  );
  assert.equal([writes, published, [...stored]], [[], [], []]);
  assert.is(records.filter(({ decision }) => decision === 'deny').length, 8);
  for (const { reason } of records) assert.match(reason, 'ENOSPC');
});

test('reading, listening and everything towards the safe value always pass', async () => {
  const { gpio, serial, mqtt, keyvalue, fault, writes } = setUp();
  gpio.write('heater', 'active');
  fault.audit = 'EIO';
  // By the grant, and by the board where the grant does not say.
  gpio.write('heater', 'inactive');
  gpio.write('fan', 'active');
  assert.equal(writes, ['heater=active', 'heater=inactive', 'fan=active']);
  for (const read of [
    () => gpio.read('door'),
    () => gpio.watch('door', () => {}),
    () => serial.listen('meter', () => {}),
    () => mqtt.subscribe('main', 'site/a', () => {}),
  ]) {
    assert.is(codeOf(read), 'ok');
  }
  assert.is(await codeOfLater(() => keyvalue.get('state', 'a')), 'ok');
  assert.is(await codeOfLater(() => keyvalue.listKeys('state', undefined)), 'ok');
});

test('the way back of a pulse and safe state ask nobody', () => {
  const { gpio, clock, fault, states, gateway, drivers, close } = setUp();
  gpio.pulse('heater', 'active', 500);
  fault.audit = 'EIO';
  clock.advance(500);
  assert.is(states.get('heater'), 'inactive');
  fault.audit = null;
  gpio.write('heater', 'active');
  fault.audit = 'EIO';
  close();
  const failures = applySafeState({
    actor: 'gateway',
    outputs: safeOutputs(grantsOf(GRANTS), gateway.board),
    gpio: drivers.gpio,
    lines: gateway.lines,
    audit: gateway.audit,
    clock,
  });
  assert.equal(failures, []);
  assert.is(states.get('heater'), 'inactive');
});

test('a refusal costs no quota, and ends with the trouble', async () => {
  const gateway = fakeGateway();
  const gpio = guardGpio(
    gateway.drivers.gpio,
    gateway.context(['gpio:heater[dir=out,max-toggle=1/min]']),
  );
  gateway.fault.audit = 'EIO';
  for (let count = 0; count < 10; count += 1) {
    assert.is(
      codeOf(() => gpio.write('heater', 'active')),
      'GPIO_NOT_READY',
    );
  }
  gateway.fault.audit = null;
  gpio.write('heater', 'active');
  assert.equal(gateway.writes, ['heater=active']);
});

test.run();
