import { createHash } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createSystemClock } from '../../drivers/clock/system-clock.ts';
import { spawnStage } from '../../runtime/components/stage-io.ts';
import { ComponentError } from '../../runtime/ports/component-host.ts';
import { bundleEntries } from './support/bundled-entries.ts';
import { guestBytes } from './support/guest.ts';

const test = suite('components/stage');
const LIMITS = { memoryBytesMax: 16 * 1024 * 1024 };
const entries = bundleEntries({
  stage: 'runtime/entry/stage.ts',
  rogue: 'test/components/support/rogue-stage-entry.ts',
});
const clock = createSystemClock();
const port = spawnStage({ clock, entry: entries.entry('stage'), deadlineMs: 60_000 });

test.after(() => entries.remove());

async function failure(promise: Promise<unknown>): Promise<ComponentError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof ComponentError) return error;
    throw error;
  }
  return assert.unreachable('it was staged') as never;
}

test('a component comes back as digest, shape, plan and modules', async () => {
  const bytes = await guestBytes();
  const staged = await port.stage(bytes, LIMITS);
  assert.is(staged.digest, createHash('sha256').update(bytes).digest('hex'));
  assert.equal(
    staged.shape.exports.map(({ name }) => name),
    ['test:guest/handlers@0.1.0'],
  );
  assert.is(staged.modules.length, 2);
  for (const module of staged.modules) assert.ok(WebAssembly.validate(Uint8Array.from(module)));
  assert.ok(staged.plan.length > 0);
});

test('what is no component is refused with the rule that it breaks', async () => {
  for (const bytes of [new Uint8Array(0), new Uint8Array(100), Buffer.from('\0asm\x01\0\0\0')]) {
    const error = await failure(port.stage(bytes, LIMITS));
    assert.is(error.code, 'COMPONENT_REFUSED');
    assert.match(error.message, /LINK_/);
  }
});

test('a component that wants more memory than its manifest gives is refused', async () => {
  const error = await failure(port.stage(await guestBytes(), { memoryBytesMax: 65_536 }));
  assert.is(error.code, 'COMPONENT_REFUSED');
  assert.match(error.message, /LINK_LIMIT/);
});

test('a process that takes too long is killed', async () => {
  const slow = spawnStage({ clock, entry: entries.entry('rogue'), deadlineMs: 1_500 });
  const error = await failure(slow.stage(Buffer.from('hang'), LIMITS));
  assert.is(error.code, 'COMPONENT_STAGE_TIMEOUT');
});

for (const how of ['crash', 'garbage', 'silence', 'flood', 'wrong-shape']) {
  test(`a process that answers with ${how} fails and stages nothing`, async () => {
    const rogue = spawnStage({ clock, entry: entries.entry('rogue'), deadlineMs: 60_000 });
    const error = await failure(rogue.stage(Buffer.from(how), LIMITS));
    assert.is(error.code, 'COMPONENT_STAGE_FAILED');
  });
}

test.run();
