import { LineFramer } from '../../runtime/base/line-framer.ts';
import type { BoardSerialPort } from '../../runtime/ports/board.ts';
import type { Clock } from '../../runtime/ports/clock.ts';
import type { Subscription } from '../../runtime/ports/gpio.ts';
import type { Random } from '../../runtime/ports/random.ts';
import { SerialError, type SerialFrame, type SerialPort } from '../../runtime/ports/serial.ts';

/** Bytes written to a simulated port that nobody took yet. */
const OUTPUT_BYTES_MAX = 16 * 1_024;

/** Suggested wait when the output is full: about what 1 KiB takes at 9,600 baud. */
const RETRY_MS = 1_000;

/** What simulated serial ports are made of. */
export interface SimulatedSerialSettings {
  readonly ports: readonly BoardSerialPort[];
  readonly clock: Clock;
  readonly random: Random;
  /** Probability that a byte from the device arrives damaged. */
  readonly noise?: number;
}

/** Bytes that a simulated device sends at a moment after the script's start. */
export interface ScriptedBytes {
  readonly atMs: number;
  readonly label: string;
  readonly bytes: Uint8Array;
}

interface SimulatedPort {
  readonly framer: LineFramer;
  readonly listeners: Set<(frame: SerialFrame) => void>;
  output: Uint8Array[];
  outputBytes: number;
  device: ((bytes: Uint8Array) => void) | null;
  cable: 'in' | 'out';
}

/** The serial ports of a board file in memory, with the device's end in the test's hands. */
export class SimulatedSerial implements SerialPort {
  readonly #settings: SimulatedSerialSettings;
  readonly #ports: ReadonlyMap<string, SimulatedPort>;

  constructor(settings: SimulatedSerialSettings) {
    this.#settings = settings;
    this.#ports = new Map(
      settings.ports.map(port => [
        port.label,
        {
          framer: new LineFramer(port.framing),
          listeners: new Set<(frame: SerialFrame) => void>(),
          output: [],
          outputBytes: 0,
          device: null,
          cable: 'in',
        },
      ]),
    );
  }

  write(label: string, bytes: Uint8Array): void {
    const port = this.#port(label);
    if (port.cable === 'out') {
      throw new SerialError('SERIAL_NOT_READY', `port "${label}": the cable is out (simulated)`);
    }
    if (port.device !== null) {
      port.device(bytes.slice());
      return;
    }
    if (port.outputBytes + bytes.length > OUTPUT_BYTES_MAX) {
      throw new SerialError('SERIAL_RATE', `port "${label}": its output is full`, {
        retryMs: RETRY_MS,
      });
    }
    port.output.push(bytes.slice());
    port.outputBytes += bytes.length;
  }

  listen(label: string, onFrame: (frame: SerialFrame) => void): Subscription {
    const { listeners } = this.#port(label);
    const listener = (frame: SerialFrame) => onFrame(frame);
    listeners.add(listener);
    return { stop: () => void listeners.delete(listener) };
  }

  /** Sends bytes as the device; with the cable out they go nowhere. */
  feed(label: string, bytes: Uint8Array): void {
    const port = this.#port(label);
    if (port.cable === 'out') return;
    const timestampNs = this.#settings.clock.monotonicNs();
    for (const line of port.framer.push(this.#disturbed(bytes))) {
      for (const listener of [...port.listeners]) listener({ label, ...line, timestampNs });
    }
  }

  /** Feeds bytes at their times from now on, until stopped. */
  play(script: readonly ScriptedBytes[]): Subscription {
    for (const { label } of script) this.#port(label);
    const timers = script.map(({ atMs, label, bytes }) =>
      this.#settings.clock.after(atMs, () => this.feed(label, bytes)),
    );
    return {
      stop: () => {
        for (const timer of timers) timer.cancel();
      },
    };
  }

  /** Gives everything written to `device`, also what waits; null lets it wait again. */
  attach(label: string, device: ((bytes: Uint8Array) => void) | null): void {
    const port = this.#port(label);
    port.device = device;
    if (device === null) return;
    const waiting = port.output;
    port.output = [];
    port.outputBytes = 0;
    for (const bytes of waiting) device(bytes);
  }

  /** Pulls the cable, or puts it back. A line begun is lost. */
  setCable(label: string, cable: 'in' | 'out'): void {
    const port = this.#port(label);
    port.cable = cable;
    if (cable === 'out') port.framer.reset();
  }

  #disturbed(bytes: Uint8Array): Uint8Array {
    const { noise = 0, random } = this.#settings;
    if (noise <= 0) return bytes;
    return bytes.map(byte =>
      random.fraction() < noise ? byte ^ (1 << Math.floor(random.fraction() * 8)) : byte,
    );
  }

  #port(label: string): SimulatedPort {
    const port = this.#ports.get(label);
    if (port !== undefined) return port;
    throw new SerialError('SERIAL_UNDEFINED_LABEL', `the board has no serial port "${label}"`);
  }
}
