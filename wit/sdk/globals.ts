import { clock } from './clock.ts';
import { log } from './log.ts';

/**
 * Gives the engine's globals what they lack: the engine has no clock of its own (`Date.now()` would
 * trap) and no console.
 */
export function installGlobals(): void {
  const EngineDate = globalThis.Date;
  const GatewayDate = new Proxy(EngineDate, {
    apply: () => new EngineDate(clock.wallMs()).toString(),
    construct: (target, args) =>
      args.length === 0 ? new target(clock.wallMs()) : Reflect.construct(target, args, target),
    get: (target, name) => (name === 'now' ? clock.wallMs : Reflect.get(target, name)),
  });
  const line =
    (write: (message: string) => void) =>
    (...values: unknown[]): void =>
      write(values.map(String).join(' '));
  const console = {
    debug: line(log.debug),
    log: line(log.info),
    info: line(log.info),
    warn: line(log.warn),
    error: line(log.error),
  };
  Object.assign(globalThis, { Date: GatewayDate, console });
}
