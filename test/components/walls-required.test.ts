import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ComponentError } from '../../runtime/ports/component-host.ts';
import { startTestHost } from './support/test-host.ts';

const test = suite('components/walls-required');

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return 'none';
  } catch (error) {
    if (error instanceof ComponentError) return `${error.code} ${error.message}`;
    throw error;
  }
}

test('without a demanded wall nothing is prepared, and status says which is missing', async () => {
  // Nobody asked for a uid of its own, so that wall cannot stand.
  const fixture = startTestHost({ requiredWalls: ['permission-model', 'own-uid'], hostUid: null });
  try {
    const refused = await codeOf(fixture.activate());
    assert.match(refused, /^HOST_WALLS_MISSING .*own-uid \(runs as uid \d+, like the gateway\)/);
    assert.not.match(refused, /permission-model/);
    const { missingWalls, workers, state } = fixture.host.status();
    assert.is(missingWalls.length, 1);
    assert.match(missingWalls[0] ?? '', /^own-uid/);
    assert.equal([workers, state], [0, 'running']);
  } finally {
    await fixture.close();
  }
});

test('with the demanded walls standing, guests run', async () => {
  const fixture = startTestHost({ requiredWalls: ['permission-model', 'native-code'] });
  try {
    const guest = await fixture.activate();
    assert.equal(fixture.host.status().missingWalls, []);
    await guest.kill({ kind: 'stopped' });
  } finally {
    await fixture.close();
  }
});

test.run();
