import { ByteSink } from './byte-sink.ts';
import { ByteSource } from './byte-source.ts';
import {
  beginMessage,
  endMessage,
  FRAME_TYPE,
  type FrameAddress,
  MESSAGE_BYTES_MAX,
  type Message,
} from './frame.ts';
import { ProtocolError } from './protocol-error.ts';
import { readText, writeText } from './text.ts';

/**
 * Messages of one slot. Its *call* socket carries calls down and nothing up. Its *host* socket
 * carries everything up, so that logs, host calls and replies keep their order, and answers down.
 *
 * | type | way | payload |
 * |---|---|---|
 * | call | call socket, down | u16 function, u32 log lines allowed since the start, parameters |
 * | wake | both, down | nothing: leave, the session is over |
 * | answer | host socket, down | u8 status, the result where the status is ok |
 * | reply | up | u32 log lines dropped since the start, u32 KiB of memory, the result |
 * | host call | up | 8 bytes of the nonce, u16 function, parameters |
 * | log | up | u8 level, context, text |
 * | fault | up | u8 whether it stopped itself, text: the instance is dead |
 * | activated | up | u32 KiB of memory, u16 count, u16 each function exported |
 */
export const CALL_TYPES: ReadonlySet<number> = new Set([FRAME_TYPE.call, FRAME_TYPE.wake]);
/** What may travel down a host socket. */
export const ANSWER_TYPES: ReadonlySet<number> = new Set([FRAME_TYPE.answer, FRAME_TYPE.wake]);
/** What may travel up a host socket. */
export const UPWARD_TYPES: ReadonlySet<number> = new Set([
  FRAME_TYPE.reply,
  FRAME_TYPE.hostCall,
  FRAME_TYPE.log,
  FRAME_TYPE.fault,
  FRAME_TYPE.activated,
]);

/** Status of an answer. */
export const ANSWER_OK = 0;
/** The host call was given up; the instance ends. */
export const ANSWER_CANCELLED = 1;
/** How much of the nonce each host call carries: all threads of the host share all sockets. */
export const HOST_CALL_NONCE_BYTES = 8;
/** Levels of log lines by number: `wasi:logging`. */
export const LOG_LEVELS: readonly string[] = [
  'trace',
  'debug',
  'info',
  'warn',
  'error',
  'critical',
];
/** Characters of a log line's context. */
const LOG_CONTEXT_LENGTH_MAX = 128;
/** Characters of a log line. */
const LOG_TEXT_LENGTH_MAX = 2_048;
/** Characters of the reason of a fault. */
const FAULT_TEXT_LENGTH_MAX = 1_024;

/** A sink for queued messages: the largest message, its headers, and what was queued before it. */
export function messageSink(): ByteSink {
  return new ByteSink(3 * MESSAGE_BYTES_MAX);
}

/**
 * Appends one message whose payload `write` writes. When that throws or writes too much, nothing
 * is appended and ProtocolError `PROTOCOL_VALUE` is thrown. Returns the bytes appended.
 */
export function appendMessage(
  sink: ByteSink,
  address: FrameAddress,
  write: (sink: ByteSink) => void,
): number {
  const start = beginMessage(sink);
  try {
    write(sink);
    return endMessage(sink, start, address);
  } catch (error) {
    sink.at = start;
    throw error;
  }
}

/** A log line of a guest. */
export interface LogLine {
  readonly level: string;
  readonly context: string;
  readonly text: string;
}

/** Writes a log line's payload, cut to its bounds. */
export function writeLogLine(sink: ByteSink, level: number, context: string, text: string): void {
  sink.u8(level);
  writeText(sink, cut(context, LOG_CONTEXT_LENGTH_MAX));
  writeText(sink, cut(text, LOG_TEXT_LENGTH_MAX));
}

/** Reads a log line. Throws ProtocolError `PROTOCOL_BYTES`. */
export function readLogLine(message: Message): LogLine {
  const source = sourceOf(message);
  const level = LOG_LEVELS[source.u8()];
  const context = readText(source);
  const text = readText(source);
  source.finish();
  if (level === undefined) throw new ProtocolError('PROTOCOL_BYTES', 'an unknown log level');
  if (context.length > LOG_CONTEXT_LENGTH_MAX || text.length > LOG_TEXT_LENGTH_MAX) {
    throw new ProtocolError('PROTOCOL_BYTES', 'a log line over its bound');
  }
  return { level, context, text };
}

/** Why an instance is dead: it stopped itself in good order, or not. */
export interface Fault {
  readonly exited: boolean;
  readonly text: string;
}

/** Writes why an instance died, cut to its bound. */
export function writeFault(sink: ByteSink, { exited, text }: Fault): void {
  sink.u8(exited ? 1 : 0);
  writeText(sink, cut(text, FAULT_TEXT_LENGTH_MAX));
}

/** Reads why an instance died. Throws ProtocolError `PROTOCOL_BYTES`. */
export function readFault(message: Message): Fault {
  const source = sourceOf(message);
  const exited = source.u8();
  const text = readText(source);
  source.finish();
  if (text.length > FAULT_TEXT_LENGTH_MAX || exited > 1) {
    throw new ProtocolError('PROTOCOL_BYTES', 'a fault over its bound');
  }
  return { exited: exited === 1, text };
}

/** What a worker tells when its instance stands. */
export interface Activated {
  readonly memoryKib: number;
  /** Function ids of the contract's exports, each at most once. */
  readonly exports: ReadonlySet<number>;
}

/** Writes the payload of `activated`. */
export function writeActivated(sink: ByteSink, { memoryKib, exports }: Activated): void {
  sink.u32(memoryKib);
  sink.u16(exports.size);
  for (const id of exports) sink.u16(id);
}

/** Reads it. Throws ProtocolError `PROTOCOL_BYTES` for an id that is not below `exportsCount`. */
export function readActivated(message: Message, exportsCount: number): Activated {
  const source = sourceOf(message);
  const memoryKib = source.u32();
  const count = source.u16();
  const exports = new Set<number>();
  for (let index = 0; index < count; index++) exports.add(source.u16());
  source.finish();
  if (exports.size !== count || [...exports].some(id => id >= exportsCount)) {
    throw new ProtocolError('PROTOCOL_BYTES', 'exports that the contract does not have');
  }
  return { memoryKib, exports };
}

/** Returns a source of a message's payload. */
export function sourceOf(message: Message): ByteSource {
  return new ByteSource(message.buffer, message.start, message.end);
}

/** Cuts a text to a length in UTF-16 units, never within a character, and makes it well-formed. */
function cut(text: string, lengthMax: number): string {
  const whole = text.length <= lengthMax;
  if (whole) return text.toWellFormed();
  const last = text.charCodeAt(lengthMax - 1);
  const end = last >= 0xd800 && last <= 0xdbff ? lengthMax - 1 : lengthMax;
  return text.slice(0, end).toWellFormed();
}
