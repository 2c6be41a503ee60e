import { isUtf8 } from 'node:buffer';

/** Up to here a loop over bytes beats a call into the runtime. */
const SCAN_BYTES_MAX = 64;

/** Whether the bytes from `start` to `end` are UTF-8. Allocates nothing for short ASCII. */
export function holdsUtf8(buffer: Buffer, start: number, end: number): boolean {
  if (end - start <= SCAN_BYTES_MAX) {
    let seen = 0;
    for (let place = start; place < end; place += 1) seen |= buffer[place] ?? 0;
    if (seen < 0x80) return true;
  }
  return isUtf8(buffer.subarray(start, end));
}
