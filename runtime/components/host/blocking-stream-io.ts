import { readSync, writeSync } from 'node:fs';
import { FRAME_BYTES_MAX, FrameReader, type Message, NonceGate } from '../../transport/index.ts';

/** The other side closed the socket, or told this session to leave. */
export class SessionOver extends Error {}

/**
 * A worker's end of one socket of its slot, with blocking reads. Blocking on purpose: a worker
 * has nothing else to do, and a stream object of the event loop would close the descriptor, and
 * with it the slot for good, when the worker is terminated.
 */
export class BlockingStream {
  private readonly fd: number;
  /** Used again for every chunk: all messages of one are done with before the next is read. */
  private readonly chunk = Buffer.allocUnsafeSlow(FRAME_BYTES_MAX);
  private readonly gate: NonceGate;
  private readonly reader: FrameReader;

  constructor(fd: number, nonce: Uint8Array, slot: number, types: ReadonlySet<number>) {
    this.fd = fd;
    this.gate = new NonceGate(nonce);
    this.reader = new FrameReader({ slot, types });
  }

  /** Blocks until the session's nonce has come; discards everything before it. */
  open(): readonly Message[] {
    const messages: Message[] = [];
    while (!this.gate.isOpen) this.read(message => messages.push({ ...message }));
    return messages;
  }

  /**
   * Blocks until bytes have come, and shows the messages they complete, which may be none, one
   * after the other. Each is written over when the next is read.
   */
  read(take: (message: Message) => void): void {
    const count = readSync(this.fd, this.chunk, 0, FRAME_BYTES_MAX, null);
    if (count === 0) throw new SessionOver('the gateway closed the socket');
    this.reader.each(this.gate.pass(this.chunk.subarray(0, count)), take);
  }

  /** Blocks until all bytes are in the socket. */
  write(bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length) at += writeSync(this.fd, bytes, at, bytes.length - at);
  }
}
