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

// A host process whose script is the attacker. It greets and compiles nothing. What it sends comes
// with the configuration of each instance: keys say where to, values what, in hexadecimal, with
// `N` for the nonce of the session, `-` between what is written at once, and `*17` for how often.
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
      const { slot, nonce, config } = CONTROL_MESSAGES.activate.decode(message);
      for (const [where, what] of config) send(where, what, slot, Buffer.from(nonce));
    }
  }
}

function send(where: string, what: string, slot: number, nonce: Buffer): void {
  const targets = new Map([
    ['control', CONTROL_FD],
    ['call', callFdOf(slot)],
    ['host', hostFdOf(slot)],
    ['other', hostFdOf(slot + 1)],
  ]);
  const target = targets.get(where);
  if (target === undefined) return;
  for (const piece of what.split('-')) {
    const [hex = '', times = '1'] = piece.split('*');
    const bytes = Buffer.from(hex.replaceAll('N', nonce.toString('hex')), 'hex');
    for (let left = Number(times); left > 0; left -= 1) writeSync(target, bytes);
  }
}
