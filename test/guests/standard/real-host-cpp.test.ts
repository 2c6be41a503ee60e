import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { ComponentInstance } from '../../../runtime/ports/component-host.ts';
import { messageArgs, ON_MESSAGE, withRealHost } from '../../bench/real-host.ts';

const test = suite('guests: the standard library of cpp, in component-host');

const LIMITS = { memoryBytesMax: 16 << 20, callDeadlineMs: 60_000, callsInFlightMax: 8 };
const SNAPSHOT = {
  identity: { name: 'standard', version: '1.0.0', slot: 'a', instance: 1n },
  granted: [],
  config: [],
} as const;
const FLOOD_LINES = 20_000;

const run = (instance: ComponentInstance, command: string): Promise<unknown> =>
  instance.call(ON_MESSAGE, messageArgs('run', new TextEncoder().encode(command)));

const failed = (promise: Promise<unknown>): Promise<boolean> =>
  promise.then(
    () => false,
    () => true,
  );

test('an exit stops one instance, a flood is cut and counted, a neighbour hears nothing', () =>
  withRealHost(async ({ host, prepare }) => {
    const component = await prepare('standard-cpp');
    const logs: string[][] = [];
    const start = () => {
      const lines: string[] = [];
      logs.push(lines);
      return host.activate({
        component,
        snapshot: SNAPSHOT,
        limits: LIMITS,
        onHostCall: () => undefined,
        onLog: (level, context, message) => lines.push(`${level} ${context}: ${message}`),
      });
    };
    const [exits, fails, neighbour] = [await start(), await start(), await start()];

    await run(neighbour, 'print');
    assert.equal(logs[2], ['info stdout: constructed', 'info stdout: out é😀', 'warn stderr: err']);

    assert.ok(await failed(run(exits, 'exit')));
    assert.equal(await exits.ended, { kind: 'stopped', message: 'the guest exited with success' });
    assert.is(logs[0]?.at(-1), 'info stdout: before the exit');

    assert.ok(await failed(run(fails, 'fail')));
    const crash = { kind: 'trapped', message: 'the guest exited with a failure' };
    assert.equal(await fails.ended, crash);

    const before = logs[2]?.length ?? 0;
    await run(neighbour, 'flood');
    const heard = (logs[2]?.length ?? 0) - before;
    assert.ok(heard < FLOOD_LINES / 2, `${heard} lines of a flood were sent`);
    assert.is(neighbour.statistics().logLinesDropped, FLOOD_LINES - heard);

    assert.is(host.status().workers, 1);
    assert.is(host.status().starts, 1);
    await neighbour.kill({ kind: 'stopped' });
  }));

test.run();
