import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import * as v from 'valibot';
import { parseGrant } from '../../capabilities/grammar/index.ts';
import type { ActorState, ActorStatus } from '../../runtime/actors/actor-types.ts';
import {
  type GatewayPicture,
  listReport,
  type ReportedRelease,
  slotsReport,
  statusReport,
} from '../../runtime/compose/status-report.ts';
import { listSchema, slotsSchema, statusSchema } from '../../runtime/control/reports.ts';
import { EMPTY_RECORD, type SlotRecord } from '../../runtime/deploy/slot-record.ts';

const test = suite('compose/status-report');

const NOW_MS = 100_000;
const TRAP = { kind: 'trapped', message: 'unreachable' } as const;
const RUNNING: ActorState = { at: 'running', sinceMs: NOW_MS - 5_000 };
const QUARANTINED: ActorState = { at: 'quarantined', sinceMs: NOW_MS, cause: TRAP };

function actor(name: string, state: ActorState = RUNNING, more: Partial<ActorStatus> = {}) {
  const zero = { accepted: 0, taken: 0, droppedOldest: 0, droppedNewest: 0, droppedOversize: 0 };
  const status: ActorStatus = {
    name,
    version: '1.2.0',
    state,
    health: { kind: 'healthy' },
    generation: 1n,
    restarts: 0,
    intensityMax: 5,
    lastEnd: null,
    waiting: { messages: 0, bytes: 0 },
    mailbox: zero,
    messages: { handled: 0, failed: 0, undeliverable: 0, refused: 0, discarded: 0 },
    statistics: { calls: 1, hostCalls: 2, logLinesDropped: 0, memoryBytes: 65_536 },
    ...more,
  };
  return status;
}

function unit(name: string, grants: readonly string[]): ReportedRelease['units'][number] {
  const restart = { intensityMax: 5, periodMs: 60_000, backoffMinMs: 100, backoffMaxMs: 1_000 };
  const spec = {
    name,
    version: '1.2.0',
    digest: 'ab'.repeat(32),
    sizeBytes: 1_000,
    parts: [],
    links: [],
    requests: [],
    config: [],
    restart: { policy: 'permanent', ...restart },
    mailbox: { messagesMax: 10, bytesMax: 1_000, overflow: 'drop-oldest' },
    healthIntervalMs: 1_000,
  } as const;
  return { admitted: { spec, grants: grants.map(parseGrant) } };
}

const GRANTS = [
  'mem:8MiB',
  'mqtt:main/a[sub]',
  'cpu:call[<=1s]',
  'gpio:pump[dir=out]',
  'mqtt:main/b[pub]',
  'time:tick[>=100ms]',
];

function releaseOf(actors: readonly ActorStatus[]): ReportedRelease {
  return {
    release: { name: 'site', version: '2.0.0', sequence: 7 },
    slot: 'b',
    units: actors.map(({ name }) => unit(name, GRANTS)),
    controllers: () => actors,
  };
}

function picture(more: Partial<GatewayPicture> = {}): GatewayPicture {
  return {
    gateway: 'roof',
    runtimeVersion: '0.1.0',
    startedMs: 40_000,
    nowMs: NOW_MS,
    nowS: 1_800_000_000,
    root: { version: 1, expiresS: null },
    record: EMPTY_RECORD,
    live: releaseOf([actor('relay')]),
    hosts: [HOST],
    mqtt: [],
    serial: [],
    troubles: [],
    standstill: null,
    notices: [],
    lastChange: null,
    ...more,
  };
}

const HOST: GatewayPicture['hosts'][number] = {
  vendor: null,
  state: 'running',
  pid: 42,
  starts: 1,
  workers: 1,
  walls: [],
  missingWalls: [],
};

/** The report; it must be what a client is able to read. */
const report = (more: Partial<GatewayPicture> = {}) =>
  v.parse(statusSchema, statusReport(picture(more)));

const reportOf = (...actors: ActorStatus[]) => report({ live: releaseOf(actors) });

test('a gateway where all is well is ok, without problems or notices', () => {
  const all = report();
  assert.equal([all.verdict, all.problems, all.notices], ['ok', [], []]);
  assert.equal([all.gateway, all.runtimeVersion, all.uptimeMs], ['roof', '0.1.0', 60_000]);
  assert.is(all.lastChange, null);
  assert.equal(all.host, { state: 'running', pid: 42, starts: 1, walls: [] });
});

test('without a release one is told to install one, and nothing is wrong', () => {
  const none = report({ live: null });
  assert.equal([none.verdict, none.controllers, none.problems], ['ok', [], []]);
  assert.equal(none.notices, ['no release is installed; install one']);
  assert.equal(listReport(null), { release: null, controllers: [] });
});

test('a committed release that does not run is failing, and not called absent', () => {
  const entry = {
    name: 'site',
    version: '2.0.0',
    sequence: 7,
    manifestDigest: 'cd'.repeat(32),
    envelopeDigest: 'ef'.repeat(32),
    sizeBytes: 1_000,
    parts: [],
    links: [],
    roles: ['release'],
    controllers: ['relay'],
    rootVersion: 1,
    state: 'good',
  } as const;
  const record: SlotRecord = { ...EMPTY_RECORD, active: 'a', slots: { a: entry, b: null } };
  const dark = report({ live: null, record });
  assert.is(dark.verdict, 'failing');
  assert.equal(dark.notices, []);
  assert.equal(dark.problems, [
    { subject: 'site', what: '2.0.0 is in slot a and does not run', fix: 'airssys-wasm logs' },
  ]);
});

test('a root that has expired is a problem, and no reason to fail', () => {
  const expired = report({ root: { version: 3, expiresS: 1_800_000_000 } });
  assert.is(expired.verdict, 'degraded');
  assert.equal(expired.problems, [
    {
      subject: 'trust',
      what: 'root 3 has expired: nothing new is installed',
      fix: 'airssys-wasm trust update FILE',
    },
  ]);
  const later = report({ root: { version: 3, expiresS: 1_800_000_001 } });
  assert.equal(later.problems, []);
  assert.equal(later.root, { version: 3, expiresS: 1_800_000_001 });
});

test('a gateway that lost its record is failing; one that cannot store is degraded', () => {
  const lost = report({ live: null, standstill: 'every slot record is damaged' });
  assert.is(lost.verdict, 'failing');
  assert.equal(lost.notices, []);
  assert.equal(lost.problems, [
    { subject: 'state', what: 'every slot record is damaged', fix: null },
  ]);
  const full = report({ troubles: ['it could not be written'] });
  assert.is(full.verdict, 'degraded');
  assert.equal(full.problems, [{ subject: 'state', what: 'it could not be written', fix: null }]);
});

test('a serial port without its device and a controller that stopped are problems', () => {
  const serial = [
    { label: 'meter', open: false, lastError: 'No such file' },
    { label: 'display', open: true, lastError: null },
  ];
  const stopped = actor('relay', { at: 'stopped', sinceMs: NOW_MS, cause: TRAP });
  const told = report({ serial, live: releaseOf([stopped]) });
  assert.is(told.verdict, 'degraded');
  assert.equal(
    told.problems.map(({ subject, what }) => `${subject} ${what}`),
    ['relay stopped: trapped: unreachable', 'serial meter No such file'],
  );
});

test('a controller is told with times from now, and classes of its grants without limits', () => {
  const [one] = report().controllers;
  assert.equal(one, {
    name: 'relay',
    version: '1.2.0',
    state: 'running',
    forMs: 5_000,
    restartInMs: null,
    restarts: 0,
    attempt: null,
    attemptsMax: 5,
    health: 'healthy',
    message: null,
    memoryBytes: 65_536,
    waiting: 0,
    handled: 0,
    lost: 0,
    capabilities: ['gpio', 'mqtt'],
  });
});

test('lost is every message that no handler finished, each kind counted once', () => {
  const mailbox = {
    accepted: 1_000_000,
    taken: 1_000_000,
    droppedOldest: 1,
    droppedNewest: 10,
    droppedOversize: 100,
  };
  const messages = {
    handled: 7,
    failed: 1_000,
    undeliverable: 10_000,
    refused: 100_000,
    discarded: 1_000_000,
  };
  const waiting = { messages: 3, bytes: 30 };
  const [one] = reportOf(actor('relay', RUNNING, { mailbox, messages, waiting })).controllers;
  assert.equal([one?.lost, one?.handled, one?.waiting], [1_111_111, 7, 3]);
});

test('a controller in back-off is a problem that says how far, and when it comes back', () => {
  const state: ActorState = {
    at: 'backoff',
    sinceMs: NOW_MS - 100,
    untilMs: NOW_MS + 400,
    attempt: 2,
    cause: TRAP,
  };
  const one = reportOf(actor('relay', state, { health: { kind: 'unknown' }, statistics: null }));
  assert.is(one.verdict, 'degraded');
  assert.equal(one.problems, [
    {
      subject: 'relay',
      what: 'restarting 2/5: trapped: unreachable',
      fix: 'airssys-wasm why relay',
    },
  ]);
  const [controller] = one.controllers;
  assert.equal([controller?.restartInMs, controller?.attempt], [400, 2]);
  assert.equal([controller?.memoryBytes, controller?.message], [null, 'trapped: unreachable']);
});

test('a time that has passed is zero and never negative', () => {
  const state: ActorState = {
    at: 'backoff',
    sinceMs: NOW_MS + 50,
    untilMs: NOW_MS - 50,
    attempt: 1,
    cause: TRAP,
  };
  const lastChange = { what: '2.0.0 installed', atMs: NOW_MS + 1 };
  const late = report({
    live: releaseOf([actor('relay', state)]),
    startedMs: NOW_MS + 1,
    lastChange,
  });
  assert.equal([late.controllers[0]?.forMs, late.controllers[0]?.restartInMs], [0, 0]);
  assert.equal([late.uptimeMs, late.lastChange?.agoMs], [0, 0]);
});

test('a quarantined or unhealthy controller makes the gateway failing, degraded not', () => {
  const quarantined = reportOf(actor('good'), actor('bad', QUARANTINED));
  assert.is(quarantined.verdict, 'failing');
  assert.equal(quarantined.problems, [
    { subject: 'bad', what: 'quarantined: trapped: unreachable', fix: 'airssys-wasm why bad' },
  ]);
  for (const [kind, verdict] of [
    ['unhealthy', 'failing'] as const,
    ['degraded', 'degraded'] as const,
  ]) {
    const health = { kind, message: 'sensor silent' };
    const all = reportOf(actor('good'), actor('bad', RUNNING, { health }));
    assert.is(all.verdict, verdict);
    const fix = 'airssys-wasm logs bad';
    assert.equal(all.problems, [{ subject: 'bad', what: `${kind}: sensor silent`, fix }]);
    assert.is(all.controllers[1]?.message, 'sensor silent');
  }
});

test('why a controller ended is shown before what it said of itself until then', () => {
  const health = { kind: 'unhealthy', message: 'sensor silent' } as const;
  const [one] = reportOf(actor('relay', QUARANTINED, { health })).controllers;
  assert.is(one?.message, 'trapped: unreachable');
});

test('a broker that is away is a problem with its address and why', () => {
  const connection = { address: 'mqtt://10.0.0.1:1883', queued: 3, dropped: 2, refused: 1 };
  const mqtt = [
    { ...connection, connection: 'here', connected: true, lastError: null },
    { ...connection, connection: 'refuses', connected: false, lastError: 'ECONNREFUSED' },
    { ...connection, connection: 'new', connected: false, lastError: null },
  ];
  const all = report({ mqtt });
  assert.is(all.verdict, 'degraded');
  assert.equal(
    all.problems.map(({ subject, what }) => `${subject} ${what}`),
    [
      'mqtt refuses not connected to mqtt://10.0.0.1:1883: ECONNREFUSED',
      'mqtt new not connected to mqtt://10.0.0.1:1883: no answer yet',
    ],
  );
  assert.equal(all.mqtt, mqtt);
});

test('component-host is a problem while it is neither running nor starting', () => {
  const host = { ...HOST, pid: null, starts: 3 };
  for (const [state, verdict] of [
    ['running', 'ok'],
    ['starting', 'ok'],
    ['restarting', 'degraded'],
    ['stopped', 'degraded'],
  ] as const) {
    const all = report({ hosts: [{ ...host, state }] });
    assert.is(all.verdict, verdict, state);
    const problem = { subject: 'component-host', what: `is ${state}`, fix: null };
    assert.equal(all.problems, verdict === 'ok' ? [] : [problem]);
  }
});

test('walls that do not stand are noticed by name, after what was noticed before', () => {
  const walls = [
    { name: 'own-uid', state: 'down', detail: 'not root' },
    { name: 'permission-model', state: 'up', detail: '' },
    { name: 'namespaces', state: 'unknown', detail: '' },
  ] as const;
  const all = report({ hosts: [{ ...HOST, walls }], notices: ['lines are simulated'] });
  assert.equal(all.notices, [
    'lines are simulated',
    'walls that do not stand: own-uid, namespaces',
  ]);
  assert.is(all.verdict, 'ok');
});

test('a wall that is demanded and does not stand makes the gateway failing, with its code', () => {
  const missing = { ...HOST, missingWalls: ['seccomp (no filter)', 'own-uid (not root)'] };
  const all = report({ hosts: [missing], live: null });
  assert.is(all.verdict, 'failing');
  assert.equal(
    all.problems.map(({ subject, what, fix }) => `${subject} ${what} ${fix}`),
    [
      'component-host HOST_WALLS_MISSING: the configuration demands seccomp (no filter) ' +
        'airssys-wasm status --walls',
      'component-host HOST_WALLS_MISSING: the configuration demands own-uid (not root) ' +
        'airssys-wasm status --walls',
    ],
  );
});

test('of several hosts the first is told as ever, and the others with their vendors', () => {
  const first = { ...HOST, vendor: 'a.example' };
  const second = { ...HOST, vendor: 'b.example', pid: 43, state: 'restarting' } as const;
  const all = report({ hosts: [first, second] });
  assert.equal(all.host, { state: 'running', pid: 42, starts: 1, walls: [] });
  const other = { vendor: 'b.example', state: 'restarting', pid: 43, starts: 1, walls: [] };
  assert.equal(all.otherHosts, [other]);
  const what = { subject: 'component-host of b.example', what: 'is restarting', fix: null };
  assert.equal(all.problems, [what]);
});

const ENTRY = {
  envelopeDigest: 'aa'.repeat(32),
  manifestDigest: 'bb'.repeat(32),
  name: 'site',
  version: '1.0.0',
  sequence: 1,
  roles: ['release'],
  controllers: ['relay'],
  rootVersion: 1,
  state: 'good',
} as const;

const ON_TRIAL: SlotRecord = {
  ...EMPTY_RECORD,
  active: 'a',
  trial: { slot: 'b', triesLeft: 2, floorStays: false },
  slots: { a: ENTRY, b: { ...ENTRY, version: '2.0.0', sequence: 2, state: 'installed' } },
  bad: [{ manifestDigest: 'cc'.repeat(32), cause: 'trap' }],
  lastCause: 'trap',
};

test('a slot on trial is told as such, the committed one as active, its envelope to nobody', () => {
  const { slots } = report({ record: ON_TRIAL });
  const { envelopeDigest: _, roles: __, rootVersion: ___, controllers: ____, ...shown } = ENTRY;
  assert.equal(slots, {
    a: { ...shown, active: true },
    b: { ...shown, version: '2.0.0', sequence: 2, state: 'trial', active: false },
  });
  const { a, b, ...rest } = v.parse(slotsSchema, slotsReport(ON_TRIAL));
  assert.equal({ a, b }, slots);
  assert.equal(rest, { triesLeft: 2, lastCause: 'trap', bad: ON_TRIAL.bad });
});

test('empty slots are null, and so is what there is no trial of', () => {
  const empty = { a: null, b: null, triesLeft: null, lastCause: null, bad: [] };
  assert.equal(v.parse(slotsSchema, slotsReport(EMPTY_RECORD)), empty);
});

test('the list has every controller of the release with its grants in canonical order', () => {
  const live = {
    ...releaseOf([actor('relay', QUARANTINED)]),
    units: [unit('relay', GRANTS), unit('late', [])],
  };
  const { release, controllers } = v.parse(listSchema, listReport(live));
  assert.equal(release, { name: 'site', version: '2.0.0', sequence: 7, slot: 'b' });
  assert.equal(
    controllers.map(({ name, state }) => `${name} ${state}`),
    ['relay quarantined', 'late idle'],
  );
  const [relay] = controllers;
  assert.is(relay?.grants.length, GRANTS.length);
  assert.equal(relay?.grants, [...(relay?.grants ?? [])].sort());
  assert.ok(relay?.grants.includes('mem:8MiB'));
});

test.run();
