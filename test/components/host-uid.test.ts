import { chmodSync, readFileSync } from 'node:fs';
import process from 'node:process';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createSystemClock } from '../../drivers/clock/system-clock.ts';
import { createSystemRandom } from '../../drivers/random/system-random.ts';
import { spawnComponentHost } from '../../runtime/components/component-host-io.ts';
import { findConfiningTools } from '../../runtime/components/confining-tools-io.ts';
import { bundleEntries } from './support/bundled-entries.ts';
import { testContract } from './support/test-contract.ts';

const test = suite('components/host-uid');
const NOBODY = 65_534;
const entries = bundleEntries({
  'host-entry': 'test/components/support/host-entry.ts',
  'worker-entry': 'test/components/support/worker-entry.ts',
});
const isRoot = process.getuid?.() === 0;
const hasSetpriv = findConfiningTools().setpriv !== null;

test.after(() => entries.remove());

async function startedAs(): Promise<{
  uid: string;
  signals: string;
  namespaces: string;
  output: string[];
}> {
  const output: string[] = [];
  const host = spawnComponentHost({
    contract: testContract,
    clock: createSystemClock(),
    random: createSystemRandom(),
    slots: 1,
    hostUid: NOBODY,
    entry: entries.entry('host-entry'),
    onViolation: () => {},
    onOutput: line => output.push(line),
  });
  try {
    while (host.status().state !== 'running') await new Promise(wait => setTimeout(wait, 20));
    const { pid, walls } = host.status();
    const uid = /^Uid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? '';
    const stateOf = (wall: string) => walls.find(({ name }) => name === wall)?.state ?? '';
    const [signals, namespaces] = [stateOf('signals'), stateOf('namespaces')];
    return { uid, signals, namespaces, output };
  } finally {
    await host.close();
  }
}

test('as root, the host has a uid of its own and may not signal the gateway', async () => {
  const { uid, signals, namespaces, output } = await startedAs();
  const keeps = output.find(line => line.includes('keeps our uid'));
  if (isRoot && hasSetpriv && keeps === undefined) {
    assert.is(uid, String(NOBODY));
    assert.is(signals, 'up');
    return;
  }
  // Without root, without the tool, or where node lies in a closed folder: kept, and said so.
  assert.is(uid, String(process.getuid?.()));
  // A host in a namespace of its own sees no gateway to signal.
  assert.is(signals, namespaces);
  assert.type(keeps, 'string');
});

test('from a folder that others may not enter, the host keeps the uid and says so', async () => {
  chmodSync(entries.folder, 0o700);
  const { uid, output } = await startedAs();
  assert.is(uid, String(process.getuid?.()));
  assert.match(output.join('\n'), /keeps our uid/);
});

test.run();
