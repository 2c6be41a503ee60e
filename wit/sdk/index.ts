/**
 * What the author of a controller imports. Bundled into the guest; only what is used becomes an
 * import of the component.
 */
export { clock } from './clock.ts';
export { ConfigError, config, type NumberOptions } from './config.ts';
export {
  type ControllerDefinition,
  type ControllerHandlers,
  defineController,
  type Health,
  type TextFrame,
  type TextMessage,
} from './controller.ts';
export { attempt, HostError, type Outcome } from './errors.ts';
export { gpio, type LineState } from './gpio.ts';
export { Store } from './kv.ts';
export { log } from './log.ts';
export { mqtt, type PublishOptions } from './mqtt.ts';
export { random } from './random.ts';
export { self } from './self.ts';
export { serial } from './serial.ts';
export { decodeText, encodeText } from './text.ts';
export { type Tick, type TimerCallback, timers } from './timers.ts';
