import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { StartGate } from '../../runtime/actors/start-gate.ts';
import { Supervisor } from '../../runtime/actors/supervisor.ts';
import { ManualClock, settle } from './support/manual-clock.ts';
import { edge, IDS, scriptedActor } from './support/scripted-host.ts';

const supervisors = suite('actors/supervisor');

const TRAP = { kind: 'trapped', message: 'unreachable' } as const;

function pair(clock: ManualClock, second: Parameters<typeof scriptedActor>[1] = {}) {
  const gate = new StartGate();
  const first = scriptedActor(clock, { gate, spec: { name: 'first' } });
  const other = scriptedActor(clock, { gate, ...second, spec: { name: 'second' } });
  return { first, other, supervisor: new Supervisor([first.actor, other.actor]) };
}

supervisors('starts in order and stops in reverse', async () => {
  const clock = new ManualClock();
  const order: string[] = [];
  const { first, other, supervisor } = pair(clock);
  for (const [name, one] of [
    ['first', first],
    ['second', other],
  ] as const) {
    one.behaviours.set(IDS.start, () => {
      order.push(`start ${name}`);
      return { tag: 'ok' };
    });
    one.behaviours.set(IDS.stop, () => {
      order.push(`stop ${name}`);
    });
  }
  await supervisor.start();
  await supervisor.stop();
  assert.equal(order, ['start first', 'start second', 'stop second', 'stop first']);
});

supervisors('a crashed controller restarts while its sibling keeps running', async () => {
  const clock = new ManualClock();
  const { first, other, supervisor } = pair(clock);
  await supervisor.start();
  await settle();
  other.latest().end(TRAP);
  await settle();
  assert.is(other.actor.status().state.at, 'backoff');
  supervisor.deliver('first', edge(1));
  await settle();
  assert.is(first.actor.status().messages.handled, 1);
  await clock.pass(150);
  assert.equal(
    supervisor.status().map(status => status.state.at),
    ['running', 'running'],
  );
  assert.is(first.instances.length, 1);
});

supervisors('one that cannot start does not keep the next from its start', async () => {
  const clock = new ManualClock();
  const gate = new StartGate();
  const broken = scriptedActor(clock, { gate, activate: () => Promise.reject(new Error('no')) });
  const fine = scriptedActor(clock, { gate, spec: { name: 'fine' } });
  const supervisor = new Supervisor([broken.actor, fine.actor]);
  await supervisor.start();
  assert.is(fine.actor.status().state.at, 'running');
  assert.is(supervisor.health().kind, 'waiting');
});

supervisors('a release is good when every controller runs and is healthy or degraded', async () => {
  const clock = new ManualClock();
  const { supervisor } = pair(clock, {
    behaviours: { [IDS.health]: () => ({ tag: 'degraded', val: 'no meter' }) },
  });
  assert.equal(supervisor.health(), { kind: 'waiting', for: ['first', 'second'] });
  await supervisor.start();
  await settle();
  assert.equal(supervisor.health(), { kind: 'good' });
});

supervisors('a release is bad when a controller is unhealthy or quarantined', async () => {
  const clock = new ManualClock();
  const { supervisor } = pair(clock, {
    behaviours: { [IDS.health]: () => ({ tag: 'unhealthy', val: 'no relay' }) },
  });
  await supervisor.start();
  await settle();
  assert.equal(supervisor.health(), { kind: 'bad', problems: ['second is unhealthy: no relay'] });
  const broken = pair(clock, { activate: () => Promise.reject(new Error('no')) });
  await broken.supervisor.start();
  await clock.pass(10_000);
  assert.equal(broken.supervisor.health(), {
    kind: 'bad',
    problems: ['second is quarantined: activation-failed: no'],
  });
  assert.is(broken.supervisor.release('second'), 'released');
  assert.is(broken.supervisor.release('first'), 'not-quarantined');
  assert.is(broken.supervisor.release('nobody'), 'unknown');
  assert.not(broken.supervisor.deliver('nobody', edge(1)));
});

supervisors('a next supervisor takes over running actors without a restart', async () => {
  const clock = new ManualClock();
  const { first, other, supervisor } = pair(clock);
  await supervisor.start();
  await supervisor.stop(new Set(['first']));
  const successor = new Supervisor([first.actor]);
  await successor.start();
  await clock.pass(1_000);
  assert.is(first.instances.length, 1);
  assert.is(first.actor.status().state.at, 'running');
  assert.is(other.actor.status().state.at, 'stopped');
});

supervisors('only who starts is blamed when the host process dies at a start', async () => {
  const clock = new ManualClock();
  const gate = new StartGate();
  const takes = (ms: number) => new Promise<void>(resolve => clock.after(ms, resolve));
  const innocent = scriptedActor(clock, {
    gate,
    spec: { name: 'innocent' },
    behaviours: { [IDS.start]: () => takes(30).then(() => ({ tag: 'ok' })) },
  });
  const culprit = scriptedActor(clock, {
    gate,
    spec: { name: 'culprit' },
    behaviours: {
      [IDS.start]: async (_args, instance) => {
        await takes(20);
        // Takes the host process, and with it every instance that runs there.
        for (const one of [...innocent.instances, instance]) {
          one.end({ kind: 'host-lost', message: 'signal 6' });
        }
      },
    },
  });
  void culprit.actor.start();
  void innocent.actor.start();
  for (let step = 0; step < 200; step += 1) await clock.pass(100);
  assert.is(culprit.actor.status().state.at, 'quarantined');
  assert.is(innocent.actor.status().state.at, 'running');
  assert.ok(innocent.instances.length >= 3);
});

supervisors.run();
