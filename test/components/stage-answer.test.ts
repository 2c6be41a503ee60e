import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  encodeStageAnswer,
  parseStageAnswer,
  type StageAnswer,
} from '../../runtime/components/stage-answer.ts';
import { ProtocolError } from '../../runtime/transport/index.ts';

const test = suite('components/stage-answer');
const STAGED: StageAnswer = {
  kind: 'staged',
  shape: '{"imports":[],"exports":[]}',
  plan: Buffer.from([1, 2, 3]),
  modules: [Buffer.from([4]), Buffer.from([]), Buffer.from([5, 6])],
};

function bytesOf(answer: StageAnswer): Buffer {
  return Buffer.concat([...encodeStageAnswer(answer)]);
}

function refuses(bytes: Buffer, what: string): void {
  try {
    parseStageAnswer(bytes);
  } catch (error) {
    assert.instance(error, ProtocolError, what);
    return;
  }
  assert.unreachable(what);
}

test('an answer comes back as it was', () => {
  assert.equal(parseStageAnswer(bytesOf(STAGED)), STAGED);
  const refused: StageAnswer = { kind: 'refused', reason: 'LINK_LIMIT: zu groß' };
  assert.equal(parseStageAnswer(bytesOf(refused)), refused);
});

test('every truncation and every addition is refused', () => {
  const bytes = bytesOf(STAGED);
  for (let length = 0; length < bytes.length; length++) {
    refuses(bytes.subarray(0, length), `${length} bytes`);
  }
  refuses(Buffer.concat([bytes, Buffer.from([0])]), 'one byte more');
});

test('counts and lengths over their bounds are refused before anything is made', () => {
  const header = (shape: number, plan: number, count: number) => {
    const bytes = Buffer.alloc(13);
    bytes.writeUInt32LE(shape, 1);
    bytes.writeUInt32LE(plan, 5);
    bytes.writeUInt32LE(count, 9);
    return bytes;
  };
  refuses(header(0, 0, 0xffff_ffff), 'many modules');
  const empty = Buffer.alloc(4 * 64);
  parseStageAnswer(Buffer.concat([header(0, 0, 64), empty]));
  refuses(Buffer.concat([header(0, 0, 65), empty, Buffer.alloc(4)]), 'one module too many');
  refuses(header(0xffff_ffff, 0, 0), 'a huge shape');
  refuses(header(0, 0xffff_ffff, 0), 'a huge plan');
  refuses(Buffer.from([2]), 'an unknown status');
});

test('a long reason is cut', () => {
  const answer = parseStageAnswer(bytesOf({ kind: 'refused', reason: 'x'.repeat(100_000) }));
  assert.is(answer.kind === 'refused' && answer.reason.length, 2_048);
});

test.run();
