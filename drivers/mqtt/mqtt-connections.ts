import { isFilter, isTopic } from '../../runtime/base/mqtt-topic.ts';
import type { Clock } from '../../runtime/ports/clock.ts';
import type { Log } from '../../runtime/ports/log.ts';
import { MqttError, type MqttPort } from '../../runtime/ports/mqtt.ts';
import type { MqttConnectionSettings } from '../../runtime/ports/mqtt-connection.ts';
import type { Random } from '../../runtime/ports/random.ts';
import { MqttLink } from './mqtt-link.ts';
import { MemoryOutbox, type OutboxLimits } from './outbox.ts';

/** Bytes of a payload we send. */
const OUTGOING_PAYLOAD_BYTES_MAX = 256 * 1_024;

/** Bytes of a message we take; larger ones are dropped unread. */
const INCOMING_PACKET_BYTES_MAX = 256 * 1_024;

/** Bounds of a connection's queue unless given. */
const OUTBOX_LIMITS: OutboxLimits = { messagesMax: 1_000, bytesMax: 1_024 * 1_024 };

/** Suggested wait when a queue is full: acknowledgements free it, or a broker that comes back. */
const RETRY_MS = 1_000;

/** What the connections of a gateway are made of. */
export interface MqttConnectionsSettings {
  /** Labels are unique. */
  readonly connections: readonly MqttConnectionSettings[];
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly outboxLimits?: OutboxLimits;
  readonly incomingBytesMax?: number;
}

/** The broker connections of a gateway. */
export interface MqttConnections extends MqttPort {
  /** Sends what it can within a second, then ends every connection. */
  close(): Promise<void>;
}

/**
 * Starts to connect to every broker and keeps trying for ever; returns at once. QoS 1 messages are
 * kept in memory until the broker has them, QoS 0 ones give way when the queue is full.
 */
export function openMqttConnections(settings: MqttConnectionsSettings): MqttConnections {
  const { clock, random, log } = settings;
  const links = new Map(
    settings.connections.map(connection => {
      const outbox = new MemoryOutbox(settings.outboxLimits ?? OUTBOX_LIMITS);
      const incomingBytesMax = settings.incomingBytesMax ?? INCOMING_PACKET_BYTES_MAX;
      const link = new MqttLink({ connection, clock, random, log, outbox, incomingBytesMax });
      return [connection.label, link];
    }),
  );
  const linkOf = (label: string): MqttLink => {
    const link = links.get(label);
    if (link !== undefined) return link;
    throw new MqttError(
      'MQTT_UNDEFINED_CONNECTION',
      `no mqtt connection "${label}"; add [[mqtt]] with this label to gateway.toml`,
    );
  };
  return {
    publish: ({ connection, topic, payload, qos, retain }) => {
      const link = linkOf(connection);
      if (!isTopic(topic)) {
        throw new MqttError(
          'MQTT_INVALID_TOPIC',
          'a topic is 1 to 512 bytes in 32 levels at most, without + # controls',
        );
      }
      if (payload.length > OUTGOING_PAYLOAD_BYTES_MAX) {
        throw new MqttError(
          'MQTT_QUOTA',
          `a payload of ${payload.length} bytes; at most ${OUTGOING_PAYLOAD_BYTES_MAX}`,
        );
      }
      const sequence = link.publish({ topic, payload, qos, retain });
      if (sequence !== null) return sequence;
      throw new MqttError('MQTT_RATE', `the queue of connection "${connection}" is full`, {
        retryMs: RETRY_MS,
      });
    },
    subscribe: (connection, filter, onMessage) => {
      const link = linkOf(connection);
      if (isFilter(filter)) return link.subscribe(filter, onMessage);
      throw new MqttError('MQTT_INVALID_TOPIC', 'a wildcard fills a whole level, # the last one');
    },
    connections: () => [...links.values()].map(link => link.state()),
    close: async () => {
      await Promise.all([...links.values()].map(link => link.close()));
    },
  };
}
