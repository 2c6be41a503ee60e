import { read } from 'node:fs';
import type { SerialPort as NativePort } from 'serialport';

/** What serialport's port object is on Linux and macOS: a descriptor and who polls it. */
interface DescriptorPort {
  readonly fd: number | null;
  readonly isOpen: boolean;
  readonly poller: {
    once(event: 'readable', callback: (error: Error | null) => void): unknown;
  };
  read(buffer: Buffer, offset: number, length: number): Promise<ReadAnswer>;
}

interface ReadAnswer {
  readonly buffer: Buffer;
  readonly bytesRead: number;
}

/**
 * Makes `native` notice a device that went away while it was being read. A terminal that was hung
 * up answers every read with no bytes; serialport 13 asks again at once, forever: one core is
 * lost, and the port still counts as open. Call it before anything listens for data.
 */
export function noticeHangUps(native: NativePort): void {
  native.once('open', () => {
    const port: unknown = native.port;
    if (isDescriptorPort(port)) {
      port.read = (buffer, offset, length) => readOnce(port, buffer, offset, length);
    }
  });
}

/** Resolves with at least one byte; rejects when there is no device any more. */
async function readOnce(
  port: DescriptorPort,
  buffer: Buffer,
  offset: number,
  length: number,
): Promise<ReadAnswer> {
  for (;;) {
    if (!port.isOpen || port.fd === null) throw canceled();
    const bytesRead = await readNow(port.fd, buffer, offset, length);
    // Opened with VMIN 1, a port that merely has nothing to say is not ready; none is the end.
    if (bytesRead === 0) throw new Error('the device went away');
    if (bytesRead !== null) return { buffer, bytesRead };
    if (!port.isOpen) throw canceled();
    await new Promise<void>((resolve, reject) => {
      port.poller.once('readable', error => (error === null ? resolve() : reject(error)));
    });
  }
}

/** Resolves with the bytes read, or null where reading has to wait. */
function readNow(
  fd: number,
  buffer: Buffer,
  offset: number,
  length: number,
): Promise<number | null> {
  return new Promise((resolve, reject) => {
    read(fd, buffer, offset, length, null, (error, bytesRead) => {
      if (error === null) resolve(bytesRead);
      else if (error.code === 'EAGAIN' || error.code === 'EINTR') resolve(null);
      else reject(error);
    });
  });
}

/** The mark by which serialport's stream knows that it closed the port itself. */
function canceled(): Error {
  return Object.assign(new Error('the port was closed'), { canceled: true });
}

function isDescriptorPort(port: unknown): port is DescriptorPort {
  return typeof port === 'object' && port !== null && 'fd' in port && 'poller' in port;
}
