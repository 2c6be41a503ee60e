import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CborTag, type CborValue, decodeCbor, encodeCbor } from '../../runtime/base/cbor.ts';
import { type CborLimits, scanCbor } from '../../runtime/base/cbor-scan.ts';
import { errorCode } from '../../runtime/base/errors.ts';

const test = suite('base/cbor');

const LIMITS: CborLimits = { tags: [107], depthMax: 16, itemsMax: 1_000 };

function codeOf(action: () => unknown): string {
  try {
    action();
    return 'ACCEPTED';
  } catch (error) {
    return errorCode(error);
  }
}

function scanHex(hex: string, limits = LIMITS): string {
  return codeOf(() => scanCbor(Buffer.from(hex, 'hex'), limits));
}

const REFUSED: readonly (readonly [what: string, hex: string, code: string])[] = [
  ['nothing', '', 'CBOR_TRUNCATED'],
  ['two items', '0001', 'CBOR_TRAILING_BYTES'],
  ['23 in two bytes', '1817', 'CBOR_NOT_MINIMAL'],
  ['255 in three bytes', '1900ff', 'CBOR_NOT_MINIMAL'],
  ['65535 in five bytes', '1a0000ffff', 'CBOR_NOT_MINIMAL'],
  ['2^32-1 in nine bytes', '1b00000000ffffffff', 'CBOR_NOT_MINIMAL'],
  ['-24 in two bytes', '3817', 'CBOR_NOT_MINIMAL'],
  ['a byte string with a long length', '580100', 'CBOR_NOT_MINIMAL'],
  ['a map with a long length', 'b80100f5', 'CBOR_NOT_MINIMAL'],
  ['a tag with a long number', 'd9006bf5', 'CBOR_NOT_MINIMAL'],
  ['an indefinite byte string', '5f4100ff', 'CBOR_INDEFINITE'],
  ['an indefinite text', '7f6161ff', 'CBOR_INDEFINITE'],
  ['an indefinite array', '9f01ff', 'CBOR_INDEFINITE'],
  ['an indefinite map', 'bf0101ff', 'CBOR_INDEFINITE'],
  ['a break alone', 'ff', 'CBOR_INDEFINITE'],
  ['the same key twice', 'a201010102', 'CBOR_DUPLICATE_KEY'],
  ['the same text key twice', 'a2616101616102', 'CBOR_DUPLICATE_KEY'],
  ['keys in descending order', 'a202010101', 'CBOR_KEY_ORDER'],
  ['a text key before an integer', 'a26161010102', 'CBOR_KEY_ORDER'],
  ['a tag nobody allowed', 'c1f5', 'CBOR_TAG'],
  ['the record tag of cbor-x', 'd9dfff80', 'CBOR_TAG'],
  ['an array longer than the input', '9affffffff00', 'CBOR_TRUNCATED'],
  ['an array of 2^63 items', '9b8000000000000000', 'CBOR_TRUNCATED'],
  ['a map longer than the input', 'bb0000000100000000', 'CBOR_TRUNCATED'],
  ['a byte string longer than the input', '5a0001000001', 'CBOR_TRUNCATED'],
  ['a byte string of 2^64-1', '5bffffffffffffffff00', 'CBOR_TRUNCATED'],
  ['a head cut off', '19ff', 'CBOR_TRUNCATED'],
  ['a reserved length', '1c', 'CBOR_VALUE'],
  ['a negative integer below -2^63', '3b8000000000000000', 'CBOR_VALUE'],
  ['undefined', 'f7', 'CBOR_VALUE'],
  ['a half float', 'f93c00', 'CBOR_VALUE'],
  ['a double', 'fb3ff0000000000000', 'CBOR_VALUE'],
  ['an extended simple value', 'f8ff', 'CBOR_VALUE'],
  ['an overlong UTF-8 slash', '62c0af', 'CBOR_TEXT'],
  ['a surrogate in UTF-8', '63eda080', 'CBOR_TEXT'],
];

for (const [what, hex, code] of REFUSED) {
  test(`${what} is refused with ${code}`, () => {
    assert.is(scanHex(hex), code);
    assert.is(
      codeOf(() => decodeCbor(Buffer.from(hex, 'hex'), LIMITS)),
      code,
    );
  });
}

test('the nearest accepted neighbours of what is refused are accepted', () => {
  const accepted = ['17', '1818', '18ff', '190100', '1a00010000'];
  const more = ['1b0000000100000000', '3818', 'a201010201', 'a201026161f6', 'd86bf5', '62c3a9'];
  for (const hex of [...accepted, ...more, '80', 'f4', 'f5', 'f6']) {
    assert.is(scanHex(hex), 'ACCEPTED', hex);
  }
});

test('sixteen levels are accepted and seventeen refused', () => {
  assert.is(scanHex(`${'81'.repeat(16)}00`), 'ACCEPTED');
  assert.is(scanHex(`${'81'.repeat(17)}00`), 'CBOR_DEPTH');
  assert.is(scanHex(`${'a100'.repeat(17)}00`), 'CBOR_DEPTH');
  assert.is(scanHex(`${'d86b'.repeat(17)}00`), 'CBOR_DEPTH');
});

test('items are counted over the whole document', () => {
  const limits = { ...LIMITS, itemsMax: 5 };
  assert.is(scanHex('8400010203', limits), 'ACCEPTED');
  assert.is(scanHex('850001020304', limits), 'CBOR_ITEMS');
  assert.is(scanHex('8281008100', limits), 'ACCEPTED');
  assert.is(scanHex('838100810000', limits), 'CBOR_ITEMS');
});

test('integers around each width are encoded as short as possible', () => {
  const encodings: readonly (readonly [value: number | bigint, hex: string])[] = [
    [23, '17'],
    [24, '1818'],
    [255, '18ff'],
    [256, '190100'],
    [65_536, '1a00010000'],
    [2 ** 32 - 1, '1affffffff'],
    [2 ** 32, '1b0000000100000000'],
    [Number.MAX_SAFE_INTEGER, '1b001fffffffffffff'],
    [2n ** 64n - 1n, '1bffffffffffffffff'],
    [5n, '05'],
    [-1, '20'],
    [-257, '390100'],
    [-(2 ** 32), '3affffffff'],
    [-(2 ** 32) - 1, '3b0000000100000000'],
    [-(2n ** 63n), '3b7fffffffffffffff'],
  ];
  for (const [value, hex] of encodings) {
    assert.is(Buffer.from(encodeCbor(value)).toString('hex'), hex, String(value));
  }
});

test('fractions and integers beyond 64 bits are programmer errors', () => {
  for (const value of [0.5, Number.NaN, 2 ** 53, 2n ** 64n, -(2n ** 63n) - 1n]) {
    assert.throws(
      () => encodeCbor(value),
      (error: unknown) => error instanceof RangeError,
    );
  }
});

const key = fc.oneof(fc.integer(), fc.string({ unit: 'grapheme', maxLength: 8 }));
const { value: anyValue } = fc.letrec<{ value: CborValue }>(tie => ({
  value: fc.oneof(
    { depthSize: 'small', maxDepth: 8 },
    fc.maxSafeInteger(),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
    fc.string({ unit: 'grapheme' }),
    fc.boolean(),
    fc.constant(null),
    fc.uint8Array({ maxLength: 300 }),
    fc.array(tie('value'), { maxLength: 5 }),
    fc.array(fc.tuple(key, tie('value')), { maxLength: 5 }).map(entries => new Map(entries)),
    tie('value').map(inner => new CborTag(inner, 107)),
  ),
}));

test('what is encoded is accepted, decodes to the same, and encodes to the same bytes', () => {
  fc.assert(
    fc.property(anyValue, value => {
      const bytes = encodeCbor(value);
      const decoded = decodeCbor(bytes, LIMITS);
      assert.equal(encodeCbor(decoded as CborValue), bytes);
      assert.equal(normal(decoded), normal(value));
    }),
    { numRuns: 200 },
  );
});

test('bytes are accepted only if they are the one encoding of what they decode to', () => {
  fc.assert(
    fc.property(anyValue, fc.nat(), fc.integer({ min: 1, max: 255 }), (value, at, change) => {
      const bytes = encodeCbor(value);
      const index = at % bytes.length;
      bytes[index] = (bytes[index] ?? 0) ^ change;
      requireUnique(bytes);
    }),
    { numRuns: 800 },
  );
  fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), requireUnique), { numRuns: 1_500 });
});

test('every truncation is refused', () => {
  fc.assert(
    fc.property(anyValue, fc.nat(), (value, at) => {
      const bytes = encodeCbor(value);
      const cut = bytes.subarray(0, at % bytes.length);
      assert.not.equal(
        codeOf(() => decodeCbor(cut, LIMITS)),
        'ACCEPTED',
      );
    }),
    { numRuns: 200 },
  );
});

function requireUnique(bytes: Uint8Array): void {
  const code = codeOf(() => scanCbor(bytes, LIMITS));
  if (code !== 'ACCEPTED') {
    assert.match(code, /^CBOR_/);
    return;
  }
  assert.equal(encodeCbor(decodeCbor(bytes, LIMITS) as CborValue), Uint8Array.from(bytes));
}

/** One form for comparison: entries sorted, integers as text, bytes as hex. */
function normal(value: unknown): unknown {
  if (typeof value === 'number' || typeof value === 'bigint') return `int ${BigInt(value)}`;
  if (value instanceof Uint8Array) return `bytes ${Buffer.from(value).toString('hex')}`;
  if (value instanceof CborTag) return { tag: value.tag, value: normal(value.value) };
  if (Array.isArray(value)) return value.map(normal);
  if (!(value instanceof Map)) return value;
  const entries = [...value].map(([key, inner]) => [String(normal(key)), normal(inner)] as const);
  return { entries: entries.sort(([a], [b]) => (a < b ? -1 : 1)) };
}

test.run();
