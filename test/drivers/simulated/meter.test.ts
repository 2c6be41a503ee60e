import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ManualClock } from '../../../drivers/simulated/manual-clock.ts';
import { startMeter } from '../../../drivers/simulated/meter.ts';
import { createSeededRandom } from '../../../drivers/simulated/seeded-random.ts';
import { SimulatedSerial } from '../../../drivers/simulated/serial-lines.ts';
import type { BoardSerialPort } from '../../../runtime/ports/board.ts';
import { SerialError } from '../../../runtime/ports/serial.ts';

const meter = suite('drivers/simulated: meter and serial lines');

const PORT: BoardSerialPort = {
  label: 'meter',
  baudRate: 9_600,
  dataBits: 8,
  stopBits: 1,
  parity: 'none',
  framing: { kind: 'line', maxBytes: 16, ending: 'auto' },
};

function build(noise = 0, seed = 1) {
  const clock = new ManualClock();
  const random = createSeededRandom(seed);
  const serial = new SimulatedSerial({ ports: [PORT], clock, random, noise });
  const lines: string[] = [];
  let lost = 0;
  serial.listen('meter', frame => {
    lines.push(Buffer.from(frame.bytes).toString('latin1'));
    lost += frame.lost;
  });
  return { clock, random, serial, lines, lost: () => lost };
}

meter('a heated room warms, an unheated one cools, and the lines say so', () => {
  const { clock, random, serial, lines } = build();
  let heating = true;
  const send = (bytes: Uint8Array) => serial.feed('meter', bytes);
  const running = startMeter({ send, heating: () => heating, clock, random });
  clock.advance(30_000);
  assert.is(lines.length, 60);
  for (const line of lines) assert.match(line, /^T=\d+\.\d\d$/);
  const warm = running.celsius;
  assert.ok(warm > 20 && warm < 60, `${warm}`);
  assert.ok(Math.abs(Number(lines.at(-1)?.slice(2)) - warm) < 0.05);
  heating = false;
  clock.advance(300_000);
  assert.ok(running.celsius < warm - 5, `${running.celsius}`);
  running.stop();
  const count = lines.length;
  clock.advance(10_000);
  assert.is(lines.length, count);
});

meter('noise spoils lines the same way for the same seed', () => {
  const read = (seed: number) => {
    const { clock, random, serial, lines } = build(0.05, seed);
    startMeter({ send: b => serial.feed('meter', b), heating: () => true, clock, random });
    clock.advance(100_000);
    return lines;
  };
  assert.equal(read(3), read(3));
  assert.not.equal(read(3), read(4));
  assert.ok(read(3).some(line => !/^T=\d+\.\d\d$/.test(line)));
});

meter('a script feeds bytes at their times; a pulled cable loses the line begun', () => {
  const { clock, serial, lines, lost } = build();
  const bytes = (text: string) => Buffer.from(text);
  serial.play([
    { atMs: 1, label: 'meter', bytes: bytes('a\nhal') },
    { atMs: 3, label: 'meter', bytes: bytes('lost\n') },
    { atMs: 5, label: 'meter', bytes: bytes('b\n') },
  ]);
  clock.advance(2);
  serial.setCable('meter', 'out');
  assert.throws(
    () => serial.write('meter', bytes('x')),
    (error: unknown) => error instanceof SerialError && error.code === 'SERIAL_NOT_READY',
  );
  clock.advance(2);
  serial.setCable('meter', 'in');
  clock.advance(2);
  assert.equal(lines, ['a', 'b']);
  assert.is(lost(), 1);
});

meter('written bytes wait for the device, bounded', () => {
  const { serial } = build();
  const chunk = new Uint8Array(4_096);
  for (let i = 0; i < 4; i += 1) serial.write('meter', chunk);
  assert.throws(
    () => serial.write('meter', chunk),
    (error: unknown) => error instanceof SerialError && error.code === 'SERIAL_RATE',
  );
  let taken = 0;
  serial.attach('meter', bytes => {
    taken += bytes.length;
  });
  serial.write('meter', chunk);
  assert.is(taken, 5 * 4_096);
});

meter.run();
