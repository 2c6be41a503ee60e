import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { errorCode } from '../../runtime/base/errors.ts';
import { ComponentError } from '../../runtime/ports/component-host.ts';
import {
  CONTROL_SLOT,
  FRAME_PAYLOAD_BYTES_MAX,
  FRAME_TYPE,
  HOST_CALL_NONCE_BYTES,
  LOG_LINES_AHEAD_MAX,
} from '../../runtime/transport/index.ts';
import { startTestHost } from './support/test-host.ts';

const test = suite('components/forged-frames');
const { host, violations, activate, close } = startTestHost({
  hostEntry: 'forging-host-entry',
  times: { activationDeadlineMs: 5_000, killGraceMs: 100 },
  restartBackoff: { minMs: 1, maxMs: 10 },
});

test.after(close);

/** A header's fields that differ from an empty, right frame of slot 0. */
interface Forgery {
  readonly type: number;
  readonly id?: number;
  readonly flags?: number;
  readonly slot?: number;
  readonly version?: number;
  /** Said by the header, whatever follows. */
  readonly length?: number;
}

/** Returns a frame in hexadecimal. */
function frame({ type, id = 0, flags = 0, slot = 0, version = 1, length }: Forgery, payload = '') {
  const header = Buffer.alloc(12);
  header.writeUInt32LE(length ?? payload.replaceAll('N', '0'.repeat(32)).length / 2, 0);
  header.writeUInt32LE(id, 4);
  header.set([type, flags, slot, version], 8);
  return header.toString('hex') + payload;
}

const GOOD_NONCE = 'N';
/** KiB of memory, one export, of number 0. */
const STANDING = frame({ type: FRAME_TYPE.activated }, '40000000' + '0100' + '0000');
const LOG_LINE = frame({ type: FRAME_TYPE.log }, '02' + '01000000' + '61' + '01000000' + '62');
const OTHERS_NONCE = 'ab'.repeat(HOST_CALL_NONCE_BYTES);
const FULL = '00'.repeat(FRAME_PAYLOAD_BYTES_MAX);

/** Has the host send, and says how the instance came to its end. */
async function attack(where: string, what: string): Promise<string> {
  const identity = { name: 'culprit', version: '1.0.0', slot: 'a', instance: 1n } as const;
  try {
    const config = [[where, what]] as const;
    const instance = await activate({ snapshot: { identity, granted: [], config } });
    return (await instance.ended).kind;
  } catch (error) {
    assert.instance(error, ComponentError);
    return error instanceof ComponentError ? error.code : 'none';
  }
}

/** Adds a case: the attack is told once, and the next host starts. */
function forged(name: string, where: string, what: string, ends: string, words = /./): void {
  test(`${name}: the host is killed and told, and another one starts`, async () => {
    const before = violations.length;
    assert.is(await attack(where, what), ends, violations.at(-1));
    assert.is(violations.length, before + 1);
    assert.match(violations.at(-1) ?? '', words);
    assert.is(host.status().workers, 0);
  });
}

const NEVER_STOOD = 'COMPONENT_ACTIVATION_FAILED';
const LOST = 'COMPONENT_HOST_LOST';

for (const [name, type] of [...Object.entries(FRAME_TYPE), ['none', 0], ['last', 255]] as const) {
  forged(`an empty frame "${name}" of a slot`, 'host', GOOD_NONCE + frame({ type }), NEVER_STOOD);
}
for (const [name, type] of Object.entries(FRAME_TYPE)) {
  const slot = CONTROL_SLOT;
  forged(`an empty frame "${name}" of control`, 'control', frame({ type, slot, id: 77 }), LOST);
}

const { log, reply, hostCall, fault } = FRAME_TYPE;
for (const [name, what, words] of [
  ['a frame of another slot', frame({ type: fault, slot: 1 }), /slot 1 on the socket/],
  ['a frame of the control socket', frame({ type: fault, slot: 255 }), /slot 255/],
  ['a frame of another version', frame({ type: log, version: 2 }), /version 2/],
  ['a frame with unknown flags', frame({ type: log, flags: 2 }), /flags 2/],
  ['a frame that is too long', frame({ type: log, length: 0xffff_ffff }), /4294967295 bytes/],
  ['a part that is not full', frame({ type: log, flags: 1 }, '00'), /a part that is not full/],
  [
    'a frame within another message',
    frame({ type: log, flags: 1 }, FULL) + frame({ type: reply, id: 1 }, '00'),
    /within another message/,
  ],
  ['a message without end', `-${frame({ type: log, flags: 1 }, FULL)}*17`, /a message over/],
  ['a reply to no call', frame({ type: reply, id: 1 }, '00'.repeat(12)), /reply to call 1/],
  [
    'a host call with a stolen nonce',
    frame({ type: hostCall, id: 1 }, `${OTHERS_NONCE}000007000000`),
    /nonce of another session/,
  ],
] as const) {
  forged(name, 'host', GOOD_NONCE + what, NEVER_STOOD, words);
}

for (const [name, what, words] of [
  ['standing twice', STANDING + STANDING, /activated twice/],
  ['half a second life', `${STANDING}-${STANDING.slice(0, 10)}-${STANDING.slice(10)}`, /twice/],
  [
    'more log lines than allowed',
    `${STANDING}-${LOG_LINE}*${LOG_LINES_AHEAD_MAX + 1}`,
    /more log lines/,
  ],
  [
    'standing, told one byte at a time, then a frame of no type',
    `${STANDING.match(/../g)?.join('-')}-${frame({ type: 99 })}`,
    /type 99/,
  ],
] as const) {
  forged(name, 'host', GOOD_NONCE + what, 'protocol', words);
}

forged('bytes up the call socket', 'call', STANDING, NEVER_STOOD, /only carries calls/);
forged('a forged session without its nonce', 'host', `${'cd'.repeat(16)}${STANDING}`, NEVER_STOOD);
forged('half a frame and silence', 'host', GOOD_NONCE + STANDING.slice(0, 15), NEVER_STOOD);
forged('a session in the slot of another', 'other', GOOD_NONCE + STANDING, NEVER_STOOD);
forged('noise on the control socket', 'control', 'ff'.repeat(64), LOST);
forged('a half greeting', 'control', frame({ type: FRAME_TYPE.hello, slot: 255 }, '00'), LOST);

test('a snapshot that no message holds is refused, and its slot stays free', async () => {
  const before = violations.length;
  assert.is(await refusedCode('00'.repeat(600_000)), 'PROTOCOL_VALUE');
  assert.is(host.status().workers, 0);
  assert.is(violations.length, before);
});

async function refusedCode(text: string): Promise<string> {
  const identity = { name: 'culprit', version: '1.0.0', slot: 'a', instance: 1n } as const;
  const snapshot = { identity, granted: [], config: [['nowhere', text]] as const };
  return activate({ snapshot }).then(() => 'none', errorCode);
}

test.run();
