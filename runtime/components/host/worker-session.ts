import { errorMessage } from '../../base/errors.ts';
import type { Handle } from '../../linker/activate.ts';
import { Trap } from '../../linker/errors.ts';
import type { FrameCall, FrameFunction } from '../../linker/frame.ts';
import {
  type Activate,
  ANSWER_OK,
  type ByteSink,
  ByteSource,
  beginMessage,
  type ContractCodecs,
  endMessage,
  FRAME_TYPE,
  HOST_CALL_NONCE_BYTES,
  LOG_LEVELS,
  LogAllowance,
  type Message,
  messageSink,
  writeActivated,
  writeFault,
  writeLogLine,
} from '../../transport/index.ts';

/** Queued bytes upward at which a worker writes without waiting for the end of its input chunk. */
const QUEUED_BYTES_MAX = 128 * 1024;

const NO_BYTES = Buffer.alloc(0);

/** Thrown into the guest when gatewayd gives up a host call; the instance is dead then. */
class HostCallCancelled extends Error {}

/** The two sockets of a slot as a worker uses them. Both methods block. */
export interface WorkerStreams {
  /** Shows what comes next on the host socket; see `FrameReader.each`. */
  readAnswer(take: (message: Message) => void): void;
  write(bytes: Buffer): void;
}

/**
 * The worker's side of a slot: takes calls, gives replies, and speaks for the guest while it
 * runs. Replies and log lines wait in one buffer that is written before every host call and after
 * every chunk of input, so their order on the wire is the order in which the guest made them.
 *
 * The guest's values go between that buffer, the received chunk and the guest's memory directly;
 * for a call and for a host call nothing is allocated here. A message that could not be finished
 * is taken back before anything else happens: a guest may die between the two.
 */
export class WorkerSession implements FrameCall {
  /** Of the call at hand. */
  readonly source = new ByteSource(NO_BYTES);
  private readonly noncePart: Uint8Array;
  private readonly codecs: ContractCodecs;
  private readonly streams: WorkerStreams;
  private readonly out = messageSink();
  private readonly address: { type: number; id: number; readonly slot: number };
  private readonly allowance = new LogAllowance();
  private readonly answer = new ByteSource(NO_BYTES);
  private memoryBytes = () => 0;
  private hostCallsMade = 0;
  private isAnswered = true;
  /** Whether gatewayd has woken the worker to end it. */
  private isWoken = false;
  /** Where the message begins that is not finished, or -1. */
  private unfinishedAt = -1;

  constructor(activate: Activate, codecs: ContractCodecs, streams: WorkerStreams) {
    this.address = { type: 0, id: 0, slot: activate.slot };
    this.noncePart = activate.nonce.subarray(0, HOST_CALL_NONCE_BYTES);
    this.codecs = codecs;
    this.streams = streams;
  }

  /** Tells gatewayd that the instance stands; its memory is asked for with every reply. */
  activated(memoryBytes: () => number, exports: ReadonlySet<number>): void {
    this.memoryBytes = memoryBytes;
    writeActivated(this.begin(), { memoryKib: kibOf(memoryBytes()), exports });
    this.end(FRAME_TYPE.activated, 0);
    this.flush();
  }

  /** Answers one call of gatewayd. Throws whatever kills the instance. */
  answerCall(message: Message, handle: Handle, exportIndexes: ReadonlyMap<number, number>): void {
    const { id } = message;
    const source = this.source.open(message);
    const functionId = source.u16();
    this.allowance.allow(source.u32());
    const index = exportIndexes.get(functionId);
    if (index === undefined) throw new Error(`no export ${functionId}`);
    handle.callFrame(index, this);
    this.end(FRAME_TYPE.reply, id);
    if (this.out.at > QUEUED_BYTES_MAX) this.flush();
  }

  /** Begins the reply to the call at hand. */
  openResult(): ByteSink {
    const sink = this.begin();
    sink.u32(this.allowance.dropped);
    sink.u32(kibOf(this.memoryBytes()));
    return sink;
  }

  /** Returns a function whose calls ask gatewayd. Its answer throws HostCallCancelled. */
  frameFunction(functionId: number): FrameFunction {
    return { ask: () => this.beginQuestion(functionId), answer: () => this.exchange() };
  }

  /** Asks gatewayd and blocks until it answers. Throws HostCallCancelled. */
  hostCall(functionId: number, args: readonly unknown[]): unknown {
    const codec = this.codecs.imports[functionId];
    if (codec === undefined) throw new Error(`no import ${functionId}`);
    codec.encodeParams(args, this.beginQuestion(functionId));
    return codec.decodeResult(this.exchange());
  }

  /** Sends a log line, or counts it as dropped when gatewayd has not allowed more. */
  log(level: string, context: string, text: string): void {
    if (!this.allowance.trySend()) return;
    writeLogLine(this.begin(), Math.max(0, LOG_LEVELS.indexOf(level)), context, text);
    this.end(FRAME_TYPE.log, 0);
    if (this.out.at > QUEUED_BYTES_MAX) this.flush();
  }

  /** Tells gatewayd that the instance is dead, and whether it wanted that. */
  fault(error: unknown): void {
    const exited = error instanceof Trap && error.code === 'TRAP_EXIT';
    writeFault(this.begin(), { exited, text: errorMessage(error) });
    this.end(FRAME_TYPE.fault, 0);
    this.flush();
  }

  /** Writes what is queued. */
  flush(): void {
    this.takeBack();
    if (this.out.at === 0) return;
    this.streams.write(this.out.written());
    this.out.reset(QUEUED_BYTES_MAX * 2);
  }

  private beginQuestion(functionId: number): ByteSink {
    const sink = this.begin();
    sink.bytes(this.noncePart);
    sink.u16(functionId);
    return sink;
  }

  /** Sends the question that was begun and blocks for the answer. Returns a source at its value. */
  private exchange(): ByteSource {
    // Nobody would answer any more.
    if (this.isWoken) throw new HostCallCancelled('cancelled');
    this.hostCallsMade = (this.hostCallsMade + 1) >>> 0;
    this.end(FRAME_TYPE.hostCall, this.hostCallsMade);
    this.flush();
    this.isAnswered = false;
    while (!this.isAnswered) this.streams.readAnswer(this.takeAnswer);
    return this.answer;
  }

  private readonly takeAnswer = (message: Message): void => {
    if (this.isAnswered) {
      // It came in one chunk with the answer. A guest that asks again at once never sees the wake
      // in the call socket.
      this.isWoken = true;
      return;
    }
    this.isAnswered = true;
    const isAnswer = message.type === FRAME_TYPE.answer && message.id === this.hostCallsMade;
    if (!isAnswer || this.answer.open(message).u8() !== ANSWER_OK) {
      throw new HostCallCancelled('cancelled');
    }
  };

  private begin(): ByteSink {
    this.takeBack();
    this.unfinishedAt = beginMessage(this.out);
    return this.out;
  }

  private takeBack(): void {
    if (this.unfinishedAt < 0) return;
    this.out.at = this.unfinishedAt;
    this.unfinishedAt = -1;
  }

  private end(type: number, id: number): void {
    this.address.type = type;
    this.address.id = id;
    endMessage(this.out, this.unfinishedAt, this.address);
    this.unfinishedAt = -1;
  }
}

function kibOf(bytes: number): number {
  return Math.min(0xffff_ffff, Math.ceil(bytes / 1_024));
}
