import { ByteSource, ProtocolError } from '../transport/index.ts';

/**
 * What a stage process writes to its standard output, after its greeting. Little-endian:
 * refused: u8 1, text to the end. Staged: u8 0, u32 lengths of shape, plan, and each module after
 * their u32 count, then these bytes in this order.
 */
export type StageAnswer =
  | { readonly kind: 'refused'; readonly reason: string }
  | {
      readonly kind: 'staged';
      /** JSON. */
      readonly shape: string;
      readonly plan: Uint8Array;
      readonly modules: readonly Uint8Array[];
    };

/** What a stage process writes before it reads, and before its answer: node runs. */
export const STAGE_GREETING = 0x2a;
/** Bytes of an answer; a component is at most 32 MiB, and its modules no larger than itself. */
export const STAGE_ANSWER_BYTES_MAX = 64 * 1024 * 1024;
const SHAPE_BYTES_MAX = 4 * 1024 * 1024;
const MODULES_MAX = 64;
const REASON_LENGTH_MAX = 2_048;
const STATUS_STAGED = 0;
const STATUS_REFUSED = 1;

/** Returns the pieces of an answer, to be written one after the other. */
export function encodeStageAnswer(answer: StageAnswer): readonly Uint8Array[] {
  if (answer.kind === 'refused') {
    const reason = answer.reason.slice(0, REASON_LENGTH_MAX).toWellFormed();
    return [Buffer.from([STATUS_REFUSED]), Buffer.from(reason, 'utf8')];
  }
  const shape = Buffer.from(answer.shape, 'utf8');
  const lengths = [
    shape.length,
    answer.plan.length,
    answer.modules.length,
    ...answer.modules.map(({ length }) => length),
  ];
  const header = Buffer.alloc(1 + 4 * lengths.length);
  header[0] = STATUS_STAGED;
  for (const [index, length] of lengths.entries()) header.writeUInt32LE(length, 1 + 4 * index);
  return [header, shape, answer.plan, ...answer.modules];
}

/** Parses an answer, which is hostile until parsed. Throws ProtocolError `PROTOCOL_BYTES`. */
export function parseStageAnswer(bytes: Buffer): StageAnswer {
  const source = new ByteSource(bytes);
  const status = source.u8();
  if (status === STATUS_REFUSED) {
    const reason = bytes.toString('utf8', source.at).slice(0, REASON_LENGTH_MAX);
    return { kind: 'refused', reason };
  }
  if (status !== STATUS_STAGED) throw wrong(`status ${status}`);
  const shapeBytes = source.u32();
  const planBytes = source.u32();
  const count = source.u32();
  if (shapeBytes > SHAPE_BYTES_MAX) throw wrong(`a shape of ${shapeBytes} bytes`);
  if (count > MODULES_MAX) throw wrong(`${count} modules`);
  const moduleBytes = Array.from({ length: count }, () => source.u32());
  const part = (length: number): Buffer => {
    const start = source.take(length);
    return bytes.subarray(start, start + length);
  };
  const shape = part(shapeBytes).toString('utf8');
  const plan = part(planBytes);
  const modules = moduleBytes.map(part);
  source.finish();
  return { kind: 'staged', shape, plan, modules };
}

function wrong(what: string): ProtocolError {
  return new ProtocolError('PROTOCOL_BYTES', `an answer of a stage process with ${what}`);
}
