import { mkdtempSync, rmSync, symlinkSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openPtyPair } from '../../../drivers/simulated/pty-pair-io.ts';
import { SerialError } from '../../../runtime/ports/serial.ts';
import { addPtyCases, openMeter, textOf, until } from './pty-cases.ts';

const serial = suite('drivers/serial: pseudo-terminal');

addPtyCases(serial, 'script');

serial(
  'a port missing at the start is tried again, said once, and opens when it comes',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'serial-'));
    const path = join(folder, 'meter');
    const { ports, frames, lines } = openMeter(path);
    const pair = await openPtyPair(['script']);
    try {
      await until('a second attempt', () =>
        /No such file/.test(ports.states()[0]?.lastError ?? ''),
      );
      assert.throws(
        () => ports.write('meter', new Uint8Array(1)),
        (error: unknown) => error instanceof SerialError && error.code === 'SERIAL_NOT_READY',
      );
      await new Promise(resolve => setTimeout(resolve, 900));
      assert.is(lines.filter(line => /No such file/.test(line)).length, 1);
      assert.ok(pair);
      symlinkSync(pair.path, path);
      await until('the port opens', () => ports.states()[0]?.open === true);
      pair.write(Buffer.from('\nT=1\n'));
      await until('a line', () => frames.length === 1);
    } finally {
      await ports.close();
      await pair?.close();
      rmSync(folder, { recursive: true });
    }
  },
);

serial('a pulled cable is noticed; back in, reading and writing go on', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'serial-'));
  const path = join(folder, 'meter');
  const first = await openPtyPair(['script']);
  assert.ok(first);
  symlinkSync(first.path, path);
  const { ports, frames } = openMeter(path);
  let second = null;
  try {
    await until('the port opens', () => ports.states()[0]?.open === true);
    await new Promise(resolve => setTimeout(resolve, 80));
    first.write(Buffer.from('T=1\nT=hal'));
    await until('the first line', () => frames.length === 1);
    unlinkSync(path);
    await first.close();
    await until('the loss is noticed', () => ports.states()[0]?.open === false);
    second = await openPtyPair(['script']);
    assert.ok(second);
    const heard: number[] = [];
    second.onData(bytes => void heard.push(...bytes));
    symlinkSync(second.path, path);
    await until('the port is open again', () => ports.states()[0]?.opens === 2);
    await new Promise(resolve => setTimeout(resolve, 80));
    second.write(Buffer.from('T=2\n'));
    await until('a line from the new device', () => frames.length === 2);
    assert.equal(textOf(frames), ['T=1', 'T=2 (after 1 lost)']);
    ports.write('meter', Buffer.from('ok\n'));
    await until('bytes at the new device', () => heard.length === 3);
  } finally {
    await ports.close();
    await first.close();
    await second?.close();
    rmSync(folder, { recursive: true });
  }
});

serial('an unknown label is refused, and a port without a path is never ready', async () => {
  const { ports } = openMeter('/dev/null');
  await ports.close();
  const code = (action: () => void) => {
    try {
      action();
      return null;
    } catch (error) {
      return error instanceof SerialError ? error.code : error;
    }
  };
  assert.is(
    code(() => ports.write('other', new Uint8Array(1))),
    'SERIAL_UNDEFINED_LABEL',
  );
  assert.is(
    code(() => void ports.listen('other', () => {})),
    'SERIAL_UNDEFINED_LABEL',
  );
  assert.is(
    code(() => ports.write('meter', new Uint8Array(1))),
    'SERIAL_NOT_READY',
  );
});

serial.run();
