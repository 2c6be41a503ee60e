import { SerialPort as NativePort } from 'serialport';
import { backoffMs } from '../../runtime/base/backoff.ts';
import { LineFramer } from '../../runtime/base/line-framer.ts';
import type { BoardSerialPort } from '../../runtime/ports/board.ts';
import type { Clock, Timer } from '../../runtime/ports/clock.ts';
import type { Subscription } from '../../runtime/ports/gpio.ts';
import type { Log } from '../../runtime/ports/log.ts';
import type { Random } from '../../runtime/ports/random.ts';
import { SerialError, type SerialFrame } from '../../runtime/ports/serial.ts';
import { noticeHangUps } from './hang-up.ts';
import { OutputQueue } from './output-queue.ts';

/** Bytes of one write. */
const SERIAL_WRITE_BYTES_MAX = 4_096;

/** Waits between attempts to open a port. */
const REOPEN = { minMs: 250, maxMs: 10_000 };

/**
 * A byte that comes this soon after opening may be the middle of a line, and the rest of `T=20.41`
 * can be a plausible `0.41`: the line is dropped. Covers the 16 ms latency of USB adapters.
 */
const MID_LINE_MS = 50;

/** What one port is made of. */
export interface SerialLinkSettings {
  readonly port: BoardSerialPort;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** What a port is doing. */
export interface SerialLinkState {
  readonly label: string;
  readonly open: boolean;
  readonly opens: number;
  readonly queuedBytes: number;
  readonly framesLost: number;
  /** The last failure in words, or null. */
  readonly lastError: string | null;
}

type Phase =
  | { readonly at: 'idle' }
  | { readonly at: 'opening'; readonly native: NativePort }
  | { readonly at: 'open'; readonly native: NativePort; readonly sinceMs: number }
  | { readonly at: 'waiting'; readonly timer: Timer }
  | { readonly at: 'closed' };

/** One serial port that keeps trying. */
export class SerialLink {
  readonly #settings: SerialLinkSettings;
  readonly #framer: LineFramer;
  readonly #output = new OutputQueue();
  readonly #listeners = new Set<(frame: SerialFrame) => void>();
  #phase: Phase = { at: 'idle' };
  #heard = false;
  #attempts = 0;
  #opens = 0;
  #framesLost = 0;
  #lastError: string | null = null;

  constructor(settings: SerialLinkSettings) {
    this.#settings = settings;
    this.#framer = new LineFramer(settings.port.framing);
  }

  /** Starts to open the port; does nothing where it has no path or is being opened. */
  open(): void {
    const { port } = this.#settings;
    if (port.path === undefined || this.#phase.at !== 'idle') return;
    let native: NativePort;
    try {
      native = nativePort(port, port.path);
    } catch (cause) {
      this.#fail(cause);
      return;
    }
    this.#phase = { at: 'opening', native };
    native.on('error', error => this.#lose(native, error));
    native.on('close', (error: unknown) => this.#lose(native, error));
    native.on('end', () => this.#lose(native, new Error('the device ended')));
    native.on('data', (chunk: Buffer) => this.#take(native, chunk));
    native.open(error => this.#opened(native, error));
  }

  write(bytes: Uint8Array): void {
    const { port } = this.#settings;
    if (bytes.length > SERIAL_WRITE_BYTES_MAX) {
      throw new SerialError(
        'SERIAL_QUOTA',
        `port "${port.label}": ${bytes.length} bytes in one write; ` +
          `at most ${SERIAL_WRITE_BYTES_MAX}`,
      );
    }
    if (this.#phase.at !== 'open') {
      const why = this.#lastError ?? 'it is not open yet';
      throw new SerialError('SERIAL_NOT_READY', `port "${port.label}" is not ready: ${why}`);
    }
    if (!this.#output.push(bytes)) {
      // Start, eight data bits and stop: ten bits a byte is near enough for an advice.
      const retryMs = Math.ceil((this.#output.bytes * 10_000) / port.baudRate);
      throw new SerialError('SERIAL_RATE', `port "${port.label}": its output is full`, { retryMs });
    }
    this.#pump();
  }

  listen(onFrame: (frame: SerialFrame) => void): Subscription {
    const listener = (frame: SerialFrame) => onFrame(frame);
    this.#listeners.add(listener);
    return { stop: () => void this.#listeners.delete(listener) };
  }

  state(): SerialLinkState {
    return {
      label: this.#settings.port.label,
      open: this.#phase.at === 'open',
      opens: this.#opens,
      queuedBytes: this.#output.bytes,
      framesLost: this.#framesLost,
      lastError: this.#lastError,
    };
  }

  async close(): Promise<void> {
    const phase = this.#phase;
    this.#phase = { at: 'closed' };
    this.#output.clear();
    if (phase.at === 'waiting') phase.timer.cancel();
    if (phase.at === 'opening' || phase.at === 'open') await closeNative(phase.native);
  }

  #opened(native: NativePort, error: Error | null): void {
    if (this.#phase.at !== 'opening' || this.#phase.native !== native) {
      // Closed while it was opening.
      if (error === null) void closeNative(native);
      return;
    }
    if (error !== null) {
      this.#fail(error);
      return;
    }
    this.#phase = { at: 'open', native, sinceMs: this.#settings.clock.monotonicMs() };
    this.#heard = false;
    this.#attempts = 0;
    this.#opens += 1;
    this.#lastError = null;
    this.#settings.log.write('info', 'gateway', `serial port "${this.#settings.port.label}" open`);
  }

  #take(native: NativePort, chunk: Buffer): void {
    if (this.#phase.at !== 'open' || this.#phase.native !== native) return;
    const { clock, port } = this.#settings;
    if (!this.#heard) {
      this.#heard = true;
      if (clock.monotonicMs() - this.#phase.sinceMs < MID_LINE_MS) this.#framer.skipLine();
    }
    const timestampNs = clock.monotonicNs();
    for (const line of this.#framer.push(chunk)) {
      this.#framesLost += line.lost;
      const frame: SerialFrame = { label: port.label, ...line, timestampNs };
      for (const listener of [...this.#listeners]) listener(frame);
    }
  }

  /** Writes chunk after chunk; the next one only when the system took the last. */
  #pump(): void {
    if (this.#phase.at !== 'open') return;
    const { native } = this.#phase;
    const chunk = this.#output.next();
    if (chunk === null) return;
    native.write(chunk, error => {
      if (this.#phase.at !== 'open' || this.#phase.native !== native) return;
      if (error) {
        this.#lose(native, error);
        return;
      }
      this.#output.written();
      this.#pump();
    });
  }

  #lose(native: NativePort, error: unknown): void {
    const phase = this.#phase;
    if (phase.at !== 'open' && phase.at !== 'opening') return;
    if (phase.native !== native) return;
    void closeNative(native);
    this.#framer.reset();
    // A command for a device that was unplugged meanwhile must not reach it minutes later.
    const dropped = this.#output.clear();
    if (dropped > 0) {
      this.#settings.log.write(
        'warn',
        'gateway',
        `serial port "${this.#settings.port.label}": ${dropped} bytes were not written`,
        { code: 'SERIAL_NOT_READY', bytes: dropped },
      );
    }
    this.#fail(error);
  }

  #fail(cause: unknown): void {
    const { port, clock, random, log } = this.#settings;
    const message = cause instanceof Error ? cause.message : 'the port was closed';
    // The same failure again is the same news: it is logged once.
    if (message !== this.#lastError) {
      log.write('warn', 'gateway', `serial port "${port.label}": ${message}; trying again`, {
        code: 'SERIAL_NOT_READY',
      });
    }
    this.#lastError = message;
    this.#attempts += 1;
    const timer = clock.after(backoffMs(REOPEN, this.#attempts, random.fraction()), () => {
      this.#phase = { at: 'idle' };
      this.open();
    });
    this.#phase = { at: 'waiting', timer };
  }
}

function nativePort(port: BoardSerialPort, path: string): NativePort {
  const native = new NativePort({
    path,
    baudRate: port.baudRate,
    dataBits: port.dataBits,
    stopBits: port.stopBits,
    parity: port.parity,
    autoOpen: false,
    // The exclusive mark of a pseudo-terminal outlives us while its other holder lives, and would
    // keep the next gateway out.
    lock: !path.startsWith('/dev/pts/'),
  });
  noticeHangUps(native);
  return native;
}

function closeNative(native: NativePort): Promise<void> {
  return new Promise(resolve => {
    if (native.isOpen) native.close(() => resolve());
    else resolve();
  });
}
