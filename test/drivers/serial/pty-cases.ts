import type { Test } from 'uvu';
import * as assert from 'uvu/assert';
import { createSystemClock } from '../../../drivers/clock/system-clock.ts';
import { createSystemRandom } from '../../../drivers/random/system-random.ts';
import { openSerialPorts, type SerialPorts } from '../../../drivers/serial/serial-ports.ts';
import { openPtyPair, type PtyPair } from '../../../drivers/simulated/pty-pair-io.ts';
import type { BoardSerialPort } from '../../../runtime/ports/board.ts';
import { SerialError, type SerialFrame } from '../../../runtime/ports/serial.ts';

/** Longer than the driver's guess that a first byte may be the middle of a line. */
const PAST_MID_LINE_MS = 80;

/** Returns the text of frames, with what was lost before each where anything was. */
export function textOf(frames: readonly SerialFrame[]): string[] {
  return frames.map(({ bytes, lost }) => {
    const text = Buffer.from(bytes).toString('latin1');
    return lost === 0 ? text : `${text} (after ${lost} lost)`;
  });
}

/** Resolves when `condition` holds; rejects after 20 s. */
export async function until(what: string, condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`timed out: ${what}`);
    await pause(5);
  }
}

/** Waits on a timer that keeps the process alive. */
export function pause(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms));
}

/** Opens one port "meter" at `path` and collects its frames and log lines. */
export function openMeter(path: string, extra: Partial<BoardSerialPort> = {}) {
  const port: BoardSerialPort = {
    label: 'meter',
    path,
    baudRate: 115_200,
    dataBits: 8,
    stopBits: 1,
    parity: 'none',
    framing: { kind: 'line', maxBytes: 32, ending: 'auto' },
    ...extra,
  };
  const lines: string[] = [];
  const ports = openSerialPorts({
    ports: [port],
    clock: createSystemClock(),
    random: createSystemRandom(),
    log: { write: (_level, _source, message) => void lines.push(message) },
  });
  const frames: SerialFrame[] = [];
  ports.listen('meter', frame => void frames.push(frame));
  return { ports, frames, lines };
}

function codeOf(action: () => void): string {
  try {
    action();
  } catch (error) {
    if (error instanceof SerialError) return error.code;
    throw error;
  }
  return 'nothing thrown';
}

async function ready(ports: SerialPorts): Promise<void> {
  await until('the port opens', () => ports.states()[0]?.open === true);
  await pause(PAST_MID_LINE_MS);
}

/** Adds the cases that hold whichever program made the pseudo-terminal. */
export function addPtyCases(test: Test, tool: PtyPair['tool']): void {
  const withPair: AddCase = (name, run) =>
    test(`${tool}: ${name}`, async () => {
      const pair = await openPtyPair([tool]);
      assert.ok(pair, `${tool} gave no pseudo-terminal`);
      try {
        await run(pair);
      } finally {
        await pair.close();
      }
    });
  addInputCases(withPair);
  addOutputCases(withPair);
}

type AddCase = (name: string, run: (pair: PtyPair) => Promise<void>) => void;

function addInputCases(withPair: AddCase): void {
  withPair('lines come in, bytes go out', async pair => {
    const { ports, frames } = openMeter(pair.path);
    const heard: number[] = [];
    pair.onData(bytes => void heard.push(...bytes));
    try {
      await ready(ports);
      const beforeNs = process.hrtime.bigint();
      pair.write(Buffer.from('T=20.41\r\nT=20.42\r\n\r\nT=20'));
      await until('two lines', () => frames.length === 2);
      pair.write(Buffer.from('.43\n'));
      await until('three lines', () => frames.length === 3);
      assert.equal(textOf(frames), ['T=20.41', 'T=20.42', 'T=20.43']);
      assert.ok((frames[0]?.timestampNs ?? 0n) >= beforeNs);
      const all = Uint8Array.from({ length: 256 }, (_, i) => i);
      ports.write('meter', all);
      await until('all bytes', () => heard.length === 256);
      assert.equal(heard, [...all]);
    } finally {
      await ports.close();
    }
  });

  withPair(
    'noise and lines too long are dropped, counted, and the next line is whole',
    async pair => {
      const { ports, frames } = openMeter(pair.path);
      try {
        await ready(ports);
        pair.write(
          Buffer.from(`T=1\n${'x'.repeat(500)}\nT=2\nT=\xff3\n\x00\x00T=4\nT=5\n`, 'latin1'),
        );
        await until('the good lines', () => frames.length === 3);
        assert.equal(textOf(frames), ['T=1', 'T=2 (after 1 lost)', 'T=5 (after 2 lost)']);
        assert.is(ports.states()[0]?.framesLost, 3);
      } finally {
        await ports.close();
      }
    },
  );

  withPair('a stream without any line end costs one line, and then reading goes on', async pair => {
    const { ports, frames } = openMeter(pair.path);
    try {
      await ready(ports);
      for (let i = 0; i < 64; i += 1) {
        pair.write(Buffer.alloc(1_024, 0x41));
        await pause(1);
      }
      pair.write(Buffer.from('\nT=6\n'));
      await until('the line after', () => frames.length === 1);
      assert.equal(textOf(frames), ['T=6 (after 1 lost)']);
    } finally {
      await ports.close();
    }
  });

  withPair('a line that was under way when the port opened is dropped', async pair => {
    const { ports, frames } = openMeter(pair.path);
    try {
      await until('the port opens', () => ports.states()[0]?.open === true);
      pair.write(Buffer.from('0.41\r\nT=20.42\r\n'));
      await until('the whole line', () => frames.length === 1);
      assert.equal(textOf(frames), ['T=20.42 (after 1 lost)']);
    } finally {
      await ports.close();
    }
  });
}

function addOutputCases(withPair: AddCase): void {
  withPair(
    'a reader that never reads fills the output, which then refuses whole writes',
    async pair => {
      const { ports } = openMeter(pair.path);
      const heard: Uint8Array[] = [];
      try {
        await ready(ports);
        // Nothing reads the device's end while this loop runs: the queue only fills.
        const codes = Array.from({ length: 8 }, () =>
          codeOf(() => ports.write('meter', new Uint8Array(4_096).fill(0x42))),
        );
        assert.equal(codes.slice(0, 4), Array(4).fill('nothing thrown'));
        assert.equal(codes.slice(4), Array(4).fill('SERIAL_RATE'));
        assert.is(
          codeOf(() => ports.write('meter', new Uint8Array(4_097))),
          'SERIAL_QUOTA',
        );
        pair.onData(bytes => void heard.push(bytes));
        const count = () => heard.reduce((sum, bytes) => sum + bytes.length, 0);
        await until('the queue drains', () => count() === 4 * 4_096);
        assert.is(ports.states()[0]?.queuedBytes, 0);
        assert.is(
          codeOf(() => ports.write('meter', new Uint8Array(4_096))),
          'nothing thrown',
        );
      } finally {
        await ports.close();
      }
    },
  );

  withPair('closing ends everything and a second gateway can open the port', async pair => {
    const first = openMeter(pair.path);
    await ready(first.ports);
    await first.ports.close();
    assert.is(
      codeOf(() => first.ports.write('meter', new Uint8Array(1))),
      'SERIAL_NOT_READY',
    );
    const second = openMeter(pair.path);
    try {
      await ready(second.ports);
      pair.write(Buffer.from('T=7\n'));
      await until('a line', () => second.frames.length === 1);
      assert.equal(textOf(first.frames), []);
    } finally {
      await second.ports.close();
    }
  });
}
