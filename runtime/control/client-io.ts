import { connect, type Socket } from 'node:net';
import * as v from 'valibot';
import { errorCode, errorMessage } from '../base/errors.ts';
import type { Clock } from '../ports/clock.ts';
import { ControlError, DaemonError } from './errors.ts';
import { encodeBytes, encodeJson, type Frame, FrameReader, UPLOAD_PIECE_BYTES } from './frames.ts';
import {
  PROTOCOL_VERSIONS,
  type Request,
  type ServerMessage,
  serverMessageSchema,
  type WireError,
} from './messages.ts';

/** How a client connects. */
export interface ControlClientOptions {
  readonly path: string;
  readonly clientName: string;
  readonly clock: Clock;
  /** To connect and to agree upon a version. */
  readonly timeoutMs: number;
}

/** How one request is made. */
export interface AskOptions {
  /** Null: waits as long as it takes. */
  readonly timeoutMs: number | null;
  /** Takes what comes before the answer. */
  readonly onEvent?: (value: unknown) => void;
  /** Sent after the request. */
  readonly upload?: Uint8Array;
}

interface Waiting {
  readonly onEvent: (value: unknown) => void;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** A connection to the daemon. */
export class ControlClient {
  readonly #socket: Socket;
  readonly #clock: Clock;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;
  #ended: Error | null = null;

  private constructor(socket: Socket, clock: Clock) {
    this.#socket = socket;
    this.#clock = clock;
  }

  /**
   * Connects and agrees upon a version. Rejects with ControlError `CONTROL_UNREACHABLE`,
   * `CONTROL_DENIED`, `CONTROL_VERSION`, `CONTROL_TIMED_OUT`, `CONTROL_LOST`.
   */
  static async connect(options: ControlClientOptions): Promise<ControlClient> {
    const socket = connect(options.path);
    const client = new ControlClient(socket, options.clock);
    const greeted = Promise.withResolvers<void>();
    const timer = options.clock.after(options.timeoutMs, () => {
      client.#end(new ControlError('CONTROL_TIMED_OUT', 'the daemon does not answer'));
    });
    client.#waiting.set(0, {
      onEvent: () => {},
      resolve: () => greeted.resolve(),
      reject: greeted.reject,
    });
    client.#listen(options.path);
    const { clientName } = options;
    socket.write(encodeJson({ type: 'hello', versions: PROTOCOL_VERSIONS, client: clientName }));
    try {
      await greeted.promise;
      return client;
    } finally {
      timer.cancel();
    }
  }

  /** Asks, and returns the parsed answer. Rejects with ControlError, or with the daemon's error. */
  async ask<Schema extends v.GenericSchema>(
    request: Request,
    schema: Schema,
    options: AskOptions,
  ): Promise<v.InferOutput<Schema>> {
    if (this.#ended !== null) throw this.#ended;
    this.#lastId += 1;
    const id = this.#lastId;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#waiting.set(id, { onEvent: options.onEvent ?? (() => {}), resolve, reject });
    const { timeoutMs } = options;
    const timer =
      timeoutMs === null
        ? null
        : this.#clock.after(timeoutMs, () => {
            this.#socket.write(encodeJson({ type: 'cancel', id }));
            this.#settle(id, waiting =>
              waiting.reject(
                new ControlError('CONTROL_TIMED_OUT', `no answer within ${timeoutMs} ms`),
              ),
            );
          });
    try {
      this.#socket.write(encodeJson({ type: 'request', id, ...request }));
      if (options.upload !== undefined) await this.#upload(id, options.upload, promise);
      return parseAnswer(schema, await promise);
    } finally {
      timer?.cancel();
    }
  }

  /** Ends the connection; what still waits is rejected. */
  close(): void {
    this.#end(new ControlError('CONTROL_CANCELLED', 'the connection was closed'));
  }

  async #upload(id: number, bytes: Uint8Array, answer: Promise<unknown>): Promise<void> {
    let answered = false;
    const stop = () => {
      answered = true;
    };
    answer.then(stop, stop);
    for (let at = 0; at < bytes.length && !answered; at += UPLOAD_PIECE_BYTES) {
      const flowing = this.#socket.write(
        encodeBytes(id, bytes.subarray(at, at + UPLOAD_PIECE_BYTES)),
      );
      // The daemon may refuse before everything has arrived, and then reads no further.
      if (!flowing) await Promise.race([drain(this.#socket), answer.catch(() => {})]);
      await Promise.resolve();
    }
  }

  #listen(path: string): void {
    const reader = new FrameReader();
    this.#socket.on('data', (chunk: Buffer) => {
      try {
        for (const frame of reader.push(chunk)) this.#receive(frame);
      } catch (error) {
        this.#end(error instanceof Error ? error : new Error(String(error)));
      }
    });
    this.#socket.on('error', cause => this.#end(connectError(path, cause)));
    this.#socket.on('close', () => {
      this.#end(new ControlError('CONTROL_LOST', 'the daemon ended the connection'));
    });
  }

  #receive(frame: Frame): void {
    const message = v.safeParse(serverMessageSchema, frame.kind === 'json' ? frame.value : null);
    if (!message.success) throw new ControlError('CONTROL_FRAME', 'not a message of a daemon');
    this.#take(message.output);
  }

  #take(message: ServerMessage): void {
    if (message.type === 'hello') {
      this.#settle(0, waiting => waiting.resolve(null));
    } else if (message.type === 'event') {
      this.#waiting.get(message.id)?.onEvent(message.value);
    } else if (message.type === 'result') {
      this.#settle(message.id, waiting => waiting.resolve(message.value));
    } else {
      const error = remoteError(message.error);
      if (message.id === null) this.#end(error);
      else this.#settle(message.id, waiting => waiting.reject(error));
    }
  }

  #settle(id: number, settle: (waiting: Waiting) => void): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (waiting !== undefined) settle(waiting);
  }

  #end(error: Error): void {
    this.#ended ??= error;
    for (const id of [...this.#waiting.keys()]) this.#settle(id, one => one.reject(error));
    this.#socket.destroy();
  }
}

function parseAnswer<Schema extends v.GenericSchema>(
  schema: Schema,
  value: unknown,
): v.InferOutput<Schema> {
  const answer = v.safeParse(schema, value);
  if (answer.success) return answer.output;
  const where = v.getDotPath(answer.issues[0]) ?? 'answer';
  throw new ControlError('CONTROL_FRAME', `the daemon's answer is not understood at ${where}`);
}

function remoteError({ code, message, causes }: WireError): Error {
  const cause = causes.reduceRight<Error | undefined>(
    (inner, text) => new Error(text, inner === undefined ? {} : { cause: inner }),
    undefined,
  );
  return new DaemonError(code, message, cause === undefined ? {} : { cause });
}

function connectError(path: string, cause: unknown): ControlError {
  switch (errorCode(cause)) {
    case 'ENOENT':
    case 'ECONNREFUSED':
      return new ControlError('CONTROL_UNREACHABLE', `no daemon listens at ${path}`, { cause });
    case 'EACCES':
    case 'EPERM':
      return new ControlError('CONTROL_DENIED', `you may not use ${path}`, { cause });
    default:
      return new ControlError('CONTROL_LOST', `${path}: ${errorMessage(cause)}`, { cause });
  }
}

function drain(socket: Socket): Promise<void> {
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
