import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { guardKeyValue, guardMqtt, guardSerial } from '../../../capabilities/guards/index.ts';
import type { OutgoingMessage } from '../../../runtime/ports/mqtt.ts';
import { codeOf, codeOfLater, fakeGateway, lineToAdd } from './fixtures.ts';

const test = suite('capabilities/guards: serial, MQTT, stored state');

function message(topic: string, change: Partial<OutgoingMessage> = {}): OutgoingMessage {
  const payload = new Uint8Array(1);
  return { connection: 'main', topic, payload, qos: 0, retain: false, ...change };
}

const bytes = (count: number) => new Uint8Array(count);

test('a port is refused without a grant, for the other direction, and for another label', () => {
  const { context, drivers, records, writes, open } = fakeGateway();
  const none = guardSerial(drivers.serial, context([]));
  assert.is(
    codeOf(() => none.write('meter', bytes(1))),
    'SERIAL_DENIED',
  );
  assert.is(
    codeOf(() => none.listen('meter', () => {})),
    'SERIAL_DENIED',
  );
  const reads = guardSerial(drivers.serial, context(['serial:meter[mode=r]']));
  assert.is(
    codeOf(() => reads.write('meter', bytes(1))),
    'SERIAL_DENIED',
  );
  const writer = guardSerial(drivers.serial, context(['serial:meter[mode=w]']));
  assert.is(
    codeOf(() => writer.listen('meter', () => {})),
    'SERIAL_DENIED',
  );
  assert.is(
    codeOf(() => writer.write('meter2', bytes(1))),
    'SERIAL_DENIED',
  );
  assert.is(
    codeOf(() => writer.write('/dev/ttyS0', bytes(1))),
    'SERIAL_DENIED',
  );
  assert.equal(writes, []);
  assert.is(open(), 0);
  const [write = '', listen = ''] = records.map(({ reason }) => lineToAdd(reason));
  const added = guardSerial(drivers.serial, context([write, listen]));
  assert.is(
    codeOf(() => added.write('meter', bytes(1))),
    'ok',
  );
  assert.is(
    codeOf(() => added.listen('meter', () => {})),
    'ok',
  );
});

test('the console is denied whatever is granted', () => {
  const { context, drivers } = fakeGateway();
  const serial = guardSerial(drivers.serial, context(['serial:console[mode=rw]']));
  assert.is(
    codeOf(() => serial.write('console', bytes(1))),
    'SERIAL_DENIED',
  );
  assert.is(
    codeOf(() => serial.listen('console', () => {})),
    'SERIAL_DENIED',
  );
});

test('bytes are counted against the rate, and one write is bounded', () => {
  const { context, drivers, clock } = fakeGateway();
  const grant = 'serial:meter[mode=w,max-bytes=100/s]';
  const serial = guardSerial(drivers.serial, context([grant]));
  assert.is(
    codeOf(() => serial.write('meter', bytes(100))),
    'ok',
  );
  assert.is(
    codeOf(() => serial.write('meter', bytes(1))),
    'SERIAL_RATE',
  );
  clock.advance(10);
  assert.is(
    codeOf(() => serial.write('meter', bytes(1))),
    'ok',
  );
  assert.is(
    codeOf(() => serial.write('meter', bytes(101))),
    'SERIAL_QUOTA',
  );
  const wide = guardSerial(drivers.serial, context(['serial:meter[mode=w]'], 'other'));
  assert.is(
    codeOf(() => wide.write('meter', bytes(4_096))),
    'ok',
  );
  assert.is(
    codeOf(() => wide.write('meter', bytes(4_097))),
    'SERIAL_QUOTA',
  );
});

test('publishing is refused without a grant, and the line that is named allows it', () => {
  const tries = [
    message('site/telemetry'),
    message('site/telemetry', { retain: true, qos: 1 }),
    // To publish nothing, retained, deletes what the broker has: a write as any other.
    message('site/telemetry', { retain: true, payload: bytes(0) }),
    message('a b/[c]/d'),
  ];
  for (const one of tries) {
    const { context, drivers, records, published } = fakeGateway();
    const none = guardMqtt(drivers.mqtt, context(['mqtt:main/site/telemetry[sub]']));
    assert.is(
      codeOf(() => none.publish(one)),
      'MQTT_DENIED',
    );
    assert.equal(published, []);
    const added = guardMqtt(drivers.mqtt, context([lineToAdd(records[0]?.reason ?? '')]));
    assert.is(
      codeOf(() => added.publish(one)),
      'ok',
      records[0]?.reason,
    );
  }
});

test('each right of publishing is asked for by itself', () => {
  const { context, drivers } = fakeGateway();
  const plain = guardMqtt(drivers.mqtt, context(['mqtt:main/a/+[pub,qos<=0]']));
  assert.is(
    codeOf(() => plain.publish(message('a/b'))),
    'ok',
  );
  assert.is(
    codeOf(() => plain.publish(message('a/b', { retain: true }))),
    'MQTT_DENIED',
  );
  assert.is(
    codeOf(() => plain.publish(message('a/b', { qos: 1 }))),
    'MQTT_DENIED',
  );
  assert.is(
    codeOf(() => plain.publish(message('a/b', { connection: 'x' }))),
    'MQTT_DENIED',
  );
  assert.is(
    codeOf(() => plain.publish(message('a/b', { payload: bytes(65_537) }))),
    'MQTT_QUOTA',
  );
  assert.is(
    codeOf(() => plain.publish(message('a'))),
    'MQTT_DENIED',
  );
  assert.is(
    codeOf(() => plain.publish(message('a/b/c'))),
    'MQTT_DENIED',
  );
  assert.is(
    codeOf(() => plain.subscribe('main', 'a/b', () => {})),
    'MQTT_DENIED',
  );
  for (const topic of ['', 'a/+', 'a/#', 'a/\0', `a/${'x'.repeat(600)}`]) {
    assert.is(
      codeOf(() => plain.publish(message(topic))),
      'MQTT_INVALID_TOPIC',
      topic,
    );
  }
});

test('the gateway and the broker keep their topics, whatever is granted', () => {
  const { context, drivers, subscribers, records } = fakeGateway();
  const grants = [
    'mqtt:main/#[pub,sub]',
    'mqtt:main/$SYS/#[pub,sub]',
    'mqtt:main/airssys/#[pub,sub]',
  ];
  const mqtt = guardMqtt(drivers.mqtt, context(grants));
  for (const topic of ['$SYS/broker', 'airssys/gw-17/control/install', '$share/g/a']) {
    assert.is(
      codeOf(() => mqtt.publish(message(topic))),
      'MQTT_DENIED',
      topic,
    );
  }
  for (const filter of ['$SYS/#', '$share/g/$SYS/#', 'airssys/gw-17/control/+']) {
    assert.is(
      codeOf(() => mqtt.subscribe('main', filter, () => {})),
      'MQTT_DENIED',
      filter,
    );
  }
  const seen: string[] = [];
  mqtt.subscribe('main', '#', ({ topic }) => seen.push(topic));
  const [wide] = subscribers;
  records.length = 0;
  for (const topic of ['a', 'airssys/gw-17/control/install', '$SYS/x', 'a/+']) {
    wide?.onMessage({ ...message(topic), retained: false });
  }
  assert.equal(seen, ['a']);
  assert.is(records.length, 3);
});

test('a subscription is allowed when a grant covers it, not when it looks alike', () => {
  const { context, drivers, records, subscribers } = fakeGateway();
  const mqtt = guardMqtt(drivers.mqtt, context(['mqtt:main/a/+/b[max-payload=8B,sub]']));
  for (const filter of ['a/#', '#', 'a/+/+', 'b/x/b', '$share/g/a/#', 'a/+/b/#', '+/+/b']) {
    assert.is(
      codeOf(() => mqtt.subscribe('main', filter, () => {})),
      'MQTT_DENIED',
      filter,
    );
    const added = guardMqtt(drivers.mqtt, context([lineToAdd(records.at(-1)?.reason ?? '')]));
    assert.is(
      codeOf(() => added.subscribe('main', filter, () => {})),
      'ok',
      filter,
    );
  }
  subscribers.clear();
  for (const filter of ['a/+/b', 'a/x/b', '$share/g/a/x/b']) {
    assert.is(
      codeOf(() => mqtt.subscribe('main', filter, () => {})),
      'ok',
      filter,
    );
  }
  const seen: number[] = [];
  subscribers.clear();
  mqtt.subscribe('main', 'a/x/b', ({ payload }) => seen.push(payload.length));
  const [entry] = subscribers;
  for (const size of [8, 9]) {
    entry?.onMessage({ ...message('a/x/b', { payload: bytes(size) }), retained: false });
  }
  entry?.onMessage({ ...message('a/y/b'), retained: false });
  assert.equal(seen, [8]);
});

test('state is refused without a grant, and the line that is named allows it', async () => {
  const calls = [
    (kv: ReturnType<typeof guardKeyValue>) => kv.get('state', 'a/b'),
    (kv: ReturnType<typeof guardKeyValue>) => kv.exists('state', 'a b'),
    (kv: ReturnType<typeof guardKeyValue>) => kv.set('state', 'a/*', bytes(1)),
    (kv: ReturnType<typeof guardKeyValue>) => kv.delete('state', 'a'),
    (kv: ReturnType<typeof guardKeyValue>) => kv.listKeys('state', undefined),
  ];
  for (const call of calls) {
    const { context, drivers, records, stored } = fakeGateway();
    const none = guardKeyValue(drivers.keyvalue, context(['kv:other/*[rw]']));
    assert.is(await codeOfLater(() => call(none)), 'KV_DENIED');
    assert.is(stored.size, 0);
    const line = lineToAdd(records[0]?.reason ?? '');
    const added = guardKeyValue(drivers.keyvalue, context([line]));
    assert.is(await codeOfLater(() => call(added)), 'ok', line);
  }
});

test('keys do not leak out of their glob', async () => {
  const { context, drivers } = fakeGateway();
  const grants = ['kv:ns/data/*[rw]', 'kv:ns/a/*[r]', 'kv:data/*[rw]'];
  const kv = guardKeyValue(drivers.keyvalue, context(grants));
  assert.is(await codeOfLater(() => kv.set('ns', 'data/x', bytes(1))), 'ok');
  const denied: readonly (readonly [string, string])[] = [
    ['ns', 'database/x'],
    ['ns', 'data'],
    ['ns', 'data/x/y'],
    ['ns', 'abc/i'],
    ['database', 'x'],
    ['ns/data', 'x'],
  ];
  for (const [namespace, key] of denied) {
    assert.is(await codeOfLater(() => kv.get(namespace, key)), 'KV_DENIED', `${namespace} ${key}`);
  }
  for (const key of ['data/../secret', 'data/.', 'data//x', '', '/data/x', 'x'.repeat(257)]) {
    assert.is(await codeOfLater(() => kv.get('ns', key)), 'KV_KEY', key);
  }
  assert.is(await codeOfLater(() => kv.get('ns', 'a/x')), 'ok');
  assert.is(await codeOfLater(() => kv.set('ns', 'a/x', bytes(1))), 'KV_DENIED');
  assert.is(await codeOfLater(() => kv.delete('ns', 'a/x')), 'KV_DENIED');
});

test('a list names granted keys only, and its cursor names none', async () => {
  const { context, drivers, stored } = fakeGateway();
  for (let index = 0; index < 250; index += 1) {
    const number = `${index}`.padStart(3, '0');
    stored.set(`ns/${index % 10 === 0 ? 'mine' : 'other'}/${number}`, bytes(1));
  }
  const kv = guardKeyValue(drivers.keyvalue, context(['kv:ns/mine/*[r]']));
  const seen: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await kv.listKeys('ns', cursor);
    seen.push(...page.keys);
    cursor = page.cursor ?? undefined;
    assert.match(cursor ?? '1', /^\d+$/);
  } while (cursor !== undefined);
  assert.is(seen.length, 25);
  assert.ok(seen.every(key => key.startsWith('mine/')));
  assert.is(await codeOfLater(() => kv.listKeys('ns', 'other/010')), 'KV_KEY');
});

test('writes at the same time cannot share the last of a quota', async () => {
  const { context, drivers, stored } = fakeGateway();
  const kv = guardKeyValue(drivers.keyvalue, context(['kv:ns/*[quota=100B,rw]']));
  // One byte of key and 39 of value: two fit in 100 bytes, not three.
  const codes = await Promise.all(
    ['a', 'b', 'c', 'd', 'e'].map(key => codeOfLater(() => kv.set('ns', key, bytes(39)))),
  );
  assert.equal(codes.sort(), ['KV_QUOTA', 'KV_QUOTA', 'KV_QUOTA', 'ok', 'ok']);
  assert.is(stored.size, 2);
  const [key = ''] = [...stored.keys()].map(one => one.slice(3));
  assert.is(await codeOfLater(() => kv.set('ns', key, bytes(59))), 'ok');
  assert.is(await codeOfLater(() => kv.set('ns', key, bytes(60))), 'KV_QUOTA');
  await kv.delete('ns', key);
  assert.is(await codeOfLater(() => kv.set('ns', 'z', bytes(59))), 'ok');
});

test('a write that fails, and a restart, leave the count as it is stored', async () => {
  const { context, drivers, fault, stored } = fakeGateway();
  stored.set('ns/old', bytes(47));
  const grants = ['kv:ns/*[keys<=2,quota=100B,rw]'];
  const kv = guardKeyValue(drivers.keyvalue, context(grants));
  assert.is(await codeOfLater(() => kv.set('ns', 'new', bytes(48))), 'KV_QUOTA');
  fault.kv = new Error('disk');
  assert.is(await codeOfLater(() => kv.set('ns', 'lost', bytes(40))), 'Error: disk');
  fault.kv = null;
  const next = guardKeyValue(drivers.keyvalue, context(grants));
  assert.is(await codeOfLater(() => next.set('ns', 'new', bytes(47))), 'ok');
  assert.is(await codeOfLater(() => next.set('ns', 'x', bytes(0))), 'KV_QUOTA');
  const roomy = guardKeyValue(drivers.keyvalue, context(['kv:ns/*[keys<=2,rw]']));
  assert.is(await codeOfLater(() => roomy.set('ns', 'x', bytes(0))), 'KV_QUOTA');
  assert.is(await codeOfLater(() => roomy.set('ns', 'new', bytes(100))), 'ok');
});

test.run();
