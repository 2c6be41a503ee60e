import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { PacketGuard } from './packet-guard.ts';

/** MQTT 3.1.1 3.4: type PUBACK, two bytes to follow. */
const PUBACK = [0x40, 0x02];

/** What a guarded socket is made of. */
export interface GuardedSocketSettings {
  readonly packetBytesMax: number;
  /** Called when messages were dropped because they are too large. */
  readonly onDropped: (count: number) => void;
}

/** A connection that passes on only packets of bearable size (PacketGuard). */
export class GuardedSocket extends Duplex {
  readonly #socket: Socket;
  readonly #guard: PacketGuard;
  readonly #settings: GuardedSocketSettings;

  constructor(socket: Socket, settings: GuardedSocketSettings) {
    super({ allowHalfOpen: false });
    this.#socket = socket;
    this.#guard = new PacketGuard(settings.packetBytesMax);
    this.#settings = settings;
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    socket.on('end', () => void this.push(null));
    socket.on('error', error => void this.destroy(error));
    socket.on('close', () => void this.destroy());
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(
    chunk: Buffer,
    _encoding: BufferEncoding,
    callback: (error?: Error | null) => void,
  ): void {
    this.#socket.write(chunk, callback);
  }

  override _writev(
    chunks: readonly { readonly chunk: Buffer }[],
    callback: (error?: Error | null) => void,
  ): void {
    // One segment for one packet, which the protocol's writer hands over in parts.
    this.#socket.write(Buffer.concat(chunks.map(part => part.chunk)), callback);
  }

  override _final(callback: (error?: Error | null) => void): void {
    this.#socket.end(callback);
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#socket.destroy();
    callback(error);
  }

  #take(chunk: Buffer): void {
    const { pass, acknowledge, dropped, violation } = this.#guard.push(chunk);
    let wanted = true;
    for (const bytes of pass) wanted = this.push(bytes);
    for (const identifier of acknowledge) {
      // Through our own writable side, so that it cannot land inside a packet.
      this.write(Buffer.from([...PUBACK, identifier >> 8, identifier & 0xff]));
    }
    if (dropped > 0) this.#settings.onDropped(dropped);
    if (violation !== null) {
      this.destroy(Object.assign(new Error(`the broker sent ${violation}`), { code: 'EPROTO' }));
    } else if (!wanted) {
      this.#socket.pause();
    }
  }
}
