const REPLACEMENT = 0xfffd;

/** Returns the text of UTF-8 bytes; whatever is not UTF-8 becomes U+FFFD, as in a TextDecoder. */
export function decodeText(bytes: Uint8Array): string {
  let text = '';
  let at = 0;
  while (at < bytes.length) {
    const { point, used } = nextPoint(bytes, at);
    text += String.fromCodePoint(point);
    at += used;
  }
  return text;
}

/** Returns the UTF-8 bytes of a text; a lone surrogate becomes U+FFFD. */
export function encodeText(text: string): Uint8Array {
  const bytes: number[] = [];
  for (const character of text) {
    const point = character.codePointAt(0) ?? REPLACEMENT;
    appendPoint(bytes, point >= 0xd800 && point <= 0xdfff ? REPLACEMENT : point);
  }
  return Uint8Array.from(bytes);
}

function appendPoint(bytes: number[], point: number): void {
  const tail = (shift: number): number => 0x80 | ((point >> shift) & 0x3f);
  if (point < 0x80) bytes.push(point);
  else if (point < 0x800) bytes.push(0xc0 | (point >> 6), tail(0));
  else if (point < 0x10000) bytes.push(0xe0 | (point >> 12), tail(6), tail(0));
  else bytes.push(0xf0 | (point >> 18), tail(12), tail(6), tail(0));
}

/**
 * Reads one code point. A broken sequence gives one replacement for its longest valid beginning
 * (Unicode 15, 3.9, "maximal subpart").
 */
function nextPoint(bytes: Uint8Array, start: number): { point: number; used: number } {
  const first = bytes[start] ?? 0;
  if (first < 0x80) return { point: first, used: 1 };
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4) return { point: REPLACEMENT, used: 1 };
  let point = first & (0x7f >> length);
  for (let index = 1; index < length; index++) {
    const byte = bytes[start + index] ?? 0;
    const [low, high] = index === 1 ? secondByteRange(first) : [0x80, 0xbf];
    if (byte < low || byte > high) return { point: REPLACEMENT, used: index };
    point = (point << 6) | (byte & 0x3f);
  }
  return { point, used: length };
}

/** Rules out overlong forms, surrogates and points above U+10FFFF. */
function secondByteRange(first: number): readonly [low: number, high: number] {
  if (first === 0xe0) return [0xa0, 0xbf];
  if (first === 0xed) return [0x80, 0x9f];
  if (first === 0xf0) return [0x90, 0xbf];
  if (first === 0xf4) return [0x80, 0x8f];
  return [0x80, 0xbf];
}
