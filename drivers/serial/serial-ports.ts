import type { BoardSerialPort } from '../../runtime/ports/board.ts';
import type { Clock } from '../../runtime/ports/clock.ts';
import type { Subscription } from '../../runtime/ports/gpio.ts';
import type { Log } from '../../runtime/ports/log.ts';
import type { Random } from '../../runtime/ports/random.ts';
import { SerialError, type SerialFrame, type SerialPort } from '../../runtime/ports/serial.ts';
import { SerialLink, type SerialLinkState } from './serial-link.ts';

/** What the serial ports of a board are opened with. */
export interface SerialPortsSettings {
  /** A port without a path is known and never ready. */
  readonly ports: readonly BoardSerialPort[];
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** The serial ports of a board, opened through the `serialport` package. */
export interface SerialPorts extends SerialPort {
  /** Returns what each port is doing, for `status`. */
  states(): readonly SerialLinkState[];
  /** Closes every port. What was not written is dropped. */
  close(): Promise<void>;
}

/**
 * Opens the ports, and re-opens each for ever: a device that is missing at the start or pulled
 * later is tried again with back-off. Returns at once.
 */
export function openSerialPorts(settings: SerialPortsSettings): SerialPorts {
  const { clock, random, log } = settings;
  const links = new Map(
    settings.ports.map(port => [port.label, new SerialLink({ port, clock, random, log })]),
  );
  const linkOf = (label: string): SerialLink => {
    const link = links.get(label);
    if (link !== undefined) return link;
    throw new SerialError('SERIAL_UNDEFINED_LABEL', `the board has no serial port "${label}"`);
  };
  for (const link of links.values()) link.open();
  return {
    write: (label, bytes) => linkOf(label).write(bytes),
    listen: (label, onFrame: (frame: SerialFrame) => void): Subscription =>
      linkOf(label).listen(onFrame),
    states: () => [...links.values()].map(link => link.state()),
    close: async () => {
      await Promise.all([...links.values()].map(link => link.close()));
    },
  };
}
