import process from 'node:process';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ComponentError } from '../../runtime/ports/component-host.ts';
import { startTestHost } from './support/test-host.ts';

const test = suite('components/hostile-host');
const { host, violations, activate, close } = startTestHost({
  hostEntry: 'rogue-host-entry',
  times: { activationDeadlineMs: 5_000, killGraceMs: 100 },
  restartBackoff: { minMs: 1, maxMs: 10 },
});
const RSS_GROWTH_BYTES_MAX = 64 * 1024 * 1024;

test.after(close);

async function attackWith(name: string): Promise<string> {
  const identity = { name, version: '1.0.0', slot: 'a', instance: 1n } as const;
  try {
    await activate({ snapshot: { identity, granted: [], config: [] } });
  } catch (error) {
    assert.instance(error, ComponentError);
    return (error as ComponentError).code;
  }
  return 'none';
}

for (const [how, code] of [
  ['garbage', 'COMPONENT_ACTIVATION_FAILED'],
  ['oversize', 'COMPONENT_ACTIVATION_FAILED'],
  ['foreign-slot', 'COMPONENT_ACTIVATION_FAILED'],
  ['reply-to-nothing', 'COMPONENT_ACTIVATION_FAILED'],
  ['up-the-call-socket', 'COMPONENT_ACTIVATION_FAILED'],
  ['second-greeting', 'COMPONENT_HOST_LOST'],
  ['release-of-nothing', 'COMPONENT_HOST_LOST'],
  ['control-garbage', 'COMPONENT_HOST_LOST'],
] as const) {
  test(`a host that sends ${how} is killed, told to the audit, and started again`, async () => {
    const before = violations.length;
    const { starts } = host.status();
    assert.is(await attackWith(how), code);
    assert.is(violations.length, before + 1);
    assert.ok(host.status().starts >= starts);
    assert.is(host.status().workers, 0);
  });
}

test('a host that floods a slot before its session began costs no memory', async () => {
  const before = process.memoryUsage().rss;
  assert.is(await attackWith('flood'), 'COMPONENT_ACTIVATION_FAILED');
  assert.match(violations.at(-1) ?? '', /bytes and no session/);
  assert.ok(process.memoryUsage().rss - before < RSS_GROWTH_BYTES_MAX);
});

test.run();
