import { controllerText, type HostUse } from '../controller-text.ts';
import { HEATER, type KindEntry, section } from '../kind.ts';

const DATA = '(data (i32.const 64) "heatermainsite/floodmetersite/#not-granted")';
const AT = { heater: 64, main: 70, topic: 74, meter: 84, wildcard: 89, unknown: 95 } as const;
const COUNT = 20_000;

/** Does something very often in one call. */
function repeated(uses: readonly HostUse[], body: string, count = COUNT): string {
  return controllerText({
    uses,
    memory: '40',
    memoryFields: DATA,
    hostRealloc: '(i32.const 8192)',
    message: `(local $n i32)
      (loop ${body}
        (local.set $n (i32.add (local.get $n) (i32.const 1)))
        (br_if 0 (i32.lt_u (local.get $n) (i32.const ${count}))))`,
  });
}

function flood(
  uses: readonly HostUse[],
  body: string,
  count = COUNT,
  grants: readonly string[] = [],
): KindEntry {
  return { component: () => repeated(uses, body, count), stop: { at: 'bounds' }, grants };
}

function publish(topicAt: number, topicLength: number, bytes: number): string {
  return `(call $publish (i32.const ${AT.main}) (i32.const 4)
        (i32.const ${topicAt}) (i32.const ${topicLength})
        (i32.const 65536) (i32.const ${bytes}) (i32.const 1) (i32.const 1) (i32.const 128))`;
}

function log(bytes: number): string {
  return `(call $log (i32.const 4) (i32.const 64) (i32.const 6)
        (i32.const 65536) (i32.const ${bytes}))`;
}

/** Much of what is allowed, on every channel that leads out of a controller. */
export const FLOODS = section('floods', {
  'flood-the-log': flood(['log'], log(8), 200_000),
  'flood-the-log-with-long-lines': flood(['log'], log(1_048_576), 12),
  'flood-beyond-the-budget-of-a-call': {
    component: () => repeated(['log'], log(1_048_576), 50),
    stop: { at: 'call', words: /lifts over \d+ bytes/ },
  },
  'flood-the-log-in-start': {
    component: () =>
      controllerText({
        uses: ['log'],
        memory: '40',
        start: `(local $n i32)
      (loop ${log(64)}
        (local.set $n (i32.add (local.get $n) (i32.const 1)))
        (br_if 0 (i32.lt_u (local.get $n) (i32.const 50000))))
      (i32.const 16)`,
      }),
    stop: { at: 'bounds' },
  },
  'flood-the-broker': flood(['publish'], publish(AT.topic, 10, 8), 5_000),
  'flood-the-broker-with-large-payloads': flood(['publish'], publish(AT.topic, 10, 1_000_000), 12),
  'flood-with-topics-that-are-none': flood(['publish'], publish(AT.wildcard, 6, 8), 5_000),
  'flood-an-output': flood(
    ['write'],
    `(call $write (i32.const ${AT.heater}) (i32.const 6)
        (i32.and (local.get $n) (i32.const 1)) (i32.const 128))`,
    5_000,
    [HEATER],
  ),
  'flood-the-audit-with-denials': flood(
    ['write'],
    `(call $write (i32.const ${AT.unknown}) (i32.const 11) (i32.const 1) (i32.const 128))`,
    5_000,
  ),
  'flood-the-serial-port': flood(
    ['serial'],
    `(call $send (i32.const ${AT.meter}) (i32.const 5)
        (i32.const 65536) (i32.const 4096) (i32.const 128))`,
    2_000,
    ['serial:meter[mode=rw]'],
  ),
  'flood-with-timers': flood(
    ['timer'],
    `(i32.store (i32.const 65536)
        (i32.add (i32.const 48) (i32.and (local.get $n) (i32.const 63))))
      (call $every (i32.const 65536) (i32.const 1) (i32.const 100) (i32.const 128))`,
    2_000,
  ),
  'flood-with-random-bytes': flood(
    ['random'],
    '(call $random (i64.const 65536) (i32.const 128))',
    200,
  ),
  'ask-for-endless-random-bytes': {
    component: () =>
      controllerText({ uses: ['random'], message: '(call $random (i64.const -1) (i32.const 64))' }),
    stop: { at: 'call', words: /random|65536/ },
  },
  'flood-with-questions-about-itself': flood(['granted'], '(call $granted (i32.const 128))'),
});
