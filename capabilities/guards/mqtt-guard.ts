import { filterMatches, isTopic, splitShare } from '../../runtime/base/mqtt-topic.ts';
import type { Subscription } from '../../runtime/ports/gpio.ts';
import type { IncomingMessage, MqttPort, OutgoingMessage } from '../../runtime/ports/mqtt.ts';
import { MqttError } from '../../runtime/ports/mqtt.ts';
import type { Grant } from '../grammar/index.ts';
import {
  filterCovers,
  isLabel,
  isWritableLevel,
  PAYLOAD_BYTES_MAX,
  parseGrant,
} from '../grammar/index.ts';
import type { GuardContext } from './guard-context.ts';
import type { GuardedAction, Refusal } from './pipeline.ts';
import { decide, guarded } from './pipeline.ts';
import type { Cost } from './quota-ledger.ts';

/** Suggested wait while the audit cannot be written; the disk is tried again all the time. */
const UNRECORDED_RETRY_MS = 1_000;

/** Returns the driver behind the guard of one instance. */
export function guardMqtt(driver: MqttPort, context: GuardContext): MqttPort {
  return {
    publish: message => {
      if (!isTopic(message.topic)) {
        // Nothing that is not a topic reaches a decision, a driver or a record.
        throw new MqttError('MQTT_INVALID_TOPIC', 'the topic is empty, too long or not a topic');
      }
      return guarded(context, mqttPublish(context, message), () => driver.publish(message));
    },
    subscribe: (connection, filter, onMessage) =>
      subscribe({ driver, context, connection, filter, onMessage }),
    connections: () => driver.connections(),
  };
}

/** Returns the grant that lets a controller publish, or null when none can name the topic. */
export function wantedPublish(message: OutgoingMessage): Grant | null {
  const filter = writableFilter(message.topic);
  if (filter === null || !isLabel(message.connection)) return null;
  return {
    class: 'mqtt',
    connection: message.connection,
    filter,
    pub: true,
    sub: false,
    qosMax: 1,
    retain: message.retain,
    payloadBytesMax: Math.min(Math.max(message.payload.length, 64 * 1_024), PAYLOAD_BYTES_MAX),
    rate: null,
  };
}

interface SubscribeParts {
  readonly driver: MqttPort;
  readonly context: GuardContext;
  readonly connection: string;
  readonly filter: string;
  readonly onMessage: (message: IncomingMessage) => void;
}

function subscribe(parts: SubscribeParts): Subscription {
  const { driver, context, connection, filter } = parts;
  const action = mqttSubscribe(context, connection, filter);
  return guarded(context, action, () => {
    const payloadBytesMax = payloadGranted(context, action);
    const inner = driver.subscribe(connection, filter, message => {
      if (context.closed) return;
      const dropped = reasonToDrop(context, message, filter, payloadBytesMax);
      if (dropped === null) parts.onMessage(message);
      else {
        const record = { action: 'mqtt.deliver', resource: message.topic, grant: null } as const;
        context.record({ ...record, decision: 'deny', reason: dropped });
      }
    });
    const open = context.open.add(() => inner.stop());
    if (open !== null) return open;
    throw new MqttError('MQTT_QUOTA', 'too many subscriptions are open');
  });
}

/** A wide filter may bring what is always denied, and a broker may send what nobody asked for. */
function reasonToDrop(
  context: GuardContext,
  message: IncomingMessage,
  filter: string,
  payloadBytesMax: number,
): string | null {
  if (!isTopic(message.topic)) return 'the broker sent something that is not a topic';
  if (!filterMatches(filter, message.topic)) return `the topic does not match "${filter}"`;
  const forbidden = forbiddenTopic(context, message.topic);
  if (forbidden !== null) return `always denied: ${forbidden}`;
  if (message.payload.length <= payloadBytesMax) return null;
  return `payload of ${message.payload.length} bytes; the grant allows ${payloadBytesMax}`;
}

function payloadGranted(context: GuardContext, action: GuardedAction): number {
  const decision = decide(context, action);
  if (!decision.allowed) return 0;
  const sizes = decision.by.map(({ grant }) =>
    grant.class === 'mqtt' ? grant.payloadBytesMax : 0,
  );
  return Math.max(0, ...sizes);
}

function mqttPublish(context: GuardContext, message: OutgoingMessage): GuardedAction {
  const { connection, topic, payload, qos, retain } = message;
  return {
    action: 'mqtt.publish',
    resource: `${connection}/${topic}`,
    // What a grant must allow beside the topic is part of the decision.
    variant: `${qos}${retain ? 'r' : ''}`,
    forbidden: () => forbiddenTopic(context, topic),
    covers: grant =>
      grant.class === 'mqtt' &&
      grant.pub &&
      grant.connection === connection &&
      grant.qosMax >= qos &&
      (grant.retain || !retain) &&
      filterMatches(grant.filter, topic),
    wanted: () => wantedPublish(message),
    isUnsafe: () => true,
    terms: ({ grant, quotaKey }) => {
      if (grant.class !== 'mqtt') return [];
      if (payload.length > grant.payloadBytesMax) {
        const message = `payload of ${payload.length} bytes; allowed are ${grant.payloadBytesMax}`;
        return { kind: 'quota', message };
      }
      const { quotas } = context.gateway;
      const costs = quotas.ceilingCosts('mqtt.publish', context.controller.name, 1);
      const own: Cost[] =
        grant.rate === null ? [] : [{ key: quotaKey, rate: grant.rate, amount: 1 }];
      return [...costs, ...own];
    },
    refuse: toMqttError,
  };
}

function mqttSubscribe(context: GuardContext, connection: string, filter: string): GuardedAction {
  return {
    action: 'mqtt.subscribe',
    resource: `${connection}/${filter}`,
    variant: '',
    forbidden: () => forbiddenFilter(context, filter),
    covers: grant =>
      grant.class === 'mqtt' &&
      grant.sub &&
      grant.connection === connection &&
      filterCovers(grant.filter, filter),
    wanted: () => wantedSubscribe(connection, filter),
    terms: () => [],
    refuse: toMqttError,
  };
}

function wantedSubscribe(connection: string, filter: string): Grant | null {
  try {
    return parseGrant(`mqtt:${connection}/${filter}[sub]`);
  } catch {
    return null;
  }
}

function forbiddenTopic(context: GuardContext, topic: string): string | null {
  if (topic.startsWith('$')) return 'topics that start with "$" belong to the broker';
  return context.gateway.reservedTopics.some(reserved => filterMatches(reserved, topic))
    ? 'the topic belongs to the gateway'
    : null;
}

function forbiddenFilter(context: GuardContext, filter: string): string | null {
  const plain = splitShare(filter).filter;
  if (plain.startsWith('$')) return 'topics that start with "$" belong to the broker';
  return context.gateway.reservedTopics.some(reserved => filterCovers(reserved, plain))
    ? 'the topics belong to the gateway'
    : null;
}

/** Returns the topic as a filter that a grant can hold; levels it cannot hold become `+`. */
function writableFilter(topic: string): string | null {
  const levels = topic.split('/').map(level => (isWritableLevel(level) ? level : '+'));
  return topic.startsWith('$') ? null : levels.join('/');
}

function toMqttError(refusal: Refusal): MqttError {
  switch (refusal.kind) {
    case 'denied':
      return new MqttError('MQTT_DENIED', refusal.message);
    case 'quota':
      return new MqttError('MQTT_QUOTA', refusal.message);
    case 'unrecorded':
      return new MqttError('MQTT_RATE', refusal.message, { retryMs: UNRECORDED_RETRY_MS });
    case 'rate':
      return new MqttError('MQTT_RATE', refusal.message, { retryMs: refusal.retryMs });
  }
}
