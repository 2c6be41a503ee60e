/**
 * A compiler that names exports by identifiers cannot say `airssys:lifecycle/controller#start`. So
 * a guest's module is built with plain names, and its export section is written anew.
 */
const EXPORT_SECTION = 7;
const PREAMBLE_BYTES = 8;

/** Returns a core module whose exports have the names that `renamed` gives them. */
export function withExportNames(
  core: Uint8Array,
  renamed: ReadonlyMap<string, string>,
): Uint8Array<ArrayBuffer> {
  const module = Buffer.from(core);
  const parts: Buffer[] = [module.subarray(0, PREAMBLE_BYTES)];
  let at = PREAMBLE_BYTES;
  while (at < module.length) {
    const size = leb(module, at + 1);
    const end = size.end + size.value;
    const isExports = module[at] === EXPORT_SECTION;
    const body = module.subarray(size.end, end);
    if (!isExports) parts.push(module.subarray(at, end));
    else parts.push(Buffer.from([EXPORT_SECTION]), sized(exportSection(body, renamed)));
    at = end;
  }
  return new Uint8Array(Buffer.concat(parts));
}

function exportSection(body: Buffer, renamed: ReadonlyMap<string, string>): Buffer {
  const count = leb(body, 0);
  const parts = [encoded(count.value)];
  let at = count.end;
  for (let index = 0; index < count.value; index++) {
    const length = leb(body, at);
    const nameEnd = length.end + length.value;
    const name = body.toString('utf8', length.end, nameEnd);
    const target = leb(body, nameEnd + 1);
    parts.push(sized(Buffer.from(renamed.get(name) ?? name)), body.subarray(nameEnd, target.end));
    at = target.end;
  }
  return Buffer.concat(parts);
}

function sized(bytes: Buffer): Buffer {
  return Buffer.concat([encoded(bytes.length), bytes]);
}

function encoded(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  return Buffer.from([...bytes, rest]);
}

function leb(bytes: Buffer, start: number): { readonly value: number; readonly end: number } {
  let value = 0;
  let shift = 0;
  let at = start;
  for (;;) {
    const byte = bytes[at] ?? 0;
    value |= (byte & 0x7f) << shift;
    at += 1;
    if ((byte & 0x80) === 0) return { value: value >>> 0, end: at };
    shift += 7;
  }
}
