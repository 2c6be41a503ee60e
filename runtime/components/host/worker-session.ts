import { errorMessage } from '../../base/errors.ts';
import type { Handle } from '../../linker/activate.ts';
import { Trap } from '../../linker/errors.ts';
import {
  type Activate,
  ANSWER_OK,
  appendMessage,
  type ContractCodecs,
  FRAME_TYPE,
  HOST_CALL_NONCE_BYTES,
  LOG_LEVELS,
  LogAllowance,
  type Message,
  messageSink,
  sourceOf,
  writeActivated,
  writeFault,
  writeLogLine,
} from '../../transport/index.ts';

/** Queued bytes upward at which a worker writes without waiting for the end of its input chunk. */
const QUEUED_BYTES_MAX = 128 * 1024;

/** Thrown into the guest when gatewayd gives up a host call; the instance is dead then. */
class HostCallCancelled extends Error {}

/** The two sockets of a slot as a worker uses them. Both methods block. */
export interface WorkerStreams {
  /** Returns what comes next on the host socket. */
  readAnswer(): readonly Message[];
  write(bytes: Buffer): void;
}

/**
 * The worker's side of a slot: takes calls, gives replies, and speaks for the guest while it
 * runs. Replies and log lines wait in one buffer that is written before every host call and after
 * every chunk of input, so their order on the wire is the order in which the guest made them.
 */
export class WorkerSession {
  private readonly slot: number;
  private readonly noncePart: Uint8Array;
  private readonly codecs: ContractCodecs;
  private readonly streams: WorkerStreams;
  private readonly out = messageSink();
  private readonly allowance = new LogAllowance();
  private hostCallsMade = 0;

  constructor(activate: Activate, codecs: ContractCodecs, streams: WorkerStreams) {
    this.slot = activate.slot;
    this.noncePart = activate.nonce.subarray(0, HOST_CALL_NONCE_BYTES);
    this.codecs = codecs;
    this.streams = streams;
  }

  /** Tells gatewayd that the instance stands. */
  activated(handle: Handle, exports: ReadonlySet<number>): void {
    const memoryKib = kibOf(handle);
    appendMessage(this.out, this.address(FRAME_TYPE.activated, 0), sink => {
      writeActivated(sink, { memoryKib, exports });
    });
    this.flush();
  }

  /** Answers one call of gatewayd. Throws whatever kills the instance. */
  answerCall(message: Message, handle: Handle, exportIndexes: ReadonlyMap<number, number>) {
    const source = sourceOf(message);
    const functionId = source.u16();
    this.allowance.allow(source.u32());
    const codec = this.codecs.exports[functionId];
    const index = exportIndexes.get(functionId);
    if (codec === undefined || index === undefined) throw new Error(`no export ${functionId}`);
    const result = handle.call(index, codec.decodeParams(source));
    const address = this.address(FRAME_TYPE.reply, message.id);
    appendMessage(this.out, address, sink => {
      sink.u32(this.allowance.dropped);
      sink.u32(kibOf(handle));
      codec.encodeResult(result, sink);
    });
    if (this.out.at > QUEUED_BYTES_MAX) this.flush();
  }

  /** Asks gatewayd and blocks until it answers. Throws HostCallCancelled. */
  hostCall(functionId: number, args: readonly unknown[]): unknown {
    const codec = this.codecs.imports[functionId];
    if (codec === undefined) throw new Error(`no import ${functionId}`);
    this.hostCallsMade = (this.hostCallsMade + 1) >>> 0;
    const id = this.hostCallsMade;
    appendMessage(this.out, this.address(FRAME_TYPE.hostCall, id), sink => {
      sink.bytes(this.noncePart);
      sink.u16(functionId);
      codec.encodeParams(args, sink);
    });
    this.flush();
    for (;;) {
      for (const message of this.streams.readAnswer()) {
        const source = sourceOf(message);
        const isAnswer = message.type === FRAME_TYPE.answer && message.id === id;
        if (!isAnswer || source.u8() !== ANSWER_OK) throw new HostCallCancelled('cancelled');
        return codec.decodeResult(source);
      }
    }
  }

  /** Sends a log line, or counts it as dropped when gatewayd has not allowed more. */
  log(level: string, context: string, text: string): void {
    if (!this.allowance.trySend()) return;
    appendMessage(this.out, this.address(FRAME_TYPE.log, 0), sink => {
      writeLogLine(sink, Math.max(0, LOG_LEVELS.indexOf(level)), context, text);
    });
    if (this.out.at > QUEUED_BYTES_MAX) this.flush();
  }

  /** Tells gatewayd that the instance is dead, and whether it wanted that. */
  fault(error: unknown): void {
    const exited = error instanceof Trap && error.code === 'TRAP_EXIT';
    appendMessage(this.out, this.address(FRAME_TYPE.fault, 0), sink => {
      writeFault(sink, { exited, text: errorMessage(error) });
    });
    this.flush();
  }

  /** Writes what is queued. */
  flush(): void {
    if (this.out.at === 0) return;
    this.streams.write(this.out.written());
    this.out.reset(QUEUED_BYTES_MAX * 2);
  }

  private address(type: number, id: number) {
    return { type, id, slot: this.slot };
  }
}

function kibOf(handle: Handle): number {
  return Math.min(0xffff_ffff, Math.ceil(handle.memoryBytes() / 1_024));
}
