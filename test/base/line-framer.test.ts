import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { LineFramer, type LineFramerSettings } from '../../runtime/base/line-framer.ts';

const framer = suite('base/line-framer');

function lines(ending: LineFramerSettings['ending'], text: string, chunkBytes = 1): string[] {
  const cut = new LineFramer({ maxBytes: 5, ending });
  const bytes = Buffer.from(text, 'latin1');
  const result: string[] = [];
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    for (const line of cut.push(bytes.subarray(at, at + chunkBytes))) {
      result.push(`${Buffer.from(line.bytes).toString('latin1')}:${line.lost}`);
    }
  }
  return result;
}

framer('each ending cuts where it says, however the bytes arrive', () => {
  for (const chunkBytes of [1, 2, 3, 100]) {
    assert.equal(lines('lf', 'ab\ncd\r\n', chunkBytes), ['ab:0', 'cd\r:0']);
    assert.equal(lines('cr', 'ab\rcd\n\r', chunkBytes), ['ab:0', 'cd\n:0']);
    assert.equal(lines('crlf', 'ab\r\nc\nd\re\r\n', chunkBytes), ['ab:0', 'c\nd\re:0']);
    assert.equal(lines('auto', 'ab\r\ncd\ref\n\n\rg', chunkBytes), ['ab:0', 'cd:0', 'ef:0']);
  }
});

framer('a line at its bound passes, one byte more is lost and counted', () => {
  for (const ending of ['lf', 'auto'] as const) {
    assert.equal(lines(ending, '12345\n123456\n1\n'), ['12345:0', '1:1']);
  }
  assert.equal(lines('crlf', '12345\r\n123456\r\n1\r\n'), ['12345:0', '1:1']);
  assert.equal(lines('crlf', '12345\r6\r\n1\r\n'), ['1:1']);
});

framer('a line with 0x00 or 0xff is noise, and the one after its end is whole', () => {
  assert.equal(lines('lf', 'a\x00b\n\xff\nok\n'), ['ok:2']);
});

framer('a cut wire loses the line begun, once', () => {
  const cut = new LineFramer({ maxBytes: 5, ending: 'lf' });
  cut.push(Buffer.from('ab'));
  cut.reset();
  cut.reset();
  assert.equal(cut.push(Buffer.from('c\n')), [{ bytes: new Uint8Array([0x63]), lost: 1 }]);
});

framer('skipLine drops up to the next end and counts one', () => {
  const cut = new LineFramer({ maxBytes: 5, ending: 'auto' });
  cut.skipLine();
  cut.skipLine();
  const [line, ...more] = cut.push(Buffer.from('0.41\r\n20.42\r\n'));
  assert.equal(more, []);
  assert.is(Buffer.from(line?.bytes ?? []).toString(), '20.42');
  assert.is(line?.lost, 1);
});

framer('a line handed out is not changed by what follows', () => {
  const cut = new LineFramer({ maxBytes: 5, ending: 'lf' });
  const [line] = cut.push(Buffer.from('ab\n'));
  cut.push(Buffer.from('zz\n'));
  assert.is(Buffer.from(line?.bytes ?? []).toString(), 'ab');
});

framer.run();
