import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ManualClock, settle } from './support/manual-clock.ts';
import {
  edge,
  IDS,
  NOT_EXPORTED,
  ON_EDGE,
  ScriptedInstance,
  SPEC,
  scriptedActor,
} from './support/scripted-host.ts';

const actors = suite('actors/controller-actor');

const TRAP = { kind: 'trapped', message: 'unreachable' } as const;
const NEVER = () => new Promise(() => {});

actors('starts with its context, asks for health at once, then at the interval', async () => {
  const clock = new ManualClock();
  const contexts: unknown[] = [];
  const one = scriptedActor(clock, {
    behaviours: {
      [IDS.start]: args => {
        contexts.push(args[0]);
        return { tag: 'ok' };
      },
    },
    options: { firstReason: 'update', previousVersion: '2.0.0', generationBefore: 4n },
  });
  await one.actor.start();
  await settle();
  assert.equal(contexts, [{ reason: 'update', generation: 5n, previousVersion: '2.0.0' }]);
  assert.equal(one.latest().calls, ['start', 'health']);
  await clock.pass(10_000);
  assert.equal(one.latest().calls, ['start', 'health', 'health']);
  assert.is(one.actor.status().health.kind, 'healthy');
  assert.is(one.actor.status().statistics?.memoryBytes, 65_536);
});

actors('a trap leads to the safe state before the restart, and messages wait for it', async () => {
  const clock = new ManualClock();
  const one = scriptedActor(clock, { behaviours: { [ON_EDGE]: NEVER } });
  await one.actor.start();
  await settle();
  one.actor.deliver(edge(1));
  one.latest().end(TRAP);
  await settle();
  assert.is(one.actor.status().state.at, 'backoff');
  assert.ok(one.actor.deliver(edge(2)));
  await clock.pass(100);
  assert.equal(one.events, [
    'starting',
    'activate cold 1',
    'running',
    'safe',
    'backoff',
    'starting',
    'activate restart 2',
    'running',
  ]);
  // The message that was being handled is lost and said so; the one that waited is not.
  assert.equal(one.latest().calls, ['start', 'health', 'edge 2']);
  assert.is(one.actor.status().messages.failed, 1);
  assert.ok(one.logs.some(line => line.includes('message lost: edge 1')));
  assert.is(one.actor.status().restarts, 1);
  assert.equal(one.actor.status().lastEnd?.cause, TRAP);
});

actors('messages go out in order, and never more than the window allows', async () => {
  const clock = new ManualClock();
  const answers: (() => void)[] = [];
  const one = scriptedActor(clock, {
    spec: { mailbox: { messagesMax: 100, bytesMax: 10_000, overflow: 'drop-newest' } },
    behaviours: { [ON_EDGE]: () => new Promise<void>(resolve => answers.push(resolve)) },
  });
  await one.actor.start();
  await settle();
  for (let n = 0; n < 20; n += 1) one.actor.deliver(edge(n));
  assert.is(answers.length, 4);
  for (let n = 0; n < 20; n += 1) {
    answers[n]?.();
    await settle();
  }
  const expected = Array.from({ length: 20 }, (_, n) => `edge ${n}`);
  assert.equal(one.latest().calls.slice(2), expected);
  assert.is(one.latest().inFlightMost, 4);
  assert.is(one.actor.status().messages.handled, 20);
});

actors('a health call gets its place even with a window of one and a full mailbox', async () => {
  const clock = new ManualClock();
  const answers: (() => void)[] = [];
  const one = scriptedActor(clock, {
    options: { callsInFlightMax: 1 },
    behaviours: { [ON_EDGE]: () => new Promise<void>(resolve => answers.push(resolve)) },
  });
  await one.actor.start();
  await settle();
  for (let n = 0; n < 5; n += 1) one.actor.deliver(edge(n));
  await clock.pass(10_000);
  answers[0]?.();
  await settle();
  assert.equal(one.latest().calls, ['start', 'health', 'edge 0', 'health', 'edge 1']);
});

actors('a controller that exits with success stays down when it is transient', async () => {
  const exited = { kind: 'stopped', message: 'the guest exited with success' } as const;
  for (const policy of ['transient', 'permanent'] as const) {
    const one = scriptedActor(new ManualClock(), {
      spec: { restart: { ...SPEC.restart, policy } },
    });
    await one.actor.start();
    await settle();
    one.latest().end(exited);
    await settle();
    const { state, lastEnd } = one.actor.status();
    assert.is(state.at, policy === 'transient' ? 'stopped' : 'backoff');
    assert.equal(lastEnd?.cause, exited);
    assert.ok(one.logs.some(line => line.includes('stopped: the guest exited with success')));
  }
});

actors('a start that is refused counts as an end and kills the instance', async () => {
  const clock = new ManualClock();
  const one = scriptedActor(clock, {
    behaviours: { [IDS.start]: () => ({ tag: 'err', val: 'no set-point\u001b[2J' }) },
  });
  await one.actor.start();
  const { state } = one.actor.status();
  if (state.at !== 'backoff') throw new Error(state.at);
  assert.equal(state.cause, { kind: 'start-refused', message: 'no set-point [2J' });
  assert.equal(one.events.slice(2), ['safe', 'safe', 'backoff']);
});

actors('a trap during start is a trap, not a refusal', async () => {
  const clock = new ManualClock();
  const one = scriptedActor(clock, {
    behaviours: {
      [IDS.start]: (_args, instance) => {
        instance.end(TRAP);
        return NEVER();
      },
    },
  });
  await one.actor.start();
  assert.equal(one.actor.status().lastEnd?.cause, TRAP);
});

actors('too many ends lead to quarantine, where messages are refused, until released', async () => {
  const clock = new ManualClock();
  let broken = true;
  const one = scriptedActor(clock, {
    activate: () => (broken ? Promise.reject(new Error('does not compile')) : undefined),
  });
  await one.actor.start();
  one.actor.deliver(edge(1));
  await clock.pass(5_000);
  assert.is(one.actor.status().state.at, 'quarantined');
  assert.is(one.actor.status().generation, 4n);
  assert.is(one.actor.status().messages.discarded, 1);
  assert.not(one.actor.deliver(edge(2)));
  assert.is(one.actor.status().messages.refused, 1);
  await clock.pass(600_000);
  assert.is(one.actor.status().state.at, 'quarantined');
  broken = false;
  assert.ok(one.actor.release());
  assert.not(one.actor.release());
  await settle();
  assert.is(one.actor.status().state.at, 'running');
  const actions = one.audit.map(record => record.action);
  assert.ok(actions.includes('controller.quarantine') && actions.includes('controller.release'));
});

actors(
  'an activation that hangs fails at its deadline, and a late instance is killed',
  async () => {
    const clock = new ManualClock();
    const late = Promise.withResolvers<ScriptedInstance>();
    const one = scriptedActor(clock, {
      activate: generation => (generation === 1n ? late.promise : undefined),
    });
    const started = one.actor.start();
    await clock.pass(2_000);
    await started;
    assert.is(one.actor.status().lastEnd?.cause.kind, 'activation-failed');
    const tooLate = new ScriptedInstance(one.behaviours);
    late.resolve(tooLate);
    assert.equal(await tooLate.ended, { kind: 'stopped' });
    await clock.pass(100);
    assert.is(one.actor.status().state.at, 'running');
  },
);

actors('degraded and unhealthy are reported and restart nothing', async () => {
  const clock = new ManualClock();
  const answers = [
    { tag: 'degraded', val: 'meter silent' },
    { tag: 'unhealthy', val: 'no relay' },
    'nonsense',
    { tag: 'healthy' },
  ];
  const one = scriptedActor(clock, { behaviours: { [IDS.health]: () => answers.shift() } });
  await one.actor.start();
  await clock.pass(35_000);
  assert.equal(one.health, [
    { kind: 'degraded', message: 'meter silent' },
    { kind: 'unhealthy', message: 'no relay' },
    { kind: 'unhealthy', message: 'health returned no known case' },
    { kind: 'healthy' },
  ]);
  assert.is(one.instances.length, 1);
  assert.is(one.actor.status().state.at, 'running');
});

actors('a stop is asked for, then the instance is killed and the outputs are safe', async () => {
  const clock = new ManualClock();
  const one = scriptedActor(clock);
  await one.actor.start();
  await settle();
  await one.actor.stop();
  assert.equal(one.latest().calls, ['start', 'health', 'stop']);
  assert.equal(one.events.slice(3), ['stopping', 'safe', 'safe', 'stopped']);
  assert.not(one.actor.deliver(edge(1)));
  await one.actor.stop();
  assert.is(clock.waiting, 0);
});

actors('a controller that ignores its stop is killed at the deadline', async () => {
  const clock = new ManualClock();
  const one = scriptedActor(clock, { behaviours: { [IDS.stop]: NEVER } });
  await one.actor.start();
  await settle();
  const stopped = one.actor.stop();
  await clock.pass(499);
  assert.is(one.actor.status().state.at, 'stopping');
  await clock.pass(1);
  await stopped;
  assert.is(one.actor.status().state.at, 'stopped');
});

actors('a controller too busy to hear its stop is killed at the deadline', async () => {
  const clock = new ManualClock();
  const one = scriptedActor(clock, { behaviours: { [ON_EDGE]: NEVER } });
  await one.actor.start();
  await settle();
  for (let n = 0; n < 6; n += 1) one.actor.deliver(edge(n));
  const stopped = one.actor.stop();
  await clock.pass(500);
  await stopped;
  assert.not(one.latest().calls.includes('stop'));
  assert.equal(
    one.actor.takeWaiting().map(message => message.what),
    ['edge 4', 'edge 5'],
  );
});

actors('a stop during back-off, activation or start leaves nothing running', async () => {
  for (const when of ['backoff', 'activation', 'start'] as const) {
    const clock = new ManualClock();
    const activation = Promise.withResolvers<undefined>();
    const one = scriptedActor(clock, {
      ...(when === 'start' ? { behaviours: { [IDS.start]: NEVER } } : {}),
      activate: () => {
        if (when === 'backoff') return Promise.reject(new Error('no'));
        return when === 'activation' ? (activation.promise as never) : undefined;
      },
    });
    void one.actor.start();
    await settle();
    const stopped = one.actor.stop();
    activation.resolve(undefined);
    await stopped;
    await clock.pass(60_000);
    assert.is(one.actor.status().state.at, 'stopped', when);
    assert.ok(one.events.includes('safe'), when);
    for (const instance of one.instances) assert.equal(await instance.ended, { kind: 'stopped' });
    assert.is(clock.waiting, 0, when);
  }
});

actors('an idle controller is not blamed when its host process dies', async () => {
  const clock = new ManualClock();
  const idle = scriptedActor(clock);
  const busy = scriptedActor(clock, { behaviours: { [ON_EDGE]: NEVER } });
  await Promise.all([idle.actor.start(), busy.actor.start()]);
  for (let death = 0; death < 6; death += 1) {
    await clock.pass(1_500);
    busy.actor.deliver(edge(death));
    for (const one of [idle, busy]) one.latest().end({ kind: 'host-lost', message: 'signal 6' });
  }
  await clock.pass(1_500);
  assert.is(idle.actor.status().state.at, 'running');
  assert.is(busy.actor.status().state.at, 'quarantined');
});

actors('a message for a handler that is not exported is counted, not sent', async () => {
  const clock = new ManualClock();
  const one = scriptedActor(clock);
  await one.actor.start();
  await settle();
  one.actor.deliver(edge(1, { functionId: NOT_EXPORTED }));
  one.actor.deliver(edge(2));
  await settle();
  assert.is(one.actor.status().messages.undeliverable, 1);
  assert.is(one.actor.status().messages.handled, 1);
});

actors('a hook that throws stops nothing', async () => {
  const clock = new ManualClock();
  const one = scriptedActor(clock, {
    onSafeState: () => {
      throw new Error('line gone');
    },
  });
  await one.actor.start();
  one.latest().end(TRAP);
  await clock.pass(200);
  assert.is(one.actor.status().state.at, 'running');
  assert.ok(one.logs.some(line => line.startsWith('critical') && line.includes('line gone')));
});

actors.run();
