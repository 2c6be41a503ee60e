import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Mailbox } from '../../runtime/actors/mailbox.ts';

const mailbox = suite('actors/mailbox');

mailbox('a full mailbox that drops the newest refuses and counts', () => {
  const box = new Mailbox<string>({ messagesMax: 2, bytesMax: 100, overflow: 'drop-newest' });
  assert.equal(box.push('a', 1), { accepted: true, droppedOldest: [] });
  assert.equal(box.push('b', 1), { accepted: true, droppedOldest: [] });
  assert.equal(box.push('c', 1), { accepted: false, droppedOldest: [] });
  assert.is(box.counters().droppedNewest, 1);
  assert.is(box.take(), 'a');
  assert.is(box.take(), 'b');
  assert.is(box.take(), undefined);
});

mailbox('a full mailbox that drops the oldest makes room and counts', () => {
  const box = new Mailbox<string>({ messagesMax: 10, bytesMax: 10, overflow: 'drop-oldest' });
  box.push('a', 4);
  box.push('b', 4);
  assert.equal(box.push('c', 9), { accepted: true, droppedOldest: ['a', 'b'] });
  assert.is(box.counters().droppedOldest, 2);
  assert.is(box.bytes, 9);
  assert.is(box.take(), 'c');
  assert.is(box.bytes, 0);
});

mailbox('a message larger than the whole mailbox is refused and pushes nothing out', () => {
  const box = new Mailbox<string>({ messagesMax: 10, bytesMax: 10, overflow: 'drop-oldest' });
  box.push('small', 5);
  assert.equal(box.push('large', 11), { accepted: false, droppedOldest: [] });
  assert.is(box.counters().droppedOversize, 1);
  assert.is(box.take(), 'small');
});

mailbox('keeps the order over many more messages than it holds', () => {
  const box = new Mailbox<number>({ messagesMax: 300, bytesMax: 300, overflow: 'drop-newest' });
  let pushed = 0;
  let taken = 0;
  for (let round = 0; round < 20; round += 1) {
    while (box.size < 300) box.push(pushed++, 1);
    for (let n = 0; n < 170; n += 1) assert.is(box.take(), taken++);
  }
});

type Step = { readonly kind: 'push'; readonly bytes: number } | { readonly kind: 'take' };

const steps = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.nat(12).map((bytes): Step => ({ kind: 'push', bytes })) },
    { weight: 2, arbitrary: fc.constant<Step>({ kind: 'take' }) },
  ),
  { maxLength: 400 },
);

mailbox('behaves as a plain list with the same rule, whatever happens', () => {
  const bounds = fc.record({
    messagesMax: fc.integer({ min: 1, max: 150 }),
    bytesMax: fc.integer({ min: 1, max: 900 }),
    overflow: fc.constantFrom<'drop-oldest' | 'drop-newest'>('drop-oldest', 'drop-newest'),
  });
  fc.assert(
    fc.property(bounds, steps, (limits, script) => {
      const box = new Mailbox<number>(limits);
      let model: { id: number; bytes: number }[] = [];
      const modelBytes = () => model.reduce((sum, entry) => sum + entry.bytes, 0);
      for (const [id, step] of script.entries()) {
        if (step.kind === 'take') {
          assert.is(box.take(), model.shift()?.id);
        } else {
          const fits = () =>
            model.length < limits.messagesMax && modelBytes() + step.bytes <= limits.bytesMax;
          let accepted = step.bytes <= limits.bytesMax;
          if (accepted && limits.overflow === 'drop-newest') accepted = fits();
          if (accepted) {
            while (!fits()) model = model.slice(1);
            model.push({ id, bytes: step.bytes });
          }
          assert.is(box.push(id, step.bytes).accepted, accepted);
        }
        assert.is(box.size, model.length);
        assert.is(box.bytes, modelBytes());
        assert.ok(box.size <= limits.messagesMax && box.bytes <= limits.bytesMax);
      }
      const counters = box.counters();
      assert.is(counters.accepted, counters.taken + counters.droppedOldest + box.size);
      const pushes = script.filter(step => step.kind === 'push').length;
      const refused = counters.droppedNewest + counters.droppedOversize;
      assert.is(pushes, counters.accepted + refused);
    }),
    { numRuns: 300 },
  );
});

mailbox.run();
