import * as publisher from 'airssys:mqtt/publisher@0.1.0';
import { hostCall } from './errors.ts';
import { encodeText } from './text.ts';

/** How a message is published. */
export interface PublishOptions {
  /** Label of the broker connection; `main` unless given. */
  readonly connection?: string;
  /** `at-least-once` unless given. */
  readonly qos?: publisher.Qos;
  /** Whether the broker keeps the message; false unless given. */
  readonly retain?: boolean;
}

/** Messages to brokers. Every method throws HostError. */
export const mqtt = {
  /** Queues bytes, or a text in UTF-8; returns the message's number in its queue. */
  publish(topic: string, payload: Uint8Array | string, options: PublishOptions = {}): number {
    const bytes = typeof payload === 'string' ? encodeText(payload) : payload;
    const { connection = 'main', qos = 'at-least-once', retain = false } = options;
    return hostCall(`mqtt.publish("${topic}")`, () =>
      publisher.publish(connection, topic, bytes, qos, retain),
    );
  },
  /** Queues a value as JSON. */
  publishJson(topic: string, value: unknown, options: PublishOptions = {}): number {
    return mqtt.publish(topic, JSON.stringify(value), options);
  },
} as const;
