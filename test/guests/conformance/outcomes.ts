/**
 * What the recording host answers: for each function the outcomes in turn, chosen so that every
 * case of every type of the contract comes once, with the ends of its range.
 */

/** The largest integer that every guest language has exactly. */
export const U53_MAX = 2n ** 53n - 1n;

const TEXTS = ['', 'a', '\0', 'ß€', '\ud7ff\ue000', '\u{1f600}\u{10ffff}', 'e\u0301'] as const;
/** 65,535 UTF-16 code units, 131,070 bytes. */
const LONG_TEXT = 'é'.repeat(65_535);

const ok = (val?: unknown): unknown => ({ tag: 'ok', val });
const err = (tag: string, val?: unknown): unknown => ({ tag: 'err', val: { tag, val } });

const ramp = (count: number): Uint8Array => Uint8Array.from({ length: count }, (_, i) => i & 0xff);

const GPIO_ERRORS = [
  err('denied'),
  err('quota-exceeded'),
  err('rate-limited', 2 ** 32 - 1),
  err('not-ready'),
  err('undefined-pin-label'),
  err('pin-mode-not-allowed'),
  err('already-in-use'),
  err('hardware-fault', '\ufeff😀'),
];

const SERIAL_ERRORS = [
  err('denied'),
  err('quota-exceeded'),
  err('rate-limited', 0),
  err('not-ready'),
  err('undefined-port-label'),
  err('hardware-fault', ''),
];

const MQTT_ERRORS = [
  err('denied'),
  err('quota-exceeded'),
  err('rate-limited', 2 ** 31),
  err('undefined-connection'),
  err('invalid-topic'),
];

const TIMER_ERRORS = [err('denied'), err('quota-exceeded'), err('invalid-argument')];

const KEYVALUE_ERRORS = [
  err('no-such-store'),
  err('access-denied'),
  err('other', 'io: \u{10ffff}'),
];

/** Who the controller is, everywhere. */
export const IDENTITY = {
  name: 'conformance',
  version: '1.2.3-rc.1',
  slot: 'b',
  instance: U53_MAX,
} as const;

/** Its grants, everywhere. */
export const GRANTED: readonly string[] = ['gpio:*', 'mqtt:é/#', ''];

/** Its configuration, everywhere; the error cases come from the recording host alone. */
export const CONFIG: readonly (readonly [string, string])[] = [
  ['', 'the empty key'],
  ['a', ''],
  ['ß€', '\u{1f600}'],
];

/** Representations of the host's resources. */
export const BUCKET = 7;
const POLLABLE = 3;

/** Outcomes by `interface#function`, without versions. */
export const OUTCOMES: ReadonlyMap<string, readonly unknown[]> = new Map<string, unknown[]>([
  ['airssys:lifecycle/self#identity', [IDENTITY]],
  ['airssys:lifecycle/self#granted', [GRANTED]],
  ['airssys:gpio/digital#read', [ok('inactive'), ok('active'), ...GPIO_ERRORS]],
  ['airssys:gpio/digital#write', [ok(), ...GPIO_ERRORS]],
  ['airssys:gpio/digital#pulse', [ok(), ...GPIO_ERRORS]],
  ['airssys:serial/port#write', [ok(), ...SERIAL_ERRORS, ok()]],
  ['airssys:mqtt/publisher#publish', [ok(0n), ok(1n), ok(2n ** 32n), ok(U53_MAX), ...MQTT_ERRORS]],
  ['airssys:timer/timers#set-interval', [ok(), ...TIMER_ERRORS]],
  ['airssys:timer/timers#set-timeout', [...TIMER_ERRORS, ok()]],
  ['airssys:timer/timers#cancel', [false, true]],
  ['wasi:config/store#get-all', [ok([]), err('upstream', TEXTS[5]), ok(CONFIG)]],
  ['wasi:clocks/monotonic-clock#now', [0n, 2n ** 32n, U53_MAX]],
  ['wasi:clocks/monotonic-clock#resolution', [1n]],
  ['wasi:clocks/monotonic-clock#subscribe-instant', [POLLABLE]],
  ['wasi:clocks/monotonic-clock#subscribe-duration', [POLLABLE + 1]],
  ['wasi:clocks/wall-clock#now', [{ seconds: U53_MAX, nanoseconds: 999_999_999 }]],
  ['wasi:clocks/wall-clock#resolution', [{ seconds: 0n, nanoseconds: 1 }]],
  ['wasi:io/poll#[method]pollable.ready', [false, true]],
  ['wasi:io/poll#[method]pollable.block', [undefined]],
  ['wasi:io/poll#poll', [[], [2 ** 32 - 1, 0]]],
  ['wasi:keyvalue/store#open', [...KEYVALUE_ERRORS, ok(BUCKET)]],
  [
    'wasi:keyvalue/store#[method]bucket.get',
    [ok(undefined), ok(new Uint8Array(0)), ok(ramp(65_537)), ...KEYVALUE_ERRORS],
  ],
  ['wasi:keyvalue/store#[method]bucket.set', [ok(), ...KEYVALUE_ERRORS]],
  ['wasi:keyvalue/store#[method]bucket.delete', [...KEYVALUE_ERRORS, ok()]],
  ['wasi:keyvalue/store#[method]bucket.exists', [ok(false), ok(true), ...KEYVALUE_ERRORS]],
  [
    'wasi:keyvalue/store#[method]bucket.list-keys',
    [
      ok({ keys: [], cursor: undefined }),
      ok({ keys: TEXTS, cursor: '' }),
      ok({ keys: [LONG_TEXT, ...Array.from({ length: 1_000 }, (_, i) => `k${i}`)], cursor: '😀' }),
      ...KEYVALUE_ERRORS,
    ],
  ],
  ['wasi:logging/logging#log', [undefined]],
]);

/** Outcomes of `wasi:config/store#get` by call, apart from the question of `start`. */
export const CONFIG_OUTCOMES: readonly unknown[] = [
  ok(undefined),
  ok(''),
  ok(LONG_TEXT),
  err('upstream', ''),
  err('io', '\ud7ff'),
];

/** What happens to the controller, in order. */
export const EVENTS: readonly (readonly [string, readonly unknown[]])[] = [
  ['start', [{ reason: 'cold', generation: 1n, previousVersion: undefined }]],
  ['start', [{ reason: 'rollback', generation: U53_MAX, previousVersion: '' }]],
  ['start', [{ reason: 'update', generation: 0n, previousVersion: LONG_TEXT }]],
  ['start', [{ reason: 'restart', generation: 2n ** 32n, previousVersion: '\u{10ffff}' }]],
  ['health', []],
  ['health', []],
  ['health', []],
  ...['rising', 'falling'].map((edge, index): [string, readonly unknown[]] => [
    'on-edge',
    [
      {
        label: TEXTS[2 + 3 * index],
        edge,
        timestampNs: index === 0 ? 0n : U53_MAX,
        sequence: index === 0 ? U53_MAX : 0n,
        lost: index === 0 ? 0 : 2 ** 32 - 1,
      },
    ],
  ]),
  ['on-frame', [{ label: '', bytes: new Uint8Array(0), timestampNs: 0n, lost: 0 }]],
  ['on-frame', [{ label: TEXTS[4], bytes: ramp(4_096), timestampNs: U53_MAX, lost: 2 ** 32 - 1 }]],
  ['on-tick', [{ name: '', timestampNs: U53_MAX, missed: 2 ** 32 - 1 }]],
  ['on-tick', [{ name: TEXTS[6], timestampNs: 0n, missed: 0 }]],
  ['on-message', [message('', '', 0, false)]],
  ['on-message', [message('a', LONG_TEXT, 300_000, true)]],
  ['on-message', [message('ß€', '\ufeff', 1, false)]],
  ...Array.from({ length: 9 }, (_, section): [string, readonly unknown[]] => sectionEvent(section)),
  ['stop', [0]],
  ['stop', [2 ** 32 - 1]],
];

/** Returns the event that runs a section. */
export function sectionEvent(section: number): [string, readonly unknown[]] {
  const payload = Uint8Array.of(section);
  return ['on-message', [{ connection: 'run', topic: '', payload, retained: false }]];
}

function message(connection: string, topic: string, payloadBytes: number, retained: boolean) {
  return { connection, topic, payload: ramp(payloadBytes), retained };
}
