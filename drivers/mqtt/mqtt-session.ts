import { createHash } from 'node:crypto';
import { MqttClient } from 'mqtt';
import type { IncomingMessage } from '../../runtime/ports/mqtt.ts';
import type { MqttConnectionSettings } from '../../runtime/ports/mqtt-connection.ts';
import { type BrokerSecrets, openBrokerSocket } from './broker-socket-io.ts';
import type { OutboxMessage } from './outbox.ts';

/** From the first byte sent to the broker's consent. */
const CONNECT_MS_MAX = 10_000;

/** A goodbye that the broker does not take in this time is cut off. */
const GOODBYE_MS_MAX = 500;

/** Acknowledged messages that are remembered, to know a repeated one. */
const RECENT_MESSAGES_MAX = 64;

/** MQTT 3.1.1 3.9.3: the broker refused the filter. */
const REFUSED = 128;

/** What a session tells its connection. `onEnd` comes once. */
export interface SessionEvents {
  readonly onConnect: () => void;
  readonly onMessage: (message: IncomingMessage) => void;
  readonly onOversize: (count: number) => void;
  readonly onEnd: (error: Error) => void;
}

/** What one session is made of. */
export interface SessionSettings {
  readonly connection: MqttConnectionSettings;
  readonly secrets: BrokerSecrets;
  readonly packetBytesMax: number;
  readonly events: SessionEvents;
}

/**
 * One connection to a broker, from connect to loss; what comes after is a new session. It is a
 * clean one (MQTT 3.1.1 3.1.2.4): a command must not be replayed to us an hour late.
 */
export class MqttSession {
  readonly #settings: SessionSettings;
  readonly #client: MqttClient;
  readonly #recent = new Map<number, string>();
  #ended = false;

  constructor(settings: SessionSettings) {
    this.#settings = settings;
    const { connection, secrets, packetBytesMax, events } = settings;
    const builder = () =>
      openBrokerSocket({ connection, secrets, packetBytesMax, onDropped: events.onOversize });
    this.#client = new MqttClient(builder, {
      protocolVersion: 4,
      protocolId: 'MQTT',
      clean: true,
      clientId: connection.clientId,
      keepalive: Math.ceil(connection.keepaliveMs / 1_000),
      connectTimeout: CONNECT_MS_MAX,
      // Reconnecting, queueing and subscribing again are the connection's work: the client drops
      // QoS 1 messages when a link fails while it replays them.
      reconnectPeriod: 0,
      queueQoSZero: false,
      resubscribe: false,
      ...(secrets.username === null ? {} : { username: secrets.username }),
      ...(secrets.password === null ? {} : { password: secrets.password }),
    });
    this.#client.on('connect', () => {
      if (!this.#ended) events.onConnect();
    });
    this.#client.on('message', (topic, payload, packet) => {
      if (this.#ended) return;
      if (packet.qos === 1 && this.#isRepeated(packet.messageId, packet.dup, topic, payload))
        return;
      events.onMessage({
        connection: connection.label,
        topic,
        payload: new Uint8Array(payload),
        retained: packet.retain,
      });
    });
    this.#client.on('error', error => this.#end(error));
    this.#client.on('close', () => this.#end(new Error('the broker closed the connection')));
  }

  /**
   * Subscribes with QoS 1. When the broker has answered, `onRefused` gets each filter that it does
   * not allow, then `onDone` is called.
   */
  subscribe(
    filters: readonly string[],
    onRefused: (filter: string) => void,
    onDone: () => void,
  ): void {
    this.#client.subscribe([...filters], { qos: 1 }, (_error, _asked, answer) => {
      // Without an answer the connection has ended. An error with one: some filter was refused.
      if (this.#ended || answer === undefined) return;
      for (const [index, filter] of filters.entries()) {
        if (answer.granted[index] === REFUSED) onRefused(filter);
      }
      onDone();
    });
  }

  /** Unsubscribes; `onDone` is called when the broker has answered. */
  unsubscribe(filter: string, onDone: () => void): void {
    this.#client.unsubscribe(filter, error => {
      if (!this.#ended && !error) onDone();
    });
  }

  /** Sends a message; `onDone` is called when it is acknowledged, or with QoS 0 when it left. */
  publish(message: OutboxMessage, onDone: () => void): void {
    const { topic, payload, qos, retain } = message;
    const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
    this.#client.publish(topic, bytes, { qos, retain }, error => {
      if (this.#ended) return;
      if (error) this.#end(error);
      else onDone();
    });
  }

  /** Ends the session; `onEnd` is not called any more. With `politely`, says goodbye first. */
  async close(politely: boolean): Promise<void> {
    this.#ended = true;
    // With a request unanswered, the client would wait for its answer for ever.
    const free = Object.keys(this.#client.outgoing).length === 0;
    const limit = setTimeout(() => this.#client.stream.destroy(), GOODBYE_MS_MAX);
    await new Promise<void>(resolve => this.#client.end(!(politely && free), {}, () => resolve()));
    clearTimeout(limit);
  }

  #end(error: Error): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#client.end(true);
    this.#settings.events.onEnd(error);
  }

  /** Whether the broker repeats a message that we had, because our acknowledgement was late. */
  #isRepeated(identifier: number | undefined, repeat: boolean, topic: string, payload: Buffer) {
    if (identifier === undefined) return false;
    const digest = createHash('sha256').update(`${topic}\0`).update(payload).digest('base64');
    if (repeat && this.#recent.get(identifier) === digest) return true;
    this.#recent.delete(identifier);
    this.#recent.set(identifier, digest);
    if (this.#recent.size > RECENT_MESSAGES_MAX) {
      for (const oldest of this.#recent.keys()) {
        this.#recent.delete(oldest);
        break;
      }
    }
    return false;
  }
}
