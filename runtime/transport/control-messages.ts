import type { Link } from '../base/link.ts';
import type { ValueType } from '../base/value-type.ts';
import type { ByteSink } from './byte-sink.ts';
import { CONTROL_SLOT, FRAME_TYPE, type Message } from './frame.ts';
import { appendMessage, messageSink, sourceOf } from './slot-messages.ts';
import { compileDecoder } from './value-decoder.ts';
import { compileEncoder } from './value-encoder.ts';

/** What gatewayd may send to the host's main thread. */
export const CONTROL_DOWN_TYPES: ReadonlySet<number> = new Set([
  FRAME_TYPE.prepare,
  FRAME_TYPE.chunk,
  FRAME_TYPE.forget,
  FRAME_TYPE.activate,
  FRAME_TYPE.terminate,
]);
/** What the host's main thread may send to gatewayd. */
export const CONTROL_UP_TYPES: ReadonlySet<number> = new Set([
  FRAME_TYPE.hello,
  FRAME_TYPE.compiled,
  FRAME_TYPE.compileFailed,
  FRAME_TYPE.released,
]);

const STRING: ValueType = { kind: 'string' };
const U8: ValueType = { kind: 'u8' };
const U32: ValueType = { kind: 'u32' };
const U64: ValueType = { kind: 'u64' };
const BYTES: ValueType = { kind: 'list', element: U8 };
const PIECES: ValueType = {
  kind: 'record',
  fields: [
    { name: 'name', type: STRING },
    { name: 'piece-bytes', type: { kind: 'list', element: U32 } },
  ],
};

/** The host's first message: which contract it has, and which walls it found around itself. */
export interface Hello {
  readonly contractDigest: string;
  readonly walls: readonly {
    readonly name: string;
    readonly state: 'up' | 'down' | 'unknown';
    readonly detail: string;
  }[];
}

/** Announces components, each its plan, then its core modules, and their links; chunks follow. */
export interface Prepare {
  readonly own: PreparedPieces;
  /** Their bytes come after the controller's own. */
  readonly parts: readonly PreparedPieces[];
  readonly links: readonly Link[];
}

/** Name of a component, and how long its pieces are. */
export interface PreparedPieces {
  readonly name: string;
  readonly pieceBytes: readonly number[];
}

/** Puts an instance of the components named by the message's id into a slot. */
export interface Activate {
  readonly slot: number;
  readonly nonce: Uint8Array;
  readonly memoryBytesMax: bigint;
  readonly identity: {
    readonly name: string;
    readonly version: string;
    readonly slot: 'a' | 'b';
    readonly instance: bigint;
  };
  readonly granted: readonly string[];
  readonly config: readonly (readonly [key: string, value: string])[];
}

/** The worker of a slot is gone; `error` says why when it was not asked to go. */
export interface Released {
  readonly slot: number;
  readonly error: string;
}

/** How one kind of message becomes bytes and back. */
export interface MessageForm<T> {
  readonly type: number;
  /** Returns the whole message, framed. */
  encode(id: number, value: T): Buffer;
  /** Throws ProtocolError `PROTOCOL_BYTES`. */
  decode(message: Message): T;
}

/** Every message of the control socket but `chunk`, whose payload is raw. */
export const CONTROL_MESSAGES = {
  hello: form<Hello>(FRAME_TYPE.hello, {
    kind: 'record',
    fields: [
      { name: 'contract-digest', type: STRING },
      {
        name: 'walls',
        type: {
          kind: 'list',
          element: {
            kind: 'record',
            fields: [
              { name: 'name', type: STRING },
              { name: 'state', type: { kind: 'enum', names: ['up', 'down', 'unknown'] } },
              { name: 'detail', type: STRING },
            ],
          },
        },
      },
    ],
  }),
  prepare: form<Prepare>(FRAME_TYPE.prepare, {
    kind: 'record',
    fields: [
      { name: 'own', type: PIECES },
      { name: 'parts', type: { kind: 'list', element: PIECES } },
      {
        name: 'links',
        type: {
          kind: 'list',
          element: {
            kind: 'record',
            fields: [
              { name: 'importer', type: STRING },
              { name: 'interface', type: STRING },
              { name: 'exporter', type: STRING },
            ],
          },
        },
      },
    ],
  }),
  compiled: form<Record<string, never>>(FRAME_TYPE.compiled, { kind: 'record', fields: [] }),
  compileFailed: form<{ readonly reason: string }>(FRAME_TYPE.compileFailed, {
    kind: 'record',
    fields: [{ name: 'reason', type: STRING }],
  }),
  forget: form<Record<string, never>>(FRAME_TYPE.forget, { kind: 'record', fields: [] }),
  activate: form<Activate>(FRAME_TYPE.activate, {
    kind: 'record',
    fields: [
      { name: 'slot', type: U8 },
      { name: 'nonce', type: BYTES },
      { name: 'memory-bytes-max', type: U64 },
      {
        name: 'identity',
        type: {
          kind: 'record',
          fields: [
            { name: 'name', type: STRING },
            { name: 'version', type: STRING },
            { name: 'slot', type: { kind: 'enum', names: ['a', 'b'] } },
            { name: 'instance', type: U64 },
          ],
        },
      },
      { name: 'granted', type: { kind: 'list', element: STRING } },
      {
        name: 'config',
        type: { kind: 'list', element: { kind: 'tuple', items: [STRING, STRING] } },
      },
    ],
  }),
  terminate: form<{ readonly slot: number }>(FRAME_TYPE.terminate, {
    kind: 'record',
    fields: [{ name: 'slot', type: U8 }],
  }),
  released: form<Released>(FRAME_TYPE.released, {
    kind: 'record',
    fields: [
      { name: 'slot', type: U8 },
      { name: 'error', type: STRING },
    ],
  }),
} as const;

function form<T>(type: number, valueType: ValueType): MessageForm<T> {
  const encodeValue = compileEncoder(valueType);
  const decodeValue = compileDecoder(valueType);
  return {
    type,
    encode: (id, value) => {
      const sink: ByteSink = messageSink();
      appendMessage(sink, { type, id, slot: CONTROL_SLOT }, to => encodeValue(value, to));
      return sink.written();
    },
    decode: message => {
      const source = sourceOf(message);
      const value = decodeValue(source);
      source.finish();
      // The decoder made a value of exactly `valueType`, which stands beside T above.
      return value as T;
    },
  };
}
