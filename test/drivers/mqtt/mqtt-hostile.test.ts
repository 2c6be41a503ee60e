import { createServer, type Socket } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ManualClock } from '../../../drivers/simulated/manual-clock.ts';
import { collect, freePort, isUp, openSite, send, until } from './mqtt-cases.ts';

const mqttSuite = suite('drivers/mqtt: a broker that misbehaves');

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
