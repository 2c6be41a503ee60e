import type { PrimitiveKind } from '../base/value-type.ts';
import { abiTrap, Trap } from './errors.ts';
import { isScalar } from './flat.ts';
import type { FrameSink, FrameSource } from './frame.ts';
import type { GuestMemory } from './guest-memory.ts';
import type { Flat } from './store.ts';

/** How a primitive other than `string` goes between frames, guest memory and core values. */
export interface FramePrimitive {
  /** Takes a core value from a frame. */
  readonly read: (source: FrameSource) => Flat;
  /** Writes a core value to a frame; what is beyond the type's width is not looked at. */
  readonly write: (sink: FrameSink, value: Flat) => void;
  /** Copies from a frame to guest memory. The address and its extent are already checked. */
  readonly store: (memory: GuestMemory, at: number, source: FrameSource) => void;
  /** Copies from guest memory to a frame. The address and its extent are already checked. */
  readonly load: (memory: GuestMemory, at: number, sink: FrameSink) => void;
}

type Copies = Pick<FramePrimitive, 'store' | 'load'>;

const ONE_BYTE: Copies = {
  store: (memory, at, source) => {
    memory.bytes[at] = byteOf(source);
  },
  load: (memory, at, sink) => putByte(sink, memory.bytes[at] ?? 0),
};

const TWO_BYTES: Copies = {
  store: (memory, at, source) => {
    memory.view.setUint16(at, source.buffer.readUInt16LE(source.take(2)), true);
  },
  load: (memory, at, sink) => putShort(sink, memory.view.getUint16(at, true)),
};

const FOUR_BYTES: Copies = {
  store: (memory, at, source) => memory.view.setUint32(at, wordOf(source), true),
  load: (memory, at, sink) => putWord(sink, memory.view.getUint32(at, true)),
};

/** As two words: a bigint would be an allocation, a double might lose the bits of a NaN. */
const EIGHT_BYTES: Copies = {
  store: (memory, at, source) => {
    memory.view.setUint32(at, wordOf(source), true);
    memory.view.setUint32(at + 4, wordOf(source), true);
  },
  load: (memory, at, sink) => {
    putWord(sink, memory.view.getUint32(at, true));
    putWord(sink, memory.view.getUint32(at + 4, true));
  },
};

/** Returns how a primitive goes through frames. */
export function framePrimitive(kind: Exclude<PrimitiveKind, 'string'>): FramePrimitive {
  switch (kind) {
    case 'bool':
      return {
        read: readBool,
        write: (sink, value) => putByte(sink, value === 0 ? 0 : 1),
        store: (memory, at, source) => {
          memory.bytes[at] = readBool(source);
        },
        load: (memory, at, sink) => putByte(sink, memory.bytes[at] === 0 ? 0 : 1),
      };
    case 'u8':
      return { read: byteOf, write: writeByte, ...ONE_BYTE };
    case 's8':
      return { read: source => (byteOf(source) << 24) >> 24, write: writeByte, ...ONE_BYTE };
    case 'u16':
      return {
        read: source => source.buffer.readUInt16LE(source.take(2)),
        write: writeShort,
        ...TWO_BYTES,
      };
    case 's16':
      return {
        read: source => source.buffer.readInt16LE(source.take(2)),
        write: writeShort,
        ...TWO_BYTES,
      };
    case 'u32':
      return { read: wordOf, write: writeWord, ...FOUR_BYTES };
    case 's32':
      return { read: source => wordOf(source) | 0, write: writeWord, ...FOUR_BYTES };
    case 'char':
      return {
        read: readChar,
        write: (sink, value) => putWord(sink, charOf(Number(value) >>> 0)),
        store: (memory, at, source) => memory.view.setUint32(at, readChar(source), true),
        load: (memory, at, sink) => putWord(sink, charOf(memory.view.getUint32(at, true))),
      };
    default:
      return wide(kind);
  }
}

function wide(kind: 'u64' | 's64' | 'f32' | 'f64'): FramePrimitive {
  switch (kind) {
    case 'f32':
      return {
        read: source => source.buffer.readFloatLE(source.take(4)),
        write: (sink, value) => {
          const at = sink.take(4);
          sink.buffer.writeFloatLE(Number(value), at);
        },
        ...FOUR_BYTES,
      };
    case 'f64':
      return {
        read: source => source.buffer.readDoubleLE(source.take(8)),
        write: (sink, value) => {
          const at = sink.take(8);
          sink.buffer.writeDoubleLE(Number(value), at);
        },
        ...EIGHT_BYTES,
      };
    default:
      return {
        read: source => source.buffer.readBigInt64LE(source.take(8)),
        write: (sink, value) => {
          const at = sink.take(8);
          sink.buffer.writeBigInt64LE(BigInt.asIntN(64, BigInt(value)), at);
        },
        ...EIGHT_BYTES,
      };
  }
}

/** Takes a byte. */
export function byteOf(source: FrameSource): number {
  return source.buffer[source.take(1)] ?? 0;
}

/** Takes a number of 32 bits. */
export function wordOf(source: FrameSource): number {
  return source.buffer.readUInt32LE(source.take(4));
}

/** Writes a byte. */
export function putByte(sink: FrameSink, value: number): void {
  const at = sink.take(1);
  sink.buffer[at] = value;
}

/** Writes a number of 16 bits. */
export function putShort(sink: FrameSink, value: number): void {
  const at = sink.take(2);
  const { buffer } = sink;
  buffer[at] = value;
  buffer[at + 1] = value >>> 8;
}

/** Writes a number of 32 bits. */
export function putWord(sink: FrameSink, value: number): void {
  const at = sink.take(4);
  const { buffer } = sink;
  buffer[at] = value;
  buffer[at + 1] = value >>> 8;
  buffer[at + 2] = value >>> 16;
  buffer[at + 3] = value >>> 24;
}

function writeByte(sink: FrameSink, value: Flat): void {
  putByte(sink, Number(value));
}

function writeShort(sink: FrameSink, value: Flat): void {
  putShort(sink, Number(value));
}

function writeWord(sink: FrameSink, value: Flat): void {
  putWord(sink, Number(value));
}

function readBool(source: FrameSource): number {
  const value = byteOf(source);
  if (value > 1) throw new Trap('TRAP_HOST', `a frame's bool is ${value}`);
  return value;
}

function readChar(source: FrameSource): number {
  const code = wordOf(source);
  if (!isScalar(code)) throw new Trap('TRAP_HOST', `a frame's char is ${code}`);
  return code;
}

function charOf(code: number): number {
  if (!isScalar(code)) throw abiTrap(`no character ${code}`);
  return code;
}
