import { SerialPort as NativePort } from 'serialport';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { noticeHangUps } from '../../../drivers/serial/hang-up.ts';
import { openPtyPair } from '../../../drivers/simulated/pty-pair-io.ts';
import { pause, until } from './pty-cases.ts';

const hangUp = suite('drivers/serial: hang-up');

hangUp('a read of a device that is gone ends, instead of asking again forever', async () => {
  const pair = await openPtyPair(['script']);
  assert.ok(pair);
  const native = new NativePort({ path: pair.path, baudRate: 9_600, autoOpen: false, lock: false });
  noticeHangUps(native);
  const closed = new Promise<Error | null>(resolve => native.once('close', resolve));
  native.once('error', () => {});
  await new Promise<void>((resolve, reject) => {
    native.open(error => (error === null ? resolve() : reject(error)));
  });
  // Nobody reads: when reading begins, the terminal was hung up long ago.
  await pair.close();
  await pause(200);
  native.resume();
  const error = await closed;
  assert.match(error?.message ?? '', /went away|EIO/);
  assert.not(native.isOpen);
});

hangUp('a port with nothing to say is waited for, and what comes then is read', async () => {
  const pair = await openPtyPair(['script']);
  assert.ok(pair);
  const native = new NativePort({ path: pair.path, baudRate: 9_600, autoOpen: false, lock: false });
  noticeHangUps(native);
  const heard: number[] = [];
  native.on('data', (bytes: Buffer) => void heard.push(...bytes));
  try {
    await new Promise<void>((resolve, reject) => {
      native.open(error => (error === null ? resolve() : reject(error)));
    });
    await pause(100);
    assert.is(heard.length, 0);
    pair.write(Buffer.from('T=1\n'));
    await until('the line', () => heard.length === 4);
  } finally {
    await new Promise<void>(resolve => native.close(() => resolve()));
    await pair.close();
  }
});

hangUp.run();
