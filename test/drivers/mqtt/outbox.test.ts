import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { MemoryOutbox } from '../../../drivers/mqtt/outbox.ts';

const outbox = suite('drivers/mqtt: outbox');

const message = (qos: 0 | 1, payloadBytes: number) => ({
  topic: 't',
  payload: new Uint8Array(payloadBytes),
  qos,
  retain: false,
});

outbox('entries come in order and can be walked again until they are removed', () => {
  const box = new MemoryOutbox({ messagesMax: 10, bytesMax: 100 });
  assert.equal([box.append(message(1, 1)), box.append(message(0, 1))], [1n, 2n]);
  assert.is(box.after(0n)?.sequence, 1n);
  assert.is(box.after(1n)?.sequence, 2n);
  assert.is(box.after(2n), null);
  box.remove(1n);
  box.remove(1n);
  assert.is(box.after(0n)?.sequence, 2n);
  assert.equal([box.count, box.bytes], [1, 2]);
});

outbox('full of QoS 1 it refuses; QoS 0 gives way, oldest first, and only when that helps', () => {
  const box = new MemoryOutbox({ messagesMax: 10, bytesMax: 10 });
  box.append(message(0, 2));
  box.append(message(1, 2));
  box.append(message(0, 2));
  assert.is(box.append(message(1, 8)), null);
  assert.equal([box.count, box.dropped], [3, 0]);
  assert.is(box.append(message(0, 3)), 4n);
  assert.equal([box.count, box.dropped], [3, 1]);
  assert.is(box.after(0n)?.sequence, 2n);
});

outbox('a payload is what it was at the call', () => {
  const box = new MemoryOutbox({ messagesMax: 1, bytesMax: 10 });
  const payload = new Uint8Array([7]);
  box.append({ ...message(1, 0), payload });
  payload[0] = 0;
  assert.equal([...(box.after(0n)?.payload ?? [])], [7]);
});

outbox.run();
