/**
 * Returns the same bytes as the only ones who hold them: the caller's view is empty afterwards,
 * and so is every other view of its buffer. Not copied, unless they are a part of a larger buffer,
 * which is left as it is.
 */
export function moveBytes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer } = bytes;
  if (!(buffer instanceof ArrayBuffer) || buffer.byteLength !== bytes.byteLength) {
    return Uint8Array.from(bytes);
  }
  return new Uint8Array(buffer.transfer());
}
