import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PacketGuard } from '../../../drivers/mqtt/packet-guard.ts';

const guard = suite('drivers/mqtt: packet guard');

/** A PUBLISH of topic "t" (MQTT 3.1.1 3.3). */
function publish(qos: 0 | 1 | 2, identifier: number, payloadBytes: number): Buffer {
  const head = qos === 0 ? [0, 1, 0x74] : [0, 1, 0x74, identifier >> 8, identifier & 0xff];
  let left = head.length + payloadBytes;
  const length: number[] = [];
  do {
    length.push((left % 128) | (left >= 128 ? 0x80 : 0));
    left = Math.floor(left / 128);
  } while (left > 0);
  return Buffer.from([0x30 | (qos << 1), ...length, ...head, ...Array(payloadBytes).fill(0x78)]);
}

function run(bytes: Buffer, chunkBytes: number) {
  const cut = new PacketGuard(100);
  const result = { pass: [] as number[], acknowledge: [] as number[], dropped: 0, violation: '' };
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    const part = cut.push(bytes.subarray(at, at + chunkBytes));
    for (const chunk of part.pass) result.pass.push(...chunk);
    result.acknowledge.push(...part.acknowledge);
    result.dropped += part.dropped;
    if (part.violation !== null) return { ...result, violation: part.violation };
  }
  return result;
}

const SMALL = publish(1, 1, 95);
const LARGE = publish(1, 0x1234, 96);
const PINGRESP = Buffer.from([0xd0, 0]);

guard('only messages over the bound are taken out, however the bytes arrive', () => {
  const stream = Buffer.concat([SMALL, LARGE, PINGRESP, publish(0, 0, 5_000), SMALL]);
  for (const chunkBytes of [1, 2, 7, 64, 10_000]) {
    assert.equal(run(stream, chunkBytes), {
      pass: [...SMALL, ...PINGRESP, ...SMALL],
      acknowledge: [0x1234],
      dropped: 2,
      violation: '',
    });
  }
});

guard(
  'a length without an end, a huge control packet, QoS 2 and a topic out of bounds are refused',
  () => {
    for (const bytes of [
      [0x30, 0x80, 0x80, 0x80, 0x80],
      [0x90, 0xff, 0xff, 0x7f],
      [...publish(2, 1, 200)],
      [0x32, 0xff, 0x01, 0xff, 0xff, ...Array(300).fill(0)],
    ]) {
      assert.is.not(run(Buffer.from(bytes), 3).violation, '', JSON.stringify(bytes.slice(0, 6)));
    }
    assert.is(run(Buffer.from([0x30, 0x80, 0x80, 0x80, 0x01]), 3).violation, '');
  },
);

guard.run();
