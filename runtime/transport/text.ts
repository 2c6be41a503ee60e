import { holdsUtf8 } from '../base/utf8.ts';
import type { ByteSink } from './byte-sink.ts';
import type { ByteSource } from './byte-source.ts';
import { ProtocolError } from './protocol-error.ts';

/** Up to here a loop over characters beats a call into the runtime. */
const SHORT_TEXT_LENGTH = 24;

/** Writes a length in bytes and the text in UTF-8. Refuses lone surrogates. */
export function writeText(sink: ByteSink, text: string): void {
  if (text.length <= SHORT_TEXT_LENGTH && writeShortAscii(sink, text)) return;
  if (!text.isWellFormed()) {
    throw new ProtocolError('PROTOCOL_VALUE', 'a text with a lone surrogate');
  }
  const byteCount = Buffer.byteLength(text, 'utf8');
  sink.u32(byteCount);
  const at = sink.take(byteCount);
  sink.buffer.write(text, at, byteCount, 'utf8');
}

/** Reads what `writeText` wrote. Refuses bytes that are not UTF-8. */
export function readText(source: ByteSource): string {
  const byteCount = source.u32();
  const start = source.take(byteCount);
  const { buffer } = source;
  const end = start + byteCount;
  if (byteCount <= SHORT_TEXT_LENGTH && isAscii(buffer, start, end)) {
    return buffer.latin1Slice(start, end);
  }
  if (!holdsUtf8(buffer, start, end)) {
    throw new ProtocolError('PROTOCOL_BYTES', 'a text that is not UTF-8');
  }
  return buffer.utf8Slice(start, end);
}

function writeShortAscii(sink: ByteSink, text: string): boolean {
  const { length } = text;
  const start = sink.take(4 + length);
  const { buffer } = sink;
  for (let index = 0; index < length; index++) {
    const unit = text.charCodeAt(index);
    if (unit > 0x7f) {
      sink.at = start;
      return false;
    }
    buffer[start + 4 + index] = unit;
  }
  buffer[start] = length;
  buffer[start + 1] = 0;
  buffer[start + 2] = 0;
  buffer[start + 3] = 0;
  return true;
}

function isAscii(buffer: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    if ((buffer[at] ?? 0) > 0x7f) return false;
  }
  return true;
}
