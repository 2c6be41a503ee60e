/**
 * The other end of a raw socket pair, as a worker of component-host has it: blocking reads and
 * writes, and nothing else. `answer`: each request that came is answered, all of a chunk at once.
 * `ask`: asks and waits for the answer, over and over.
 */
import { readSync, writeSync } from 'node:fs';

/** Bytes of what is sent, as large as the frames that are held against these figures. */
export const RAW_BYTES = { request: 109, reply: 20, ask: 41, answer: 14 } as const;
/** Descriptors of the child: calls come down the first, all else goes over the second. */
export const RAW_FDS = { call: 3, host: 4 } as const;

const CHUNK_BYTES = 65_536;

/** Answers until the other side closes. */
function answer(): void {
  const chunk = Buffer.alloc(CHUNK_BYTES);
  let held = 0;
  for (;;) {
    const count = readSync(RAW_FDS.call, chunk, 0, CHUNK_BYTES, null);
    if (count === 0) return;
    held += count;
    const requests = Math.floor(held / RAW_BYTES.request);
    held -= requests * RAW_BYTES.request;
    writeWhole(chunk.subarray(0, requests * RAW_BYTES.reply));
  }
}

/** Asks until the other side closes. */
function ask(): void {
  const chunk = Buffer.alloc(CHUNK_BYTES);
  for (;;) {
    writeWhole(chunk.subarray(0, RAW_BYTES.ask));
    for (let held = 0; held < RAW_BYTES.answer; ) {
      const count = readSync(RAW_FDS.host, chunk, 0, CHUNK_BYTES, null);
      if (count === 0) return;
      held += count;
    }
  }
}

function writeWhole(bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) {
    at += writeSync(RAW_FDS.host, bytes, at, bytes.length - at);
  }
}

if (process.argv[2] === 'answer') answer();
if (process.argv[2] === 'ask') ask();
