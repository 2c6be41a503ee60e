import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { DEFAULT_LINK_LIMITS, stageComponent } from '../../runtime/linker/index.ts';
import type { Assembly, StagedArtifact } from '../../runtime/ports/component-host.ts';
import { watBinary } from '../../scripts/guests/wat-io.ts';
import { guestBytes } from './support/guest.ts';
import { EXPORT } from './support/test-contract.ts';
import { startTestHost } from './support/test-host.ts';

const test = suite('components: parts of a controller, in a real worker');

const CALLS = 'test:host/calls@0.1.0';
const PING = '(export "ping" (func (param "value" u32) (result u32)))';
const fixture = startTestHost({ slots: 3 });

test.after(() => fixture.close());

/** Exports `CALLS`, whose `ping` is `body`; it has two pages of memory. */
function pinger(body: string, imports = '', given = ''): string {
  return `(component
    ${imports}
    (core module $m
      ${given === '' ? '' : '(import "" "ping" (func $ping (param i32) (result i32)))'}
      (memory 2)
      (func (export "ping") (param i32) (result i32) ${body}))
    (core instance $m (instantiate $m ${given}))
    (func $p (param "value" u32) (result u32) (canon lift (core func $m "ping")))
    (instance $i (export "ping" (func $p)))
    (export "${CALLS}" (instance $i)))`;
}

const DOUBLE = pinger('(i32.mul (local.get 0) (i32.const 2))');
const TRAPS_AT_7 = pinger(
  '(if (i32.eq (local.get 0) (i32.const 7)) (then unreachable)) (local.get 0)',
);
/** Imports what it also exports, and adds one. */
const PLUS_ONE = pinger(
  '(i32.add (call $ping (local.get 0)) (i32.const 1))',
  `(import "${CALLS}" (instance $calls ${PING}))
    (core func $ping (canon lower (func $calls "ping")))`,
  '(with "" (instance (export "ping" (func $ping))))',
);

async function staged(bytes: Uint8Array): Promise<StagedArtifact> {
  const { plan, modules, shape } = stageComponent(bytes, DEFAULT_LINK_LIMITS);
  return { digest: '', shape, plan: Buffer.from(JSON.stringify(plan)), modules };
}

/** The test guest, whose `ping` the last of these parts answers. */
async function withParts(texts: Readonly<Record<string, string>>): Promise<Assembly> {
  const parts = await Promise.all(
    Object.entries(texts).map(async ([name, text]) => {
      return { name, artifact: await staged(await watBinary(text)) };
    }),
  );
  const own = { name: 'guest', artifact: await staged(await guestBytes()) };
  const names = [...Object.keys(texts), 'guest'];
  const links = names.slice(1).map((importer, index) => {
    return { importer, interface: CALLS, exporter: names[index] ?? '' };
  });
  return { own, parts, links };
}

async function activated(texts: Readonly<Record<string, string>>) {
  const component = await fixture.host.prepare(await withParts(texts));
  return fixture.activate({ component });
}

test('an import is answered by a part, and gatewayd is not asked', async () => {
  fixture.events.length = 0;
  const instance = await activated({ double: DOUBLE });
  assert.is(await instance.call(EXPORT.ask, [21]), 42);
  assert.equal(fixture.events, []);
  await instance.kill({ kind: 'stopped' });
});

test('parts call parts', async () => {
  const instance = await activated({ double: DOUBLE, 'plus-one': PLUS_ONE });
  assert.is(await instance.call(EXPORT.ask, [21]), 43);
  await instance.kill({ kind: 'stopped' });
});

test('their memories count as one', async () => {
  const alone = await fixture.activate();
  const linked = await activated({ double: DOUBLE, 'plus-one': PLUS_ONE });
  const more = linked.statistics().memoryBytes - alone.statistics().memoryBytes;
  assert.is(more, 4 * 65_536);
  await Promise.all([alone, linked].map(one => one.kill({ kind: 'stopped' })));
});

test('what traps in a part ends the controller, and names the part', async () => {
  const instance = await activated({ fuse: TRAPS_AT_7 });
  assert.is(await instance.call(EXPORT.ask, [1]), 1);
  await instance.call(EXPORT.ask, [7]).then(
    () => assert.unreachable('it answered'),
    () => {},
  );
  const end = await instance.ended;
  assert.is(end.kind, 'trapped');
  assert.match(end.message ?? '', /fuse failed/);
});

test('what fails in a part while it starts names the part', async () => {
  const dead = DOUBLE.replace(
    '(func (export "ping")',
    '(func $f unreachable) (start $f) (func (export "ping")',
  );
  const outcome = await activated({ dead }).then(() => 'it stands', String);
  assert.match(outcome, /dead failed: the guest trapped/);
});

test('what is too large for a host is answered, and costs nobody else anything', async () => {
  const neighbour = await fixture.activate();
  const { own, parts, links } = await withParts({ double: DOUBLE });
  const large = { ...own.artifact, modules: [new Uint8Array(65 * 1024 * 1024)] };
  const answer = await fixture.host
    .prepare({ own: { name: 'guest', artifact: large }, parts, links })
    .then(() => 'taken', String);
  assert.match(answer, /over 67108864/);
  assert.is(await neighbour.call(EXPORT.ask, [1]), 2);
  await neighbour.kill({ kind: 'stopped' });
});

test('a part is not bound to what asks gatewayd, even where staging let it through', async () => {
  fixture.events.length = 0;
  const component = await fixture.host.prepare(await withParts({ reaches: PLUS_ONE }));
  const outcome = await fixture
    .activate({ component })
    .then(instance => instance.call(EXPORT.ask, [1]).then(String, String), String);
  assert.match(outcome, /COMPONENT_|reaches/);
  await sleep(50);
  assert.equal(fixture.events, []);
});

test('without the part that a link names nothing stands', async () => {
  const assembly = await withParts({ double: DOUBLE });
  const component = await fixture.host.prepare({ ...assembly, parts: [] });
  const outcome = await fixture.activate({ component }).then(() => 'it stands', String);
  assert.match(outcome, /double does not come before guest/);
});

test.run();
