/**
 * Subscriptions are grants: what a controller may hear it hears, as far as it exports the handler.
 * Values have the shape of the handlers' WIT records.
 */
import { errorMessage } from '../../runtime/base/errors.ts';
import { filterMatches, splitShare } from '../../runtime/base/mqtt-topic.ts';
import type { EdgeEvent } from '../../runtime/ports/gpio.ts';
import type { IncomingMessage } from '../../runtime/ports/mqtt.ts';
import type { SerialFrame } from '../../runtime/ports/serial.ts';
import type { GpioGrant, Grant, MqttGrant, SerialGrant } from '../grammar/index.ts';
import { formatGrant, globMatches } from '../grammar/index.ts';
import type { GuardContext } from './guard-context.ts';
import type { GuardedPorts } from './host-entries.ts';

/** Where deliveries go; a handler that the controller does not export is left out. */
export interface DeliveryHandlers {
  readonly onEdge?: (event: EdgeEvent) => void;
  readonly onFrame?: (frame: SerialFrame) => void;
  readonly onMessage?: (message: IncomingMessage) => void;
}

/** A grant that could not be subscribed. */
export interface DeliveryFailure {
  readonly grant: string;
  readonly reason: string;
}

/** What deliveries are started with. */
export interface DeliveryParts {
  readonly grants: readonly Grant[];
  readonly ports: Pick<GuardedPorts, 'gpio' | 'serial' | 'mqtt'>;
  readonly context: GuardContext;
  readonly handlers: DeliveryHandlers;
}

/**
 * Starts every delivery that the grants name; returns those that could not be. They end with the
 * instance.
 */
export function startDeliveries(parts: DeliveryParts): readonly DeliveryFailure[] {
  const failures: DeliveryFailure[] = [];
  const begun: Begun = { labels: new Set(), subscriptions: [] };
  for (const grant of parts.grants) {
    try {
      if (grant.class === 'gpio') watchLines(parts, grant, begun);
      if (grant.class === 'serial') listenToPort(parts, grant, begun);
      if (grant.class === 'mqtt') subscribe(parts, grant, begun);
    } catch (error) {
      // The guard has recorded it; the others go on.
      failures.push({ grant: formatGrant(grant), reason: errorMessage(error) });
    }
  }
  return failures;
}

/** What is delivered already: two grants that overlap deliver once. */
interface Begun {
  readonly labels: Set<string>;
  readonly subscriptions: MqttGrant[];
}

function watchLines({ ports, context, handlers }: DeliveryParts, grant: GpioGrant, begun: Begun) {
  const { onEdge } = handlers;
  if (grant.dir === 'out' || grant.edges === 'none' || onEdge === undefined) return;
  for (const { label, direction, reserved } of context.gateway.board.lines) {
    const isOurs = direction === 'in' && !reserved && globMatches(grant.label, label);
    if (!isOurs || begun.labels.has(`gpio ${label}`)) continue;
    begun.labels.add(`gpio ${label}`);
    ports.gpio.watch(label, onEdge);
  }
}

function listenToPort({ ports, handlers }: DeliveryParts, grant: SerialGrant, begun: Begun) {
  const { onFrame } = handlers;
  const key = `serial ${grant.label}`;
  if (grant.mode === 'w' || onFrame === undefined || begun.labels.has(key)) return;
  begun.labels.add(key);
  ports.serial.listen(grant.label, onFrame);
}

function subscribe({ ports, handlers }: DeliveryParts, grant: MqttGrant, begun: Begun) {
  const { onMessage } = handlers;
  if (!grant.sub || onMessage === undefined) return;
  const earlier = [...begun.subscriptions];
  ports.mqtt.subscribe(grant.connection, grant.filter, message => {
    if (!earlier.some(other => delivers(other, message))) onMessage(message);
  });
  begun.subscriptions.push(grant);
}

function delivers(grant: MqttGrant, message: IncomingMessage): boolean {
  return (
    grant.connection === message.connection &&
    splitShare(grant.filter).group === null &&
    message.payload.length <= grant.payloadBytesMax &&
    filterMatches(grant.filter, message.topic)
  );
}
