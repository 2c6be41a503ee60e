import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { startBroker } from '../../../drivers/broker/broker.ts';
import { MqttError } from '../../../runtime/ports/mqtt.ts';
import { addDeliveryCases, freePort, openSite, send } from './mqtt-cases.ts';

const mqttSuite = suite('drivers/mqtt: embedded broker');

addDeliveryCases(mqttSuite, port => startBroker({ port }));

function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof MqttError) return error.code;
    throw error;
  }
  return 'nothing thrown';
}

mqttSuite('what is not a topic, a filter or a connection is refused', async () => {
  const { mqtt } = openSite(await freePort());
  try {
    const none = { payload: new Uint8Array(), qos: 0, retain: false } as const;
    const publish = (connection: string, topic: string) =>
      codeOf(() => mqtt.publish({ ...none, connection, topic }));
    assert.is(publish('other', 'a'), 'MQTT_UNDEFINED_CONNECTION');
    for (const topic of ['', 'a/+', '#', 'a\u0000b', 'a\nb', '\ud800', 'x'.repeat(513)]) {
      assert.is(publish('site', topic), 'MQTT_INVALID_TOPIC', JSON.stringify(topic));
    }
    assert.is(publish('site', 'x'.repeat(512)), 'nothing thrown');
    const subscribe = (filter: string) => codeOf(() => mqtt.subscribe('site', filter, () => {}));
    for (const filter of ['', 'a#', '#/a', 'a/b+', '$share/g', '$share/+/a', '$share//a']) {
      assert.is(subscribe(filter), 'MQTT_INVALID_TOPIC', filter);
    }
    for (const filter of ['#', '+/a/#', '/', '$share/g/a/+']) {
      assert.is(subscribe(filter), 'nothing thrown', filter);
    }
    const payload = new Uint8Array(256 * 1_024 + 1);
    assert.is(
      codeOf(() =>
        mqtt.publish({ connection: 'site', topic: 'a', payload, qos: 0, retain: false }),
      ),
      'MQTT_QUOTA',
    );
  } finally {
    await mqtt.close();
  }
});

mqttSuite('a full queue refuses, and QoS 0 gives way to QoS 1 before that', async () => {
  const limits = { messagesMax: 4, bytesMax: 1_000 };
  const { mqtt } = openSite(await freePort(), { outboxLimits: limits });
  try {
    for (let i = 0; i < 4; i += 1) send(mqtt, 'a', `m${i}`, { qos: 0 });
    for (let i = 0; i < 4; i += 1) assert.is(typeof send(mqtt, 'a', `k${i}`), 'bigint');
    assert.is(mqtt.connections()[0]?.queued, 4);
    assert.is(
      codeOf(() => send(mqtt, 'a', 'one more')),
      'MQTT_RATE',
    );
    assert.is(
      codeOf(() => send(mqtt, 'a', 'one more', { qos: 0 })),
      'MQTT_RATE',
    );
  } finally {
    await mqtt.close();
  }
});

mqttSuite.run();
