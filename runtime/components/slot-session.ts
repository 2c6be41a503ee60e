import { errorMessage } from '../base/errors.ts';
import type { Clock, Timer } from '../ports/clock.ts';
import type { ActivationRequest, EndReason, InstanceStatistics } from '../ports/component-host.ts';
import { ComponentError } from '../ports/component-host.ts';
import {
  type Activated,
  ANSWER_CANCELLED,
  ANSWER_OK,
  appendMessage,
  ByteSource,
  beginMessage,
  CallCredit,
  type ContractCodecs,
  endMessage,
  FRAME_TYPE,
  FrameReader,
  HOST_CALL_NONCE_BYTES,
  LOG_LINES_AHEAD_MAX,
  LOG_LINES_PER_CALL,
  type Message,
  messageSink,
  NonceGate,
  ProtocolError,
  readActivated,
  readFault,
  readLogLine,
  UPWARD_TYPES,
} from '../transport/index.ts';
import { judgeCall, type ThreadTimes } from './call-time.ts';

/** Bytes of the queue's buffer that are kept when it is empty. */
const KEPT_BYTES_MAX = 64 * 1024;
const NO_BYTES = Buffer.alloc(0);

/** The sockets of a slot and the end of the present turn of the event loop. */
export interface SlotWires {
  writeCall(bytes: Uint8Array): void;
  writeHost(bytes: Uint8Array): void;
  /** Runs a task when everything that is running now, promises included, has run. */
  atEndOfTurn(task: () => void): void;
  /** Runs a task when the sockets have been read once more. */
  afterReading(task: () => void): void;
  /** What the host's worker threads have used; null where the system does not tell. */
  threadTimes(): ThreadTimes | null;
}

/** What a session tells its owner. */
export interface SessionEvents {
  /** The worker has taken the slot and will instantiate now. */
  onOpened(): void;
  onActivated(activated: Activated): void;
  /** The instance must end for this reason. */
  onEnd(reason: EndReason): void;
  /** The host sent what it must not send. */
  onViolation(error: ProtocolError): void;
}

/** What a session is made of. */
export interface SessionOptions extends SessionEvents {
  readonly slot: number;
  readonly nonce: Uint8Array;
  readonly codecs: ContractCodecs;
  readonly wires: SlotWires;
  readonly clock: Clock;
  readonly request: Pick<ActivationRequest, 'limits' | 'onHostCall' | 'onLog'>;
}

interface PendingCall {
  readonly id: number;
  readonly functionId: number;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: ComponentError) => void;
}

/**
 * gatewayd's side of one slot while one instance is in it. Invariants:
 * - every call is settled exactly once: by its reply, or by `close`;
 * - replies come in the order of the calls, anything else is a violation;
 * - at most one host call is pending, and after `close` none is answered with a value;
 * - whatever arrives is bounded: by the reader, by credit, by the number of calls in flight.
 */
export class SlotSession {
  private readonly options: SessionOptions;
  private readonly gate: NonceGate;
  private readonly reader: FrameReader;
  private readonly credit: CallCredit;
  private readonly out = messageSink();
  private readonly answers = messageSink();
  private readonly source = new ByteSource(NO_BYTES);
  private readonly callAddress: { readonly type: number; id: number; readonly slot: number };
  private pending: PendingCall[] = [];
  private closed = false;
  private flushPlanned = false;
  private nextCallId = 1;
  private isActivated = false;
  private hostCallPending: number | null = null;
  private deadline: Timer | null = null;
  private headSinceMs = 0;
  private headMark: ThreadTimes | null = null;
  private calls = 0;
  private hostCalls = 0;
  private logLines = 0;
  private logLinesAllowed = LOG_LINES_AHEAD_MAX;
  private logLinesDropped = 0;
  private memoryKib = 0;

  constructor(options: SessionOptions) {
    this.options = options;
    this.callAddress = { type: FRAME_TYPE.call, id: 0, slot: options.slot };
    this.gate = new NonceGate(options.nonce);
    this.reader = new FrameReader({ slot: options.slot, types: UPWARD_TYPES });
    this.credit = new CallCredit(options.request.limits.callsInFlightMax);
  }

  /** Opens the session on both sockets, before the worker is told to take the slot. */
  open(): void {
    this.options.wires.writeCall(this.options.nonce);
    this.options.wires.writeHost(this.options.nonce);
  }

  /** See `ComponentInstance.call`. */
  call(functionId: number, args: readonly unknown[]): Promise<unknown> {
    const codec = this.options.codecs.exports[functionId];
    if (codec === undefined) return rejected('COMPONENT_ARGUMENT', `no export ${functionId}`);
    if (this.closed) return rejected('COMPONENT_ENDED', 'the instance has ended');
    if (!this.credit.hasRoom) return rejected('COMPONENT_BUSY', 'too many calls are waiting');
    const id = this.nextCallId;
    const { out } = this;
    const start = beginMessage(out);
    this.callAddress.id = id;
    try {
      out.u16(functionId);
      out.u32(this.allowLogLines());
      codec.encodeParams(args, out);
      const bytes = endMessage(out, start, this.callAddress);
      if (!this.credit.fits(bytes)) {
        out.at = start;
        return rejected('COMPONENT_BUSY', 'the calls that wait are too large');
      }
      this.credit.spend(bytes);
    } catch (error) {
      out.at = start;
      return rejected('COMPONENT_ARGUMENT', `${codec.name}: ${errorMessage(error)}`);
    }
    this.nextCallId = (id + 1) >>> 0;
    this.planFlush();
    return new Promise((resolve, reject) => {
      this.pending.push({ id, functionId, resolve, reject });
      if (this.pending.length === 1) this.watchHead();
    });
  }

  /** Takes bytes from the slot's host socket. */
  receive(chunk: Buffer): void {
    if (this.closed) return;
    try {
      const wasOpen = this.gate.isOpen;
      const bytes = this.gate.pass(chunk);
      if (!wasOpen && this.gate.isOpen) this.options.onOpened();
      this.reader.each(bytes, this.take);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.options.onViolation(error);
    }
  }

  /** Tells the worker to leave, wherever it waits. */
  stopWorker(): void {
    const { slot, wires } = this.options;
    if (this.hostCallPending !== null) this.answer(this.hostCallPending, ANSWER_CANCELLED);
    const sink = messageSink();
    appendMessage(sink, { type: FRAME_TYPE.wake, id: 0, slot }, () => {});
    const wake = Buffer.from(sink.written());
    wires.writeHost(wake);
    wires.writeCall(wake);
  }

  /** Ends the session: every call that waits is rejected. */
  close(message: string): void {
    if (this.closed) return;
    this.closed = true;
    this.deadline?.cancel();
    this.deadline = null;
    const { pending } = this;
    this.pending = [];
    for (const { reject } of pending) reject(new ComponentError('COMPONENT_ENDED', message));
  }

  /** Figures since the session began. */
  statistics(): InstanceStatistics {
    return {
      calls: this.calls,
      hostCalls: this.hostCalls,
      logLinesDropped: this.logLinesDropped,
      memoryBytes: this.memoryKib * 1_024,
    };
  }

  private planFlush(): void {
    if (this.flushPlanned) return;
    this.flushPlanned = true;
    this.options.wires.atEndOfTurn(() => {
      this.flushPlanned = false;
      if (this.closed || this.out.at === 0) return;
      // A copy: the socket may hold on to it for as long as the worker does not read.
      this.options.wires.writeCall(Buffer.from(this.out.written()));
      this.out.reset(KEPT_BYTES_MAX);
    });
  }

  /** The message and the source are the next one's as soon as this returns. */
  private readonly take = (message: Message): void => {
    if (this.closed) return;
    if (message.type === FRAME_TYPE.activated) this.takeActivated(message);
    else if (message.type === FRAME_TYPE.reply) this.takeReply(message);
    else if (message.type === FRAME_TYPE.hostCall) this.takeHostCall(message);
    else if (message.type === FRAME_TYPE.log) this.takeLog(message);
    else this.takeFault(message);
  };

  private takeFault(message: Message): void {
    const { exited, text } = readFault(message);
    this.options.onEnd({ kind: exited ? 'stopped' : 'trapped', message: text });
  }

  private takeActivated(message: Message): void {
    if (this.isActivated) throw new ProtocolError('PROTOCOL_FRAME', 'activated twice');
    const activated = readActivated(message, this.options.codecs.exports.length);
    this.isActivated = true;
    this.memoryKib = activated.memoryKib;
    this.options.onActivated(activated);
  }

  private takeReply(message: Message): void {
    const head = this.pending[0];
    const codec = head === undefined ? undefined : this.options.codecs.exports[head.functionId];
    if (head === undefined || codec === undefined || head.id !== message.id) {
      throw new ProtocolError('PROTOCOL_FRAME', `a reply to call ${message.id}, which is not next`);
    }
    const source = this.source.open(message);
    this.logLinesDropped = source.u32();
    this.memoryKib = source.u32();
    const value = codec.decodeResult(source);
    this.pending.shift();
    this.credit.giveBack();
    this.calls += 1;
    if (this.pending.length > 0) this.watchHead();
    head.resolve(value);
  }

  private takeLog(message: Message): void {
    const { level, context, text } = readLogLine(message);
    this.logLines += 1;
    if (this.logLines > this.logLinesAllowed) {
      throw new ProtocolError('PROTOCOL_FRAME', 'more log lines than were allowed');
    }
    this.options.request.onLog(level, context, text);
  }

  /** Returns how many lines the worker may have sent since the session began, from now on. */
  private allowLogLines(): number {
    const ahead = LOG_LINES_AHEAD_MAX + this.credit.inFlight * LOG_LINES_PER_CALL;
    const lines = this.logLines + ahead;
    this.logLinesAllowed = Math.max(this.logLinesAllowed, lines);
    // The wire has 32 bits; the worker compares distances.
    return lines >>> 0;
  }

  private takeHostCall(message: Message): void {
    const source = this.source.open(message);
    this.requireNonce(source);
    if (this.hostCallPending !== null) {
      throw new ProtocolError('PROTOCOL_FRAME', 'a second host call while one waits');
    }
    const functionId = source.u16();
    const codec = this.options.codecs.imports[functionId];
    if (codec === undefined) throw new ProtocolError('PROTOCOL_BYTES', `no import ${functionId}`);
    const args = codec.decodeParams(source);
    this.hostCallPending = message.id;
    this.hostCalls += 1;
    const { id } = message;
    const failed = (error: unknown) => this.hostCallFailed(codec.name, error);
    try {
      const result = this.options.request.onHostCall(functionId, args);
      if (!(result instanceof Promise)) {
        this.answer(id, ANSWER_OK, functionId, result);
        return;
      }
      result
        .then(value => {
          if (!this.closed) this.answer(id, ANSWER_OK, functionId, value);
        })
        .catch(failed);
    } catch (error) {
      failed(error);
    }
  }

  private answer(id: number, status: number, functionId = 0, value: unknown = undefined): void {
    this.answers.at = 0;
    const address = { type: FRAME_TYPE.answer, id, slot: this.options.slot };
    appendMessage(this.answers, address, sink => {
      sink.u8(status);
      if (status !== ANSWER_OK) return;
      this.options.codecs.imports[functionId]?.encodeResult(value, sink);
    });
    this.hostCallPending = null;
    this.options.wires.writeHost(Buffer.from(this.answers.written()));
    this.answers.reset(KEPT_BYTES_MAX);
  }

  private hostCallFailed(name: string, error: unknown): void {
    if (this.closed) return;
    this.options.onEnd({ kind: 'trapped', message: `${name} failed: ${errorMessage(error)}` });
  }

  private requireNonce(source: ByteSource): void {
    const at = source.take(HOST_CALL_NONCE_BYTES);
    for (let index = 0; index < HOST_CALL_NONCE_BYTES; index++) {
      if (source.buffer[at + index] !== this.options.nonce[index]) {
        throw new ProtocolError('PROTOCOL_FRAME', 'a host call with the nonce of another session');
      }
    }
  }

  /** Watches the time of the oldest call; only one timer runs, however many calls there are. */
  private watchHead(): void {
    this.headSinceMs = this.options.clock.monotonicMs();
    this.headMark = null;
    if (this.deadline === null) this.lookIn(this.options.request.limits.callDeadlineMs / 2);
  }

  private lookIn(delayMs: number): void {
    this.deadline = this.options.clock.after(Math.ceil(delayMs), () => {
      // Timers come before sockets in a turn: a gateway that was busy itself for so long must not
      // blame a guest whose answer lies unread.
      this.options.wires.afterReading(() => this.lookAtHead());
    });
  }

  private lookAtHead(): void {
    this.deadline = null;
    const head = this.pending[0];
    if (head === undefined || this.closed) return;
    const { clock, request, wires, codecs } = this.options;
    const { callDeadlineMs } = request.limits;
    const spentMs = clock.monotonicMs() - this.headSinceMs;
    const look = { spentMs, threads: wires.threadTimes() };
    const verdict = judgeCall(callDeadlineMs, look, this.headMark);
    if (verdict.over === null) {
      this.headMark = verdict.mark;
      this.lookIn(verdict.nextLookMs);
      return;
    }
    const name = codecs.exports[head.functionId]?.name ?? '';
    this.options.onEnd({
      kind: 'deadline',
      message: `${name} took longer than ${callDeadlineMs} ms`,
    });
  }
}

function rejected(code: 'COMPONENT_ARGUMENT' | 'COMPONENT_ENDED' | 'COMPONENT_BUSY', text: string) {
  return Promise.reject(new ComponentError(code, text));
}
