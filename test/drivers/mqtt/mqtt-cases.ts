import { connect, createServer } from 'node:net';
import type { Test } from 'uvu';
import * as assert from 'uvu/assert';
import { createSystemClock } from '../../../drivers/clock/system-clock.ts';
import {
  type MqttConnections,
  type MqttConnectionsSettings,
  openMqttConnections,
} from '../../../drivers/mqtt/mqtt-connections.ts';
import { createSystemRandom } from '../../../drivers/random/system-random.ts';
import { ManualClock } from '../../../drivers/simulated/manual-clock.ts';
import type { IncomingMessage } from '../../../runtime/ports/mqtt.ts';
import type { MqttConnectionSettings } from '../../../runtime/ports/mqtt-connection.ts';

/** A broker of a test. */
export interface TestBroker {
  close(): Promise<void>;
}

/** Starts a broker on 127.0.0.1. */
export type StartTestBroker = (port: number) => Promise<TestBroker>;

const HOUR_MS = 3_600_000;

/** Returns a port that nobody listens on at the moment. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise<unknown>(resolve => server.close(resolve));
  if (address === null || typeof address === 'string') throw new TypeError('no TCP address');
  return address.port;
}

/** Whether somebody listens on the port. */
export function listens(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

/** Resolves when `condition` holds; rejects after 20 s. */
export async function until(what: string, condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`timed out: ${what}`);
    await new Promise(resolve => setTimeout(resolve, 5));
  }
}

/** Opens one connection "site" to the port, with its log lines. */
export function openSite(
  port: number,
  extra: Partial<MqttConnectionsSettings> = {},
  connection: Partial<MqttConnectionSettings> = {},
) {
  const lines: string[] = [];
  const mqtt = openMqttConnections({
    connections: [
      {
        label: 'site',
        url: `mqtt://127.0.0.1:${port}`,
        clientId: `test-${Math.random().toString(36).slice(2)}`,
        keepaliveMs: 30_000,
        credentialsFile: null,
        tls: { caFile: null, certificateFile: null, keyFile: null },
        ...connection,
      },
    ],
    clock: createSystemClock(),
    random: createSystemRandom(),
    log: { write: (_level, _source, message) => void lines.push(message) },
    ...extra,
  });
  return { mqtt, lines };
}

/** Publishes text with QoS 1 on "site". */
export function send(
  mqtt: MqttConnections,
  topic: string,
  text: string,
  options: { readonly qos?: 0 | 1; readonly retain?: boolean } = {},
): bigint {
  const { qos = 1, retain = false } = options;
  return mqtt.publish({ connection: 'site', topic, payload: Buffer.from(text), qos, retain });
}

/** Collects the texts of what arrives for a filter. */
export function collect(mqtt: MqttConnections, filter: string) {
  const messages: IncomingMessage[] = [];
  const subscription = mqtt.subscribe('site', filter, message => void messages.push(message));
  const texts = () => messages.map(message => Buffer.from(message.payload).toString());
  return { messages, texts, subscription };
}

/** Whether the connection is up. */
export function isUp(mqtt: MqttConnections): boolean {
  return mqtt.connections()[0]?.connected === true;
}

/** Adds the cases of a broker that is there. */
export function addDeliveryCases(test: Test, start: StartTestBroker): void {
  addOversizeCase(test, start);
  test('messages go out and come in, in order, numbered, with the retained flag', async () => {
    const port = await freePort();
    const broker = await start(port);
    const one = openSite(port);
    const two = openSite(port);
    try {
      await until('both are up', () => isUp(one.mqtt) && isUp(two.mqtt));
      const live = collect(one.mqtt, 'plant/+/t');
      await new Promise(resolve => setTimeout(resolve, 100));
      const numbers = Array.from({ length: 50 }, (_, i) =>
        send(two.mqtt, 'plant/a/t', `m${i}`, { retain: i === 49 }),
      );
      assert.equal(
        numbers,
        numbers.map((_, i) => BigInt(i + 1)),
      );
      await until('all arrive', () => live.messages.length === 50);
      assert.equal(
        live.texts(),
        numbers.map((_, i) => `m${i}`),
      );
      assert.is(live.messages[49]?.retained, false);
      const late = collect(one.mqtt, 'plant/a/#');
      await until('the retained one', () => late.messages.length === 1);
      assert.is(late.messages[0]?.retained, true);
      assert.equal(late.texts(), ['m49']);
      await until('all are acknowledged', () => two.mqtt.connections()[0]?.queued === 0);
      live.subscription.stop();
      send(two.mqtt, 'plant/b/t', 'after');
      send(two.mqtt, 'plant/a/t', 'after');
      await until('the other listener', () => late.messages.length === 2);
      assert.is(
        live.messages.some(message => message.topic === 'plant/b/t'),
        false,
      );
    } finally {
      await one.mqtt.close();
      await two.mqtt.close();
      await broker.close();
    }
  });

  test('a second listener of a filter also gets what is retained', async () => {
    const port = await freePort();
    const broker = await start(port);
    const { mqtt } = openSite(port);
    try {
      await until('it is up', () => isUp(mqtt));
      send(mqtt, 'site/setpoint', '21', { retain: true });
      const first = collect(mqtt, 'site/setpoint');
      await until('the first has it', () => first.messages.length >= 1);
      const second = collect(mqtt, 'site/setpoint');
      await until('the second has it', () => second.messages.length === 1);
      assert.equal(second.texts(), ['21']);
    } finally {
      await mqtt.close();
      await broker.close();
    }
  });
}

function addOversizeCase(test: Test, start: StartTestBroker): void {
  test('messages too large are dropped unread and acknowledged, those behind arrive', async () => {
    const port = await freePort();
    const broker = await start(port);
    const small = openSite(port, { incomingBytesMax: 1_024 });
    const big = openSite(port);
    try {
      await until('both are up', () => isUp(small.mqtt) && isUp(big.mqtt));
      const seen = collect(small.mqtt, 'big/#');
      await new Promise(resolve => setTimeout(resolve, 100));
      // More than any broker keeps in flight: unacknowledged ones would block what follows.
      for (let i = 0; i < 40; i += 1) send(big.mqtt, 'big/x', 'x'.repeat(20_000));
      send(big.mqtt, 'big/y', 'small enough');
      await until('the last one', () => seen.messages.length === 1);
      assert.equal(seen.texts(), ['small enough']);
      assert.ok(small.lines.some(line => /larger than 1024 bytes were dropped/.test(line)));
      assert.is(isUp(small.mqtt), true);
    } finally {
      await small.mqtt.close();
      await big.mqtt.close();
      await broker.close();
    }
  });
}

/** Adds the cases of a broker that goes away. */
export function addLossCases(test: Test, start: StartTestBroker): void {
  test('a broker gone at the start and for an hour: all is kept, then sent in order', async () => {
    const port = await freePort();
    const clock = new ManualClock();
    const { mqtt, lines } = openSite(port, { clock });
    const watcher = openSite(port);
    let broker: TestBroker | null = null;
    try {
      for (let i = 0; i < 100; i += 1) send(mqtt, 'plant/log', `m${i}`);
      // Connection attempts take real time, waits between them do not.
      for (let i = 0; i < 60; i += 1) {
        await new Promise(resolve => setTimeout(resolve, 8));
        clock.advance(HOUR_MS / 60);
      }
      assert.is(mqtt.connections()[0]?.queued, 100);
      assert.match(mqtt.connections()[0]?.lastError ?? '', /ECONNREFUSED/);
      assert.is(lines.length, 1);
      broker = await start(port);
      const seen = collect(watcher.mqtt, 'plant/log');
      await until('the watcher is up', () => isUp(watcher.mqtt));
      await new Promise(resolve => setTimeout(resolve, 100));
      clock.advance(30_000);
      await until('all arrive', () => seen.messages.length >= 100);
      assert.equal(
        seen.texts(),
        Array.from({ length: 100 }, (_, i) => `m${i}`),
      );
      await until('the queue is empty', () => mqtt.connections()[0]?.queued === 0);
      assert.is(mqtt.connections()[0]?.lastError, null);
    } finally {
      await mqtt.close();
      await watcher.mqtt.close();
      await broker?.close();
    }
  });

  test('a broker that dies twice in the middle: no QoS 1 is lost, order is kept', async () => {
    const port = await freePort();
    let broker = await start(port);
    const { mqtt } = openSite(port);
    const watcher = openSite(port);
    const seen = collect(watcher.mqtt, 'plant/log');
    let sent = 0;
    const sendSome = (count: number) => {
      for (let i = 0; i < count; i += 1, sent += 1) {
        send(mqtt, 'plant/log', String(sent), { retain: false });
      }
    };
    try {
      for (let round = 0; round < 2; round += 1) {
        await until('both are up', () => isUp(mqtt) && isUp(watcher.mqtt));
        await new Promise(resolve => setTimeout(resolve, 150));
        sendSome(40);
        await until('the first part arrives', () => seen.texts().includes(String(sent - 1)));
        await until('it is acknowledged', () => mqtt.connections()[0]?.queued === 0);
        await broker.close();
        await until('both are down', () => !isUp(mqtt) && !isUp(watcher.mqtt));
        sendSome(40);
        const kept = mqtt.connections()[0]?.queued;
        assert.is(kept, 40);
        broker = await start(port);
        await until('the queue is empty', () => mqtt.connections()[0]?.queued === 0);
      }
      await until('the watcher is back', () => isUp(watcher.mqtt));
      await new Promise(resolve => setTimeout(resolve, 150));
      send(mqtt, 'plant/log', 'end');
      await until('the end', () => seen.texts().includes('end'));
      const numbers = seen
        .texts()
        .filter(text => text !== 'end')
        .map(Number);
      assert.equal(
        numbers,
        [...numbers].sort((a, b) => a - b),
      );
    } finally {
      await mqtt.close();
      await watcher.mqtt.close();
      await broker.close();
    }
  });
}
