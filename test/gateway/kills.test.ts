import { existsSync } from 'node:fs';
import process from 'node:process';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { GatewayUnderTest, until } from './gateway-under-test.ts';
import { listenToTelemetry } from './telemetry.ts';
import { exampleRelease } from './thermostat-release.ts';

const test = suite('gateway: kill -9');

const gateway = await GatewayUnderTest.start();
const telemetry = await listenToTelemetry(gateway);
const installed = await gateway.install(await exampleRelease(gateway.site.key));

test.after(() => gateway.close());

test('component-host killed: outputs go safe, every controller comes back and works', async () => {
  await gateway.drive('float-low', 'active');
  await gateway.drive('float-high', 'active');
  await gateway.lineBecomes('pump', 'active');
  const { host } = await gateway.status();
  const changes = gateway.watch(['pump']);
  await gateway.line('pump');
  process.kill(host.pid ?? 0, 'SIGKILL');
  await until('another component-host runs', async () => {
    const now = (await gateway.status()).host;
    return now.state === 'running' && now.pid !== host.pid && now.starts > host.starts
      ? true
      : null;
  });
  await gateway.reached('pump-guard', 'running');
  await gateway.reached('thermostat', 'running');
  // It looks at the floats when it starts, and finds the sump full.
  await gateway.lineBecomes('pump', 'active');
  assert.equal(changes.map(({ state }) => state).slice(0, 2), ['inactive', 'active']);
  assert.not.ok(existsSync(`/proc/${host.pid}`), 'the killed process is gone');
  await telemetry.next();
  const causes = (await gateway.why('pump-guard')).filter(({ kind }) => kind === 'restart');
  assert.match(causes.map(({ causedBy }) => causedBy[0]).join('\n'), /host/);
});

test('component-host killed while the last one starts: still everything comes back', async () => {
  for (let kills = 0; kills < 3; kills += 1) {
    const pid = await until('component-host has a process', async () => {
      return (await gateway.status()).host.pid;
    });
    process.kill(pid, 'SIGKILL');
    await until('it is another', async () => {
      const now = (await gateway.status()).host.pid;
      return now !== null && now !== pid ? true : null;
    });
  }
  await gateway.reached('pump-guard', 'running');
  await gateway.reached('thermostat', 'running');
  await gateway.lineBecomes('pump', 'active');
  assert.is(hosts().length, 1, 'one component-host');
});

test('gatewayd killed: nothing of it stays, and what it kept comes back', async () => {
  await gateway.publish('site/setpoint', '24.5');
  await telemetry.until(report => report.setpoint === 24.5);
  // The value is on disk before the controller goes on; the report may have come before that.
  await gateway.status();
  await gateway.killDaemon();
  assert.ok(existsSync(gateway.site.socket), 'a killed daemon leaves its socket');
  telemetry.forget();
  await gateway.startDaemon();
  await gateway.reached('thermostat', 'running');
  await gateway.reached('pump-guard', 'running');
  const report = await telemetry.next();
  assert.is(report.setpoint, 24.5);
  const { slots } = await gateway.status();
  assert.is(slots[installed.slot]?.manifestDigest, installed.manifestDigest);
  assert.is(slots[installed.slot]?.active, true);
  assert.match(gateway.output(), 'kept from before');
});

test('a second gatewayd on the same state is refused and harms nobody', async () => {
  const refused = await gateway.startSecondDaemon();
  assert.match(refused, /GATEWAY_STATE_IN_USE/, refused);
  await telemetry.next();
  assert.is(hosts().length, 1);
});

test('gatewayd killed twice in a row while it starts: the third start works', async () => {
  for (let kills = 0; kills < 2; kills += 1) {
    await gateway.killDaemon();
    await gateway.startDaemon();
  }
  await gateway.reached('thermostat', 'running');
  telemetry.forget();
  assert.is((await telemetry.next()).setpoint, 24.5);
  assert.is(hosts().length, 1);
});

function hosts() {
  // Guests' processes are the ones that Node confines; nothing is being staged here. Where there is
  // a sandbox, its own process is not counted.
  return gateway.processes().filter(({ command }) => /^\S*node .*--permission/.test(command));
}

test.run();
