import { createHash } from 'node:crypto';

/**
 * Returns the digest of a member of an envelope: SHA-256 over its byte string with its head (draft
 * 8.3), lower-case hex. The bytes are not copied.
 */
export function digestOfMember(bytes: Uint8Array): string {
  return createHash('sha256').update(headOf(bytes.length)).update(bytes).digest('hex');
}

/** The head of a byte string in its shortest form (RFC 8949 3). */
function headOf(length: number): Uint8Array {
  const head = Buffer.alloc(5);
  if (length < 24) return Uint8Array.of(0x40 | length);
  if (length < 0x100) return Uint8Array.of(0x58, length);
  if (length < 0x1_0000) {
    head.writeUInt8(0x59);
    head.writeUInt16BE(length, 1);
    return head.subarray(0, 3);
  }
  head.writeUInt8(0x5a);
  head.writeUInt32BE(length, 1);
  return head;
}
