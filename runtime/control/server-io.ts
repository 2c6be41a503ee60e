import { chmodSync, lstatSync, mkdirSync, unlinkSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { errorCode } from '../base/errors.ts';
import type { Clock } from '../ports/clock.ts';
import { ControlError } from './errors.ts';
import { FrameReader } from './frames.ts';
import type { ControlService } from './service.ts';
import { ControlSession, UploadTurn } from './session.ts';

/** Where and for whom the daemon listens. */
export interface ControlServerOptions {
  readonly path: string;
  /** 0o600: the daemon's own user; 0o660: its group too. */
  readonly mode: 0o600 | 0o660;
  readonly serverName: string;
  readonly service: ControlService;
  readonly clock: Clock;
  /** Told of breaches of the protocol, for the log. */
  readonly onBreach: (message: string) => void;
}

/** A listening control socket. */
export interface ControlServer {
  readonly path: string;
  /** Ends all connections and removes the socket. */
  close(): Promise<void>;
}

/** Connections at once. */
const CONNECTIONS_MAX = 16;

/** A client that has not said hello by then is cut off. A starved machine takes seconds. */
const HELLO_MS = 10_000;

/** Bytes that may wait for a client before a flow pauses. */
const BACKLOG_BYTES = 262_144;

/** A client that has not read by then what it asked for is cut off. */
const BACKLOG_BYTES_MAX = 8 * 1_048_576;

/** How long a socket's owner has to accept before it counts as alive but stuck. */
const PROBE_MS = 1_000;

/**
 * Listens at `path`. What a killed daemon left there is removed; a living daemon's socket is not.
 * Rejects with ControlError `CONTROL_SOCKET_IN_USE`, `CONTROL_SOCKET_PATH`.
 */
export async function listenControl(options: ControlServerOptions): Promise<ControlServer> {
  const { path } = options;
  mkdirSync(dirname(path), { recursive: true, mode: options.mode === 0o660 ? 0o750 : 0o700 });
  await claimControlSocket(path, options.clock);
  const sockets = new Set<Socket>();
  const uploads = new UploadTurn();
  const server = createServer(socket => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    serve(socket, options, uploads);
  });
  server.maxConnections = CONNECTIONS_MAX;
  await bind(server, path, options.mode);
  return {
    path,
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

function serve(socket: Socket, options: ControlServerOptions, uploads: UploadTurn): void {
  const { service, serverName, clock, onBreach } = options;
  const transport = {
    send: (frame: Uint8Array) => {
      if (socket.writable) socket.write(frame);
      if (socket.writableLength > BACKLOG_BYTES_MAX) socket.destroy();
    },
    drained: () => drained(socket),
  };
  const session = new ControlSession({ service, serverName, transport, uploads, clock });
  const reader = new FrameReader();
  const breach = (error: unknown) => {
    onBreach(error instanceof Error ? error.message : String(error));
    session.refuse(error);
    socket.destroySoon();
  };
  const timer = clock.after(HELLO_MS, () => {
    // When this thread was held up itself, the hello lies in the socket: it is read first.
    setImmediate(() => {
      if (!session.greeted) breach(new ControlError('CONTROL_TIMED_OUT', 'no hello in time'));
    });
  });
  socket.on('data', (chunk: Buffer) => {
    // After a breach the rest of its bytes still arrives; it is not looked at.
    if (!socket.writable) return;
    try {
      for (const frame of reader.push(chunk)) session.receive(frame);
    } catch (error) {
      breach(error);
    }
  });
  // Whoever cannot be written to is gone; `close` follows.
  socket.on('error', () => {});
  socket.on('close', () => {
    timer.cancel();
    session.close();
  });
}

function drained(socket: Socket): Promise<void> {
  if (socket.writableLength <= BACKLOG_BYTES || !socket.writable) return Promise.resolve();
  return new Promise(resolve => {
    const done = () => {
      socket.off('drain', done);
      socket.off('close', done);
      resolve();
    };
    socket.on('drain', done);
    socket.on('close', done);
  });
}

function bind(server: Server, path: string, mode: number): Promise<void> {
  // Nobody else may connect between the creation of the socket and the change of its mode.
  const before = process.umask(0o177);
  try {
    return new Promise((resolve, reject) => {
      server.once('error', cause => {
        const code =
          errorCode(cause) === 'EADDRINUSE' ? 'CONTROL_SOCKET_IN_USE' : 'CONTROL_SOCKET_PATH';
        reject(new ControlError(code, `cannot listen at ${path}`, { cause }));
      });
      server.listen(path, () => {
        chmodSync(path, mode);
        resolve();
      });
    });
  } finally {
    process.umask(before);
  }
}

/**
 * Removes what a killed daemon left at `path`. To be called before anything else is opened that
 * only one daemon may have. Rejects with ControlError `CONTROL_SOCKET_IN_USE` when one lives there,
 * `CONTROL_SOCKET_PATH`.
 */
export async function claimControlSocket(path: string, clock: Clock): Promise<void> {
  let isSocket: boolean;
  try {
    isSocket = lstatSync(path).isSocket();
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return;
    throw new ControlError('CONTROL_SOCKET_PATH', `cannot use ${path}`, { cause: error });
  }
  if (!isSocket) throw new ControlError('CONTROL_SOCKET_PATH', `${path} is not a socket`);
  if (await isAlive(path, clock)) {
    throw new ControlError('CONTROL_SOCKET_IN_USE', `another daemon listens at ${path}`);
  }
  unlinkSync(path);
}

/** Only a refused connection shows that nobody listens; everything else counts as alive. */
function isAlive(path: string, clock: Clock): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(path);
    const timer = clock.after(PROBE_MS, () => answer(true));
    const answer = (alive: boolean) => {
      timer.cancel();
      socket.destroy();
      resolve(alive);
    };
    socket.on('connect', () => answer(true));
    socket.on('error', error => answer(errorCode(error) !== 'ECONNREFUSED'));
  });
}
