import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeText, encodeText } from '../../../wit/sdk/text.ts';

const text = suite('sdk: UTF-8');

// Bytes around the edges of UTF-8, so that random runs meet broken and whole sequences alike.
const EDGES = [0, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc2, 0xdf, 0xe0, 0xe2];
const MORE_EDGES = [0xed, 0xef, 0xf0, 0xf4, 0xf5, 0xff];

text('decodes any bytes as a TextDecoder does', () => {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  const byte = fc.constantFrom(...EDGES, ...MORE_EDGES);
  fc.assert(
    fc.property(fc.array(byte, { maxLength: 12 }), bytes => {
      const input = Uint8Array.from(bytes);
      assert.is(decodeText(input), decoder.decode(input));
    }),
    { numRuns: 5_000 },
  );
});

text('encodes any string as a TextEncoder does, lone surrogates included', () => {
  const encoder = new TextEncoder();
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 8 }), units => {
      const input = String.fromCharCode(...units);
      assert.equal(encodeText(input), encoder.encode(input));
    }),
    { numRuns: 2_000 },
  );
});

text.run();
