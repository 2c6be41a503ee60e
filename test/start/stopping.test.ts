import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Stopped, Stopping, Undo } from '../../scripts/start/stopping.ts';

const test = suite('stopping');

test('a step that nobody stops gives its value', async () => {
  assert.is(await new Stopping().unlessAsked(Promise.resolve(7)), 7);
});

test('a step that never ends is left when somebody asks', async () => {
  const stopping = new Stopping();
  const step = stopping.unlessAsked(new Promise<void>(() => undefined));
  stopping.ask('SIGINT');
  assert.instance(await step.catch((error: unknown) => error), Stopped);
});

test('no step begins after somebody asked', async () => {
  const stopping = new Stopping();
  stopping.ask('SIGINT');
  const step = stopping.unlessAsked(Promise.resolve(7));
  assert.instance(await step.catch((error: unknown) => error), Stopped);
});

test('only the first request counts', () => {
  const stopping = new Stopping();
  assert.ok(stopping.ask('SIGINT'));
  assert.not.ok(stopping.ask('SIGINT'));
});

test('everything is undone, newest first, also when one of it fails', async () => {
  const undo = new Undo();
  const done: string[] = [];
  undo.add(async () => done.push('folder'));
  undo.add(async () => {
    throw new Error('broker');
  });
  undo.add(async () => done.push('daemon'));
  const failures = await undo.run();
  assert.equal(done, ['daemon', 'folder']);
  assert.equal(failures.map(String), ['Error: broker']);
  assert.equal(await undo.run(), []);
});

test.run();
