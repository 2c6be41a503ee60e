import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openPtyPair } from '../../drivers/simulated/pty-pair-io.ts';
import { GatewayUnderTest, until } from './gateway-under-test.ts';
import { listenToTelemetry, type Telemetry, type TelemetryReport } from './telemetry.ts';
import { exampleRelease } from './thermostat-release.ts';

const test = suite('gateway: what it stands in fails');

const pty = await openPtyPair();
if (pty === null) throw new Error('no pseudo-terminal: socat or script is needed');
const wire = pty;
const gateway = await GatewayUnderTest.make({
  board: text => text.replace('label = "meter"\n', `label = "meter"\npath = "${wire.path}"\n`),
});
let telemetry: Telemetry;

test.after(async () => {
  await gateway.close();
  await wire.close();
});

/** Sends a reading until a report shows it: a port that was just opened may lose the first. */
async function measured(celsius: number): Promise<TelemetryReport> {
  telemetry.forget();
  return until(`the thermostat reads ${celsius}`, async () => {
    wire.write(Buffer.from(`T=${celsius.toFixed(2)}\r\n`));
    const report = await telemetry.next();
    return report.temperature === celsius ? report : null;
  });
}

/** Publishes until a report shows it: a broker that was just found may not have us subscribed. */
async function setPoint(celsius: number): Promise<void> {
  await until(`the set-point is ${celsius}`, async () => {
    await gateway.publish('site/setpoint', String(celsius));
    return (await telemetry.next()).setpoint === celsius ? true : null;
  });
}

test('no broker at the start: a release installs, runs, is heard once there is one', async () => {
  await gateway.stopBroker();
  await gateway.startDaemon();
  await gateway.install(await exampleRelease(gateway.site.key));
  await gateway.reached('thermostat', 'running');
  const { verdict, problems } = await gateway.status();
  assert.is(verdict, 'degraded');
  assert.ok(problems.some(({ subject }) => subject === 'mqtt main'));
  await gateway.startBroker();
  await gateway.brokerIs(true);
  telemetry = await listenToTelemetry(gateway);
  assert.is((await measured(19)).setpoint, 21);
});

test('the broker goes: control goes on; it comes back: so do set-point and telemetry', async () => {
  await setPoint(20);
  await gateway.stopBroker();
  await gateway.brokerIs(false);
  for (const [celsius, state] of [[15, 'active'] as const, [25, 'inactive'] as const]) {
    await until(`the heater is ${state} without a broker`, async () => {
      wire.write(Buffer.from(`T=${celsius}\r\n`));
      return (await gateway.line('heater')) === state || null;
    });
  }
  await gateway.startBroker();
  await gateway.brokerIs(true);
  await setPoint(22);
  assert.is((await gateway.controller('thermostat'))?.restarts, 0);
});

test('garbage and noise on the serial line: counted, and the next reading counts', async () => {
  const before = await measured(20);
  const noise = Buffer.from(Array.from({ length: 5_000 }, (_, index) => (index * 167 + 13) % 256));
  wire.write(noise);
  wire.write(Buffer.from('\r\nT=banana\r\nT=999\r\nT=\r\n'));
  wire.write(Buffer.alloc(3_000, 'T'));
  wire.write(Buffer.from('\r\nT=2'));
  wire.write(Buffer.from([0xff, 0xfe, 0x0a, 0x0d]));
  const after = await measured(20.5);
  assert.ok(after.badLines > before.badLines, `${after.badLines} bad lines`);
  const thermostat = await gateway.controller('thermostat');
  assert.equal([thermostat?.state, thermostat?.restarts], ['running', 0]);
});

test.run();
