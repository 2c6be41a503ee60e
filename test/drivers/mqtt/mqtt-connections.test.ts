import { createServer, type Socket } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { startBroker } from '../../../drivers/broker/broker.ts';
import { ManualClock } from '../../../drivers/simulated/manual-clock.ts';
import { MqttError } from '../../../runtime/ports/mqtt.ts';
import { addBrokerCases, collect, freePort, isUp, openSite, send, until } from './mqtt-cases.ts';

const mqttSuite = suite('drivers/mqtt: embedded broker');

addBrokerCases(mqttSuite, port => startBroker({ port }));

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
    for (const topic of ['', 'a/+', '#', 'a\u0000b', 'a\nb', '\ud800', 'x'.repeat(1_025)]) {
      assert.is(publish('site', topic), 'MQTT_INVALID_TOPIC', JSON.stringify(topic));
    }
    assert.is(publish('site', 'x'.repeat(1_024)), 'nothing thrown');
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

/** A broker made of bytes: accepts, and calls back for every chunk after CONNECT. */
async function startBytes(onChunk: (socket: Socket, chunk: Buffer) => void) {
  const sockets = new Set<Socket>();
  let connects = 0;
  const server = createServer(socket => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('data', (chunk: Buffer) => {
      if (chunk[0] === 0x10) {
        connects += 1;
        socket.write(Buffer.from([0x20, 2, 0, 0]));
      } else {
        onChunk(socket, chunk);
      }
    });
  });
  const port = await freePort();
  await new Promise<void>(resolve => server.listen(port, '127.0.0.1', resolve));
  const close = async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise<unknown>(resolve => server.close(resolve));
  };
  return { port, close, connects: () => connects, sockets };
}

mqttSuite(
  'a broker that never acknowledges is given up, and the message goes to the next',
  async () => {
    const chunks: string[] = [];
    const broker = await startBytes((_socket, chunk) => void chunks.push(chunk.toString('latin1')));
    const clock = new ManualClock();
    const { mqtt } = openSite(broker.port, { clock });
    try {
      await until('it is up', () => isUp(mqtt));
      send(mqtt, 'a/b', 'precious');
      await until('it is sent', () => chunks.join('').includes('precious'));
      clock.advance(20_000);
      assert.match(mqtt.connections()[0]?.lastError ?? '', /no acknowledgement/);
      assert.is(mqtt.connections()[0]?.queued, 1);
      chunks.length = 0;
      clock.advance(30_000);
      await until('it is sent again', () => chunks.join('').includes('precious'));
      assert.is(broker.connects(), 2);
    } finally {
      const closing = mqtt.close();
      // The last message is given its second to leave.
      clock.advance(1_000);
      await closing;
      await broker.close();
    }
  },
);

mqttSuite(
  'a message repeated with the DUP flag is delivered once, a new one like it twice',
  async () => {
    const message = (first: number) => Buffer.from([first, 6, 0, 1, 0x61, 0, 7, 0x39]);
    const broker = await startBytes(() => {});
    const { mqtt } = openSite(broker.port);
    try {
      const seen = collect(mqtt, 'a');
      await until('it is up', () => isUp(mqtt));
      for (const socket of broker.sockets) {
        socket.write(Buffer.concat([message(0x32), message(0x3a), message(0x32), message(0x3a)]));
      }
      await until('both', () => seen.messages.length >= 2);
      await new Promise(resolve => setTimeout(resolve, 100));
      assert.equal(seen.texts(), ['9', '9']);
    } finally {
      await mqtt.close();
      await broker.close();
    }
  },
);

mqttSuite('bytes that are not MQTT end the connection, and it is tried again', async () => {
  for (const bytes of [
    Buffer.from([0x30, 0xff, 0xff, 0xff, 0xff]),
    Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'),
    Buffer.from([0x90, 0xff, 0xff, 0x7f]),
  ]) {
    let poisoned = false;
    const broker = await startBytes(() => {});
    const { mqtt } = openSite(broker.port);
    try {
      await until('it is up', () => isUp(mqtt));
      for (const socket of broker.sockets) socket.write(bytes);
      poisoned = true;
      await until('it ends', () => mqtt.connections()[0]?.lastError !== null);
      await until('it is tried again', () => broker.connects() === 2);
    } finally {
      await mqtt.close();
      await broker.close();
    }
    assert.ok(poisoned);
  }
});

mqttSuite.run();
