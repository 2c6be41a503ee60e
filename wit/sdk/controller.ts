import type { EdgeEvent } from 'airssys:gpio/edge-handler@0.1.0';
import type { StartContext } from 'airssys:lifecycle/controller@0.1.0';
import type { Message } from 'airssys:mqtt/message-handler@0.1.0';
import type { Frame } from 'airssys:serial/data-handler@0.1.0';
import type { Tick } from 'airssys:timer/tick-handler@0.1.0';

/** A controller's judgement of itself. */
export type Health = 'healthy' | { readonly degraded: string } | { readonly unhealthy: string };

/** A message with its payload as text and as JSON. */
export interface TextMessage extends Message {
  /** Returns the payload as text; what is not UTF-8 becomes U+FFFD. */
  text(): string;
  /** Returns the payload as JSON, or undefined where it is none. */
  json(): unknown;
}

/** A serial frame with its bytes as text. */
export interface TextFrame extends Frame {
  /** Returns the bytes as text; what is not UTF-8 becomes U+FFFD. */
  text(): string;
}

/**
 * What a controller does. All handlers are optional; the component exports the interfaces of those
 * that are there, and the gateway delivers only what is exported and granted.
 */
export interface ControllerHandlers {
  /** Prepares the controller. What it throws refuses the start and is shown to the operator. */
  start?(context: StartContext): void;
  /** Ends in order, within `deadlineMs` milliseconds. */
  stop?(deadlineMs: number): void;
  /** Reports health; healthy unless given. */
  health?(): Health;
  /** A frame of a serial port. */
  onFrame?(frame: TextFrame): void;
  /** A message of a broker. */
  onMessage?(message: TextMessage): void;
  /** A change of an input line. */
  onEdge?(event: EdgeEvent): void;
  /** A tick of a timer that has no callback of its own. */
  onTick?(tick: Tick): void;
}

/** What a controller's module exports as `controller`. */
export interface ControllerDefinition {
  readonly handlers: ControllerHandlers;
}

/**
 * Defines a controller. The build finds it as the export `controller` of the author's module.
 *
 * ```ts
 * export const controller = defineController({
 *   onMessage: message => gpio.write('lamp', message.text() === 'on'),
 * });
 * ```
 */
export function defineController(handlers: ControllerHandlers): ControllerDefinition {
  return { handlers };
}
