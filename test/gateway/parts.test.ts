import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { listSchema } from '../../runtime/control/reports.ts';
import { watBinary } from '../../scripts/guests/wat-io.ts';
import { controllerText } from '../hostile/controller-text.ts';
import { GatewayUnderTest, refusal } from './gateway-under-test.ts';
import { type ControllerParts, CULPRIT, RELAY } from './releases.ts';

const test = suite('gateway: a controller that brings a part');

const DECIDING = 'acme:heating/deciding@1.0.0';
const DECIDE = '(func (param "byte" u8) (result bool))';

/** Writes to `heater` what its part says of the first byte of a message. */
const OWN = controllerText({
  uses: ['write'],
  memoryFields: '(data (i32.const 64) "heater")',
  component: `(import "${DECIDING}" (instance $deciding (export "decide" ${DECIDE})))
  (core func $decide (canon lower (func $deciding "decide")))`,
  coreImports: '(import "host" "decide" (func $decide (param i32) (result i32)))',
  coreArguments: '(export "decide" (func $decide))',
  message: `(call $write (i32.const 64) (i32.const 6)
    (call $decide (i32.load8_u (local.get 4))) (i32.const 96))`,
});

/** Says yes to "1", and traps at "x". */
const PART = `(component
  (core module $m (memory 1)
    (func (export "decide") (param i32) (result i32)
      (if (i32.eq (local.get 0) (i32.const 120)) (then unreachable))
      (i32.eq (local.get 0) (i32.const 49))))
  (core instance $m (instantiate $m))
  (func $f (param "byte" u8) (result bool) (canon lift (core func $m "decide")))
  (instance $i (export "decide" (func $f)))
  (export "${DECIDING}" (instance $i)))`;

/** The same, and it asks for the time of the board's lines. */
const REACHING = PART.replace(
  '(component',
  `(component
  (import "airssys:gpio/digital@0.1.0" (instance
    (type $state' (enum "inactive" "active"))
    (export "line-state" (type $state (eq $state')))))`,
);

const gateway = await GatewayUnderTest.start();

test.after(() => gateway.close());

async function written(name: string, text: string): Promise<string> {
  const path = join(gateway.folder, `${name}.wasm`);
  await writeFile(path, await watBinary(text));
  return path;
}

const own = await written('own', OWN);
const good = await written('good', PART);
const reaching = await written('reaching', REACHING);

function controller(component = good): ControllerParts {
  return {
    ...CULPRIT,
    component: own,
    grants: ['gpio:heater[dir=out]', 'mqtt:main/site/culprit/do[sub]'],
    restart: { intensity: 1_000, 'backoff-min': '1s', 'backoff-max': '2s' },
    parts: [{ name: 'decider', component, memory: '64KiB' }],
    links: [{ interface: DECIDING, exporter: 'decider' }],
  };
}

test('what is not linked, reaches for a device or has another shape is refused', async () => {
  const install = (one: ControllerParts) =>
    refusal(gateway.installParts({ controllers: [RELAY, one] }));

  const alone = await install({ ...controller(), parts: [], links: [] });
  assert.is(alone.code, 'COMPONENT_REFUSED');
  assert.match(alone.message, /controller "culprit": .*imports acme:heating\/deciding/);

  const reached = await install(controller(reaching));
  assert.is(reached.code, 'COMPONENT_REFUSED');
  assert.match(reached.message, /part decider imports airssys:gpio\/digital/);

  const unlike = PART.replaceAll('"byte"', '"octet"');
  const other = await install(controller(await written('unlike', unlike)));
  assert.match(other.message, /"decide" has other parameters/);
});

test('it decides what the controller writes, and the list names it', async () => {
  await gateway.installParts({ controllers: [RELAY, controller()] });
  await gateway.reached('culprit', 'running');
  await gateway.publish('site/culprit/do', '1');
  await gateway.lineBecomes('heater', 'active');
  await gateway.publish('site/culprit/do', '0');
  await gateway.lineBecomes('heater', 'inactive');
  const list = await gateway.ask({ method: 'list', params: {} }, listSchema);
  const entry = list.controllers.find(({ name }) => name === 'culprit');
  assert.equal(
    entry?.parts.map(({ name }) => name),
    ['decider'],
  );
});

test('its trap ends the controller: outputs safe, the part named, both back', async () => {
  const before = await gateway.reached('culprit', 'running');
  await gateway.publish('site/culprit/do', '1');
  await gateway.lineBecomes('heater', 'active');
  await gateway.publish('site/culprit/do', 'x');
  const waiting = await gateway.reached('culprit', 'backoff');
  assert.match(waiting.message ?? '', /decider failed/);
  assert.is(await gateway.line('heater'), 'inactive');
  await gateway.relayAnswers();
  const after = await gateway.reached('culprit', 'running');
  assert.is(after.restarts, before.restarts + 1);
  await gateway.publish('site/culprit/do', '1');
  await gateway.lineBecomes('heater', 'active');
});

test('after a restart of the daemon it is put together again', async () => {
  await gateway.killDaemon();
  await gateway.startDaemon();
  await gateway.reached('culprit', 'running');
  await gateway.publish('site/culprit/do', '1');
  await gateway.lineBecomes('heater', 'active');
});

test.run();
