import type { EdgeEvent, EdgeHandler } from 'airssys:gpio/edge-handler@0.1.0';
import type { Controller, HealthReport, StartContext } from 'airssys:lifecycle/controller@0.1.0';
import type { Message, MessageHandler } from 'airssys:mqtt/message-handler@0.1.0';
import type { DataHandler, Frame } from 'airssys:serial/data-handler@0.1.0';
import type { Tick, TickHandler } from 'airssys:timer/tick-handler@0.1.0';
import type { ControllerDefinition, Health } from './controller.ts';
import { installGlobals } from './globals.ts';
import { log } from './log.ts';
import { decodeText } from './text.ts';

/** The WIT interfaces of a controller, by the names that the engine looks for. */
export interface BoundController {
  readonly controller: Controller;
  readonly edgeHandler: EdgeHandler;
  readonly messageHandler: MessageHandler;
  readonly dataHandler: DataHandler;
  readonly tickHandler: TickHandler;
}

/**
 * Turns a definition into WIT interfaces. The build calls it; `runTimer` comes from timers.ts where
 * the controller uses timers. An exception in a handler is logged with its stack and thrown on,
 * which ends the instance.
 */
export function bindController(
  { handlers }: ControllerDefinition,
  runTimer: (tick: Tick) => boolean = () => false,
): BoundController {
  installGlobals();
  return {
    controller: {
      start: logged('start', (context: StartContext) => handlers.start?.(context)),
      stop: logged('stop', (deadlineMs: number) => handlers.stop?.(deadlineMs)),
      health: logged('health', () => healthReport(handlers.health?.() ?? 'healthy')),
    },
    edgeHandler: { onEdge: logged('on-edge', (event: EdgeEvent) => handlers.onEdge?.(event)) },
    messageHandler: {
      onMessage: logged('on-message', (message: Message) => {
        const text = (): string => decodeText(message.payload);
        handlers.onMessage?.({ ...message, text, json: () => parsedJson(text()) });
      }),
    },
    dataHandler: {
      onFrame: logged('on-frame', (frame: Frame) =>
        handlers.onFrame?.({ ...frame, text: () => decodeText(frame.bytes) }),
      ),
    },
    tickHandler: {
      onTick: logged('on-tick', (tick: Tick) => {
        if (!runTimer(tick)) handlers.onTick?.(tick);
      }),
    },
  };
}

function logged<Arguments extends unknown[], Value>(
  name: string,
  handler: (...args: Arguments) => Value,
): (...args: Arguments) => Value {
  return (...args) => {
    try {
      return handler(...args);
    } catch (error) {
      log.line('error', name, described(error));
      throw error;
    }
  };
}

function described(error: unknown): string {
  if (!(error instanceof Error)) return `threw ${String(error)}`;
  const stack = typeof error.stack === 'string' ? `\n${error.stack.trimEnd()}` : '';
  return `${error.name}: ${error.message}${stack}`;
}

function healthReport(health: Health): HealthReport {
  if (health === 'healthy') return { tag: 'healthy' };
  return 'degraded' in health
    ? { tag: 'degraded', val: health.degraded }
    : { tag: 'unhealthy', val: health.unhealthy };
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
