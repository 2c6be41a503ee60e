/**
 * One client of the control socket, without the socket. Everything that arrives is hostile until
 * it is parsed; a breach of the protocol is thrown and ends the connection, a wrong request is
 * answered with an error.
 */
import * as v from 'valibot';
import { errorCode, errorMessage } from '../base/errors.ts';
import type { Clock, Timer } from '../ports/clock.ts';
import { ControlError } from './errors.ts';
import { EventFlow } from './event-flow.ts';
import { encodeJson, type Frame } from './frames.ts';
import {
  clientMessageSchema,
  PROTOCOL_VERSIONS,
  type Request,
  requestSchema,
  type WireError,
} from './messages.ts';
import type { InstallStep } from './reports.ts';
import type { ControlService, Flow } from './service.ts';

/** The connection as a session sees it. */
export interface SessionTransport {
  send(frame: Uint8Array): void;
  /** Resolves when the client has read enough to send more, or has left. */
  drained(): Promise<void>;
}

/** Uploads are held in memory until they are verified: one at a time for the whole daemon. */
export class UploadTurn {
  #taken = false;

  /** Returns false when another upload is under way. */
  take(): boolean {
    if (this.#taken) return false;
    this.#taken = true;
    return true;
  }

  give(): void {
    this.#taken = false;
  }
}

/** Requests of one client that are not answered yet. */
const REQUESTS_MAX = 8;

type InstallParams = Extract<Request, { method: 'install' }>['params'];

/** An upload of which nothing arrives for so long is given up. */
const UPLOAD_STALL_MS = 10_000;

/** Characters of metrics text that travel in one event. */
const TEXT_PIECE_CHARS = 131_072;

interface Upload {
  readonly bytes: Uint8Array;
  readonly done: PromiseWithResolvers<Uint8Array>;
  received: number;
}

interface OpenRequest {
  upload: Upload | null;
  flow: Flow | null;
  readonly cancelled: PromiseWithResolvers<void>;
}

/** Speaks the protocol with one client. */
export class ControlSession {
  readonly #service: ControlService;
  readonly #serverName: string;
  readonly #transport: SessionTransport;
  readonly #uploads: UploadTurn;
  readonly #clock: Clock;
  readonly #open = new Map<number, OpenRequest>();
  #greeted = false;

  constructor(parts: {
    readonly service: ControlService;
    readonly serverName: string;
    readonly transport: SessionTransport;
    readonly uploads: UploadTurn;
    readonly clock: Clock;
  }) {
    this.#service = parts.service;
    this.#serverName = parts.serverName;
    this.#transport = parts.transport;
    this.#uploads = parts.uploads;
    this.#clock = parts.clock;
  }

  /** Whether the versions were agreed upon. */
  get greeted(): boolean {
    return this.#greeted;
  }

  /** Takes one frame. @throws ControlError when the connection cannot go on */
  receive(frame: Frame): void {
    if (frame.kind === 'bytes') {
      this.#receivePiece(frame.id, frame.bytes);
      return;
    }
    const message = v.safeParse(clientMessageSchema, frame.value);
    if (!message.success) throw new ControlError('CONTROL_REQUEST', 'not a message of a client');
    const { output } = message;
    if (output.type === 'hello') {
      this.#greet(output.versions);
      return;
    }
    if (!this.#greeted) throw new ControlError('CONTROL_REQUEST', 'a hello comes first');
    if (output.type === 'cancel') this.#cancel(output.id);
    else this.#begin(output.id, output.method, output.params);
  }

  /** Tells the client why the connection ends. */
  refuse(error: unknown): void {
    this.#sendError(null, error);
  }

  /** Stops everything that goes on for this client. */
  close(): void {
    for (const id of [...this.#open.keys()]) this.#cancel(id);
  }

  #greet(versions: readonly number[]): void {
    const version = PROTOCOL_VERSIONS.find(known => versions.includes(known));
    if (version === undefined) {
      const known = PROTOCOL_VERSIONS.join(', ');
      throw new ControlError('CONTROL_VERSION', `the daemon speaks protocol ${known} only`);
    }
    this.#greeted = true;
    this.#send({ type: 'hello', version, server: this.#serverName });
  }

  #begin(id: number, method: string, params: unknown): void {
    if (this.#open.has(id)) throw new ControlError('CONTROL_REQUEST', `request ${id} is open`);
    const request = v.safeParse(requestSchema, { method, params });
    if (!request.success) {
      const issue = request.issues[0];
      const where = v.getDotPath(issue) ?? 'request';
      this.#sendError(id, new ControlError('CONTROL_REQUEST', `${where}: ${issue.message}`));
    } else if (this.#open.size >= REQUESTS_MAX) {
      this.#sendError(
        id,
        new ControlError('CONTROL_BUSY', `${REQUESTS_MAX} requests wait already`),
      );
    } else {
      const open = { upload: null, flow: null, cancelled: Promise.withResolvers<void>() };
      this.#open.set(id, open);
      void this.#answer(id, request.output, open);
    }
  }

  async #answer(id: number, request: Request, open: OpenRequest): Promise<void> {
    try {
      const value = await this.#run(id, request, open);
      if (this.#close(id, open)) this.#sendResult(id, value);
    } catch (error) {
      if (this.#close(id, open)) this.#sendError(id, error);
    } finally {
      open.flow?.stop();
    }
  }

  /** Returns false for a request that was cancelled, whose number may be in use again. */
  #close(id: number, open: OpenRequest): boolean {
    return this.#open.get(id) === open && this.#open.delete(id);
  }

  #run(id: number, request: Request, open: OpenRequest): unknown {
    switch (request.method) {
      case 'status':
        return this.#service.status();
      case 'list':
        return this.#service.list();
      case 'slots':
        return this.#service.slots();
      case 'logs':
        return this.#logs(id, request.params, open);
      case 'why':
        return this.#service.why(request.params.name);
      case 'install':
        return this.#install(id, request.params, open);
      case 'rollback':
        return this.#service.rollback(request.params.reason);
      case 'trust-update':
        return this.#service.updateTrust(Buffer.from(request.params.document, 'base64'));
      case 'release':
        return this.#service.releaseQuarantine(request.params.controller);
      case 'lines':
        return this.#service.lines();
      case 'watch':
        return this.#watch(id, request.params.labels, open);
      case 'drive':
        return this.#service.driveLine(request.params.label, request.params.state);
      case 'metrics':
        return this.#metrics(id);
      case 'shutdown':
        return this.#service.shutdown();
    }
  }

  async #logs(
    id: number,
    params: Extract<Request, { method: 'logs' }>['params'],
    open: OpenRequest,
  ): Promise<null> {
    const { controller, levelMin, sinceWallMs, countMax, follow } = params;
    const query = {
      ...(controller === undefined ? {} : { controller }),
      ...(levelMin === undefined ? {} : { levelMin }),
      ...(sinceWallMs === undefined ? {} : { sinceWallMs }),
    };
    const flow = this.#flow(id);
    // No line can come between these two: nothing else runs meanwhile.
    const lines = this.#service.logs(query, countMax);
    const following = follow ? this.#service.followLogs(query, line => flow.push(line)) : null;
    open.flow = stopBoth(following, flow);
    await flow.sendAll(lines);
    if (follow) await open.cancelled.promise;
    return null;
  }

  async #watch(id: number, labels: readonly string[], open: OpenRequest): Promise<null> {
    const flow = this.#flow(id);
    open.flow = stopBoth(
      this.#service.watchLines(labels, change => flow.push(change)),
      flow,
    );
    await open.cancelled.promise;
    return null;
  }

  async #metrics(id: number): Promise<null> {
    const text = await this.#service.metrics();
    for (let at = 0; at < text.length; at += TEXT_PIECE_CHARS) {
      this.#event(id, { text: text.slice(at, at + TEXT_PIECE_CHARS) });
      await this.#transport.drained();
    }
    return null;
  }

  async #install(id: number, params: InstallParams, open: OpenRequest): Promise<unknown> {
    if (!this.#uploads.take()) {
      throw new ControlError('CONTROL_BUSY', 'another release is being uploaded or installed');
    }
    try {
      const bytes = new Uint8Array(params.sizeBytes);
      const done = Promise.withResolvers<Uint8Array>();
      const upload = { bytes, done, received: 0 };
      open.upload = upload;
      const stalled = Promise.withResolvers<void>();
      const watch = this.#watchUpload(upload, () => stalled.resolve());
      await Promise.race([done.promise, open.cancelled.promise, stalled.promise]);
      watch.stop();
      if (open.upload.received < bytes.length) {
        throw new ControlError('CONTROL_CANCELLED', 'the upload was not completed');
      }
      return await this.#installWhole(id, bytes, params);
    } finally {
      this.#uploads.give();
    }
  }

  /** Calls `onStall` when no piece has come for a while: the turn is not anybody's to keep. */
  #watchUpload(upload: Upload, onStall: () => void): Flow {
    let timer: Timer;
    const look = (before: number) => {
      if (upload.received === before) onStall();
      else wait();
    };
    const wait = () => {
      const before = upload.received;
      timer = this.#clock.after(UPLOAD_STALL_MS, () => look(before));
    };
    wait();
    return { stop: () => timer.cancel() };
  }

  /** The bytes are here: from now on the client's leaving changes nothing. */
  async #installWhole(
    id: number,
    bytes: Uint8Array,
    { wait, token }: InstallParams,
  ): Promise<unknown> {
    const trial = Promise.withResolvers<unknown>();
    const onStep = (step: InstallStep) => {
      this.#event(id, step);
      if (step.step === 'trial') trial.resolve(step.installed);
    };
    const leave = token === undefined ? null : Buffer.from(token, 'base64');
    const finished = this.#service.install(bytes, onStep, leave);
    if (wait) return finished;
    // Whoever does not wait learns of the end from `why`; it must not go unhandled here.
    finished.catch(() => {});
    return Promise.race([finished, trial.promise]);
  }

  #receivePiece(id: number, piece: Uint8Array): void {
    const upload = this.#open.get(id)?.upload;
    // Pieces may still be on their way when their request was refused or cancelled.
    if (upload === undefined || upload === null) {
      if (this.#greeted) return;
      throw new ControlError('CONTROL_REQUEST', 'a hello comes first');
    }
    if (upload.received + piece.length > upload.bytes.length) {
      throw new ControlError('CONTROL_REQUEST', 'the upload is longer than it was announced');
    }
    upload.bytes.set(piece, upload.received);
    upload.received += piece.length;
    if (upload.received === upload.bytes.length) upload.done.resolve(upload.bytes);
  }

  #cancel(id: number): void {
    const open = this.#open.get(id);
    if (open === undefined) return;
    this.#open.delete(id);
    open.flow?.stop();
    open.cancelled.resolve();
    this.#sendError(id, new ControlError('CONTROL_CANCELLED', 'cancelled by the client'));
  }

  #flow<Item>(id: number): EventFlow<Item> {
    return new EventFlow<Item>(
      (items, lost) => this.#event(id, { items, lost }),
      () => this.#transport.drained(),
    );
  }

  #event(id: number, value: unknown): void {
    if (this.#open.has(id)) this.#send({ type: 'event', id, value });
  }

  #sendResult(id: number, value: unknown): void {
    try {
      this.#send({ type: 'result', id, value: value ?? null });
    } catch (error) {
      this.#sendError(id, error);
    }
  }

  #sendError(id: number | null, error: unknown): void {
    this.#send({ type: 'error', id, error: wireError(error) });
  }

  #send(message: unknown): void {
    this.#transport.send(encodeJson(message));
  }
}

function stopBoth(flow: Flow | null, events: { stop(): void }): Flow {
  return {
    stop: () => {
      flow?.stop();
      events.stop();
    },
  };
}

function wireError(error: unknown): WireError {
  const code = errorCode(error);
  const causes: string[] = [];
  let cause = error instanceof Error ? error.cause : undefined;
  while (cause !== undefined && causes.length < 5) {
    causes.push(errorMessage(cause).slice(0, 4_096));
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  return {
    code: code === 'UNKNOWN' ? 'CONTROL_FAILED' : code.slice(0, 64),
    message: errorMessage(error).slice(0, 4_096),
    causes,
  };
}
