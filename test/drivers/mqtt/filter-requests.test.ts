import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { FILTER_ANSWER_MS_MAX, FilterRequests } from '../../../drivers/mqtt/filter-requests.ts';
import { ManualClock } from '../../../drivers/simulated/manual-clock.ts';

const test = suite('drivers/mqtt/filter-requests');

/** Requests over a session whose answers the test gives. */
function openRequests() {
  const wanted = new Set<string>();
  const sent: string[] = [];
  const refused: string[] = [];
  const clock = new ManualClock();
  let silences = 0;
  const answers: ((refuse?: string) => void)[] = [];
  const requests = new FilterRequests({
    session: {
      subscribe: (filters, onRefused, onDone) => {
        sent.push(`+${filters.join()}`);
        answers.push(refuse => {
          if (refuse !== undefined) onRefused(refuse);
          onDone();
        });
      },
      unsubscribe: (filter, onDone) => {
        sent.push(`-${filter}`);
        answers.push(onDone);
      },
    },
    isWanted: filter => wanted.has(filter),
    onRefused: filter => void refused.push(filter),
    clock,
    onSilent: () => {
      silences += 1;
    },
  });
  return {
    sent,
    refused,
    pass: (ms: number) => clock.advance(ms),
    silences: () => silences,
    want: (...filters: string[]) => {
      for (const filter of filters) wanted.add(filter);
      requests.subscribe(filters);
    },
    leave: (filter: string) => {
      wanted.delete(filter);
      requests.unsubscribe(filter);
    },
    /** The broker answers the oldest open request. */
    answer: (refuse?: string) => answers.shift()?.(refuse),
    open: () => answers.length,
  };
}

test('stopped and asked for again: the subscription waits for the unsubscription', () => {
  const all = openRequests();
  all.want('a');
  all.answer();
  all.leave('a');
  all.want('a');
  assert.equal(all.sent, ['+a', '-a']);
  all.answer();
  assert.equal(all.sent, ['+a', '-a', '+a']);
  all.answer();
  assert.is(all.open(), 0);
});

test('asked for and stopped: the unsubscription waits for the subscription', () => {
  const all = openRequests();
  all.want('a');
  all.leave('a');
  assert.equal(all.sent, ['+a']);
  all.answer();
  assert.equal(all.sent, ['+a', '-a']);
  all.answer();
  assert.is(all.open(), 0);
});

test('stopped while it is unsubscribed for another: nothing more is sent', () => {
  const all = openRequests();
  all.want('a');
  all.answer();
  all.leave('a');
  all.want('a');
  all.leave('a');
  all.answer();
  assert.equal([all.sent, all.open()], [['+a', '-a'], 0]);
});

test('asked for twice while a request is open: once more, for what the broker retains', () => {
  const all = openRequests();
  all.want('a');
  all.want('a');
  all.want('a');
  all.answer();
  assert.equal(all.sent, ['+a', '+a']);
  all.answer();
  assert.equal([all.sent, all.open()], [['+a', '+a'], 0]);
  all.want('a');
  assert.is(all.sent.length, 3);
});

test('filters of one request go on by themselves', () => {
  const all = openRequests();
  all.want('a', 'b', 'c');
  all.leave('b');
  all.want('c', 'd');
  assert.equal(all.sent, ['+a,b,c', '+d']);
  all.answer();
  assert.equal(all.sent, ['+a,b,c', '+d', '-b', '+c']);
});

test('a refused filter is told and not asked for again by itself', () => {
  const all = openRequests();
  all.want('a', 'b');
  all.answer('b');
  assert.equal([all.refused, all.open()], [['b'], 0]);
});

test('a broker that answers nothing is noticed; one that is slow but answers is not', () => {
  const all = openRequests();
  all.want('a');
  all.want('b');
  all.pass(FILTER_ANSWER_MS_MAX - 1);
  all.answer();
  all.pass(FILTER_ANSWER_MS_MAX - 1);
  assert.is(all.silences(), 0);
  all.pass(1);
  assert.is(all.silences(), 1);
  const quiet = openRequests();
  quiet.want('a');
  quiet.answer();
  quiet.pass(FILTER_ANSWER_MS_MAX);
  assert.is(quiet.silences(), 0);
});

test.run();
