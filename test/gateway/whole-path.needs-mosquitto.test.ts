import process from 'node:process';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openPtyPair } from '../../drivers/simulated/pty-pair-io.ts';
import { startMosquitto } from '../drivers/mqtt/mosquitto.ts';
import { freePort } from '../drivers/mqtt/mqtt-cases.ts';
import { GatewayUnderTest, until } from './gateway-under-test.ts';
import { listenToTelemetry } from './telemetry.ts';
import { exampleRelease, MIN_SWITCH_MS } from './thermostat-release.ts';

const test = suite('gateway: serial line and broker in, relay and telemetry out');

const FEED_INTERVAL_MS = 100;
/** Times are taken where the line is driven: on a busy machine a little earlier is possible. */
const CLOCK_TOLERANCE_MS = 50;

const port = await freePort();
const mosquitto = await startMosquitto(port);
const pty = await openPtyPair();
if (pty === null) throw new Error('no pseudo-terminal: socat or script is needed');
const wire = pty;
let celsius = 18;
const feed = setInterval(() => wire.write(Buffer.from(`T=${celsius}\r\n`)), FEED_INTERVAL_MS);
const gateway = await GatewayUnderTest.start({
  brokerPort: port,
  board: text => text.replace('label = "meter"\n', `label = "meter"\npath = "${wire.path}"\n`),
});
const telemetry = await listenToTelemetry(gateway);

test.after(async () => {
  clearInterval(feed);
  await gateway.close();
  await wire.close();
  await mosquitto.close();
});

async function setPoint(value: number): Promise<void> {
  await gateway.publish('site/setpoint', `{"setpoint":${value}}`);
  await telemetry.until(report => report.setpoint === value);
}

test('a signed release installs, and the relay closes in a cold room', async () => {
  await gateway.install(await exampleRelease(gateway.site.key));
  await gateway.lineBecomes('heater', 'active');
  const report = await telemetry.until(({ heater }) => heater);
  assert.equal([report.temperature, report.setpoint], [18, 21]);
});

test('within the hysteresis it stays as it is, beyond it switches, never too soon', async () => {
  const changes = gateway.watch(['heater']);
  celsius = 21.2;
  await telemetry.until(({ temperature }) => temperature === 21.2);
  assert.is(await gateway.line('heater'), 'active', 'inside the hysteresis');
  celsius = 21.3;
  await gateway.lineBecomes('heater', 'inactive');
  celsius = 20.8;
  await telemetry.until(({ temperature }) => temperature === 20.8);
  assert.is(await gateway.line('heater'), 'inactive', 'inside the hysteresis');
  celsius = 20.7;
  await gateway.lineBecomes('heater', 'active');
  celsius = 25;
  await gateway.lineBecomes('heater', 'inactive');
  assert.equal(
    changes.map(({ state }) => state),
    ['inactive', 'active', 'inactive'],
  );
  for (const [index, change] of changes.entries()) {
    const before = changes[index - 1];
    if (before === undefined) continue;
    const heldMs = change.wallMs - before.wallMs;
    assert.ok(heldMs >= MIN_SWITCH_MS - CLOCK_TOLERANCE_MS, `${before.state} for ${heldMs} ms`);
  }
});

test('a set-point from the broker moves the relay both ways', async () => {
  await setPoint(28);
  await gateway.lineBecomes('heater', 'active');
  await setPoint(15);
  await gateway.lineBecomes('heater', 'inactive');
  await gateway.publish('site/setpoint', '99');
  await gateway.publish('site/setpoint', 'not a number');
  telemetry.forget();
  assert.is((await telemetry.next()).setpoint, 15, 'what is no set-point changes nothing');
});

test('float switches run the pump, which stops without water', async () => {
  await gateway.reached('pump-guard', 'running');
  const changes = gateway.watch(['pump']);
  await gateway.drive('float-low', 'active');
  await gateway.drive('float-high', 'active');
  await gateway.lineBecomes('pump', 'active');
  await gateway.drive('float-high', 'inactive');
  assert.is(await gateway.line('pump'), 'active', 'until the sump is empty');
  await gateway.drive('float-low', 'inactive');
  await gateway.lineBecomes('pump', 'inactive');
  assert.equal(
    changes.map(({ state }) => state),
    ['active', 'inactive'],
  );
});

test('kill -9 of component-host: the relay opens, and closes again when all is back', async () => {
  await setPoint(28);
  await gateway.lineBecomes('heater', 'active');
  const changes = gateway.watch(['heater']);
  const { pid } = (await gateway.status()).host;
  assert.ok(pid !== null);
  process.kill(pid ?? 0, 'SIGKILL');
  await until('the relay opened and closed', async () => (changes.length >= 2 ? true : null));
  assert.equal(changes.map(({ state }) => state).slice(0, 2), ['inactive', 'active']);
  telemetry.forget();
  assert.is((await telemetry.next()).setpoint, 28, 'the set-point was kept');
});

test('kill -9 of gatewayd: the same release controls again, with the same set-point', async () => {
  await gateway.killDaemon();
  telemetry.forget();
  await gateway.startDaemon();
  await gateway.lineBecomes('heater', 'active');
  assert.is((await telemetry.next()).setpoint, 28);
  await setPoint(15);
  await gateway.lineBecomes('heater', 'inactive');
  assert.match(gateway.output(), 'kept from before');
});

test.run();
