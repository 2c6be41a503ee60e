const COMPONENT = [0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00];
const MODULE = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
const I32_CONST_0_AND_DROP = [0x41, 0x00, 0x1a];

/** Returns a number as an unsigned LEB128. */
export function leb(value: number): readonly number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  return [...bytes, rest];
}

/** Returns a component of sections that are given as bytes. */
export function componentOf(sections: readonly number[]): Uint8Array {
  return Uint8Array.from([...COMPONENT, ...sections]);
}

/** Returns a component with one core module, of these sections, and an instance of it. */
export function aroundCore(sections: readonly number[] | Uint8Array): Uint8Array {
  const moduleBytes = MODULE.length + sections.length;
  return Buffer.concat([
    Uint8Array.from([...COMPONENT, 1, ...leb(moduleBytes), ...MODULE]),
    Uint8Array.from(sections),
    Uint8Array.of(2, 4, 1, 0, 0, 0),
  ]);
}

/** Returns the body of a function that does nothing, at least so long. */
export function bodyOf(bytesMin: number): Uint8Array {
  const body = new Uint8Array(Math.ceil(bytesMin / 3) * 3 + 2);
  for (let at = 1; at < body.length - 1; at += 3) body.set(I32_CONST_0_AND_DROP, at);
  body[body.length - 1] = 0x0b;
  return body;
}

/** Returns the sections of a module with one function of this body. */
export function moduleOf(body: Uint8Array): Uint8Array {
  const size = leb(body.length);
  return Buffer.concat([
    Uint8Array.of(1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0),
    Uint8Array.from([10, ...leb(1 + size.length + body.length), 1, ...size]),
    body,
  ]);
}
