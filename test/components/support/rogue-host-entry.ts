import { readSync, writeSync } from 'node:fs';
import { CONTROL_FD, callFdOf, hostFdOf } from '../../../runtime/components/host/descriptors.ts';
import {
  CONTROL_DOWN_TYPES,
  CONTROL_MESSAGES,
  CONTROL_SLOT,
  FRAME_TYPE,
  FrameReader,
} from '../../../runtime/transport/index.ts';
import { testContract } from './test-contract.ts';

// A host process that was taken over: it greets, compiles nothing, and sends what the name of the
// instance asks for.
const control = new FrameReader({ slot: CONTROL_SLOT, types: CONTROL_DOWN_TYPES });
const chunk = Buffer.alloc(65_536);

writeSync(
  CONTROL_FD,
  CONTROL_MESSAGES.hello.encode(0, { contractDigest: testContract.digest, walls: [] }),
);
for (;;) {
  const count = readSync(CONTROL_FD, chunk);
  if (count === 0) break;
  for (const message of control.push(chunk.subarray(0, count))) {
    if (message.type === FRAME_TYPE.prepare) {
      writeSync(CONTROL_FD, CONTROL_MESSAGES.compiled.encode(message.id, {}));
    } else if (message.type === FRAME_TYPE.activate) {
      const activate = CONTROL_MESSAGES.activate.decode(message);
      attack(activate.identity.name, activate.slot, Buffer.from(activate.nonce));
    }
  }
}

function attack(how: string, slot: number, nonce: Buffer): void {
  const host = hostFdOf(slot);
  if (how === 'garbage') writeSync(host, Buffer.concat([nonce, Buffer.alloc(64, 0xa5)]));
  if (how === 'oversize') writeSync(host, Buffer.concat([nonce, frame(0xffff_ffff, 4, slot)]));
  if (how === 'foreign-slot') writeSync(host, Buffer.concat([nonce, frame(0, 7, slot + 1)]));
  if (how === 'reply-to-nothing') writeSync(host, Buffer.concat([nonce, frame(0, 4, slot)]));
  if (how === 'up-the-call-socket') writeSync(callFdOf(slot), nonce);
  if (how === 'second-greeting') {
    writeSync(
      CONTROL_FD,
      CONTROL_MESSAGES.hello.encode(0, { contractDigest: testContract.digest, walls: [] }),
    );
  }
  if (how === 'release-of-nothing') {
    writeSync(CONTROL_FD, CONTROL_MESSAGES.released.encode(0, { slot: slot + 1, error: '' }));
  }
  if (how === 'control-garbage') writeSync(CONTROL_FD, Buffer.alloc(64, 0xff));
  if (how === 'flood') for (;;) writeSync(host, Buffer.alloc(65_536, 0x5a));
}

function frame(payloadBytes: number, type: number, slot: number): Buffer {
  const header = Buffer.alloc(12);
  header.writeUInt32LE(payloadBytes, 0);
  header[8] = type;
  header[10] = slot;
  header[11] = 1;
  return header;
}
