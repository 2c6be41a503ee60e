/**
 * The engine's builder can stub `wasi:` imports, all of them or none; ours (`wasi:logging`,
 * `wasi:keyvalue` ...) must stay while the system interfaces of its C library must go. So guests
 * are built against a namespace of equal length, and the component's import section is put right
 * afterwards. Only that section holds names that the outside sees.
 */
const STAND_IN = 'waxi:';
const REAL = 'wasi:';

const COMPONENT_IMPORT_SECTION = 10;
const PREAMBLE_BYTES = 8;

/** Returns a text in which our `wasi:` interfaces stand under another namespace. */
export function withStandIns(text: string): string {
  return text.replaceAll(REAL, STAND_IN);
}

/** Returns a component whose imports carry their real names again. Names keep their length. */
export function withRealImports(component: Uint8Array): Uint8Array {
  const bytes = Buffer.from(component);
  let at = PREAMBLE_BYTES;
  while (at < bytes.length) {
    const id = bytes[at] ?? 0;
    const { value: size, end: start } = leb(bytes, at + 1);
    if (id === COMPONENT_IMPORT_SECTION) rename(bytes.subarray(start, start + size));
    at = start + size;
  }
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}

function rename(section: Buffer): void {
  for (let at = section.indexOf(STAND_IN); at !== -1; at = section.indexOf(STAND_IN, at)) {
    section.write(REAL, at, 'latin1');
  }
}

function leb(bytes: Uint8Array, start: number): { value: number; end: number } {
  let value = 0;
  let factor = 1;
  for (let at = start; ; at++) {
    const byte = bytes[at] ?? 0;
    value += (byte & 0x7f) * factor;
    factor *= 128;
    if (byte < 0x80) return { value, end: at + 1 };
  }
}
