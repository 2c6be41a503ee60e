import { GatewayError } from '../base/errors.ts';
import type { Subscription } from './gpio.ts';

/** A message to publish. */
export interface OutgoingMessage {
  readonly connection: string;
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: 0 | 1;
  readonly retain: boolean;
}

/** A message that arrived. */
export interface IncomingMessage {
  readonly connection: string;
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly retained: boolean;
}

/** What a connection is doing, for `status`. */
export interface MqttConnectionState {
  readonly connection: string;
  readonly connected: boolean;
  /** Address without credentials. */
  readonly address: string;
  /** Messages accepted and not yet acknowledged. */
  readonly queued: number;
  /** Since the start: accepted messages of QoS 0 that gave way in a full queue. */
  readonly dropped: number;
  /** Since the start: messages that a full queue did not take. */
  readonly refused: number;
  /** The last failure in words, or null. */
  readonly lastError: string | null;
}

/** Brokers by connection label. Every method throws MqttError. */
export interface MqttPort {
  /** Queues a message; returns its number in the connection's queue. Accepted, not delivered. */
  publish(message: OutgoingMessage): bigint;
  /** Calls `onMessage` for each message that matches `filter`, across reconnects. */
  subscribe(
    connection: string,
    filter: string,
    onMessage: (message: IncomingMessage) => void,
  ): Subscription;
  /** Returns the state of every connection. */
  connections(): readonly MqttConnectionState[];
}

/** Codes of MqttError. */
export type MqttErrorCode =
  | 'MQTT_DENIED'
  | 'MQTT_QUOTA'
  | 'MQTT_RATE'
  | 'MQTT_UNDEFINED_CONNECTION'
  | 'MQTT_INVALID_TOPIC';

/** A refused or failed operation on a broker connection. */
export class MqttError extends GatewayError<MqttErrorCode> {
  /** With `MQTT_RATE`: after how many milliseconds a retry can succeed. */
  readonly retryMs: number;

  constructor(
    code: MqttErrorCode,
    message: string,
    options?: { readonly cause?: unknown; readonly retryMs?: number },
  ) {
    super(code, message, options);
    this.retryMs = options?.retryMs ?? 0;
  }
}
