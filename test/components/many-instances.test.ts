import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { EXPORT } from './support/test-contract.ts';
import { startTestHost } from './support/test-host.ts';

const test = suite('components: as many instances as there are slots');

/** As many as a gateway has unless told otherwise. */
const SLOTS = 32;
const fixture = startTestHost({ slots: SLOTS });

test.after(() => fixture.close());

test('every slot can be taken at once, and each instance answers', async () => {
  const instances = [];
  for (let slot = 0; slot < SLOTS; slot += 1) instances.push(await fixture.activate());
  const answers = await Promise.all(instances.map((one, slot) => one.call(EXPORT.ask, [slot])));
  assert.equal(
    answers,
    instances.map((_, slot) => slot + 1),
  );
  await fixture.activate().then(
    () => assert.unreachable('there was one slot more'),
    error => assert.is(error.code, 'COMPONENT_SLOTS_FULL'),
  );
  assert.is(fixture.host.status().starts, 1);
});

test.run();
