import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseGatewayConfig } from '../../runtime/manifest/gateway-config.ts';
import { SettingsError } from '../../runtime/manifest/gateway-config-toml.ts';

const config = suite('manifest/gateway-config');

const MQTT = '[[mqtt]]\nlabel = "site"\nurl = "mqtt://broker:1883"\n';

function parse(...texts: string[]) {
  return parseGatewayConfig(texts.map((text, i) => ({ file: `/etc/airssys/${i}.toml`, text })));
}

function refusal(...texts: string[]): SettingsError {
  try {
    parse(...texts);
  } catch (error) {
    if (error instanceof SettingsError) return error;
    throw error;
  }
  throw new Error(`accepted: ${texts.join(' | ').slice(0, 200)}`);
}

config('an empty file gives the defaults, each marked as such', () => {
  const value = parse('');
  assert.is(value.stateDirectory, '/var/lib/airssys');
  assert.is(value.controlSocket, '/run/airssys/control.sock');
  assert.equal(value.mqtt, []);
  assert.equal(value.policy, []);
  assert.is(value.origins.get('state-directory'), 'default');
  assert.is(value.origins.get('limits.controllers-max'), 'default');
});

config('the example parses and its paths start at its own folder', () => {
  const file = fileURLToPath(new URL('../../firmware-manifests/gateway.sim.toml', import.meta.url));
  const value = parseGatewayConfig([{ file, text: readFileSync(file, 'utf8') }]);
  const root = fileURLToPath(new URL('../../', import.meta.url));
  assert.is(value.boardFile, `${root}firmware-manifests/boards/sim.toml`);
  assert.is(value.stateDirectory, `${root}.state`);
  assert.is(value.mqtt[0]?.clientId, 'sim-gateway-main');
  assert.is(value.mqtt[0]?.credentialsFile, null);
  assert.ok(value.policy.find(rule => rule.controller === 'thermostat')?.grants.length);
});

config('a later file wins key by key, lists are joined, and each key tells its file', () => {
  const value = parse(
    `name = "one"\n${MQTT}[limits]\ncontrollers-max = 3\nstore-bytes-max = 2000000\n`,
    'name = "two"\n[[mqtt]]\nlabel = "cloud"\nurl = "mqtts://cloud"\n' +
      '[limits]\ncontrollers-max = 4\n',
  );
  assert.is(value.name, 'two');
  assert.is(value.limits.controllersMax, 4);
  assert.is(value.limits.storeBytesMax, 2_000_000);
  assert.equal(
    value.mqtt.map(connection => connection.label),
    ['site', 'cloud'],
  );
  const { origins } = value;
  assert.is(origins.get('name'), '/etc/airssys/1.toml');
  assert.is(origins.get('limits.controllers-max'), '/etc/airssys/1.toml');
  assert.is(origins.get('limits.store-bytes-max'), '/etc/airssys/0.toml');
  assert.is(origins.get('mqtt[0].url'), '/etc/airssys/0.toml');
  assert.is(origins.get('mqtt[1].url'), '/etc/airssys/1.toml');
  assert.is(origins.get('mqtt[1].keepalive-ms'), 'default');
});

config('a file further along is named when the fault is in it', () => {
  const error = refusal('name = "one"', 'nmae = "two"');
  assert.is(error.file, '/etc/airssys/1.toml');
  assert.is(error.keyPath, 'nmae');
});

config('unknown keys are refused at every depth', () => {
  assert.is(refusal('colour = 1').keyPath, 'colour');
  assert.is(refusal(`${MQTT}colour = 1`).keyPath, 'mqtt[0].colour');
  assert.is(refusal(`${MQTT}tls = { colour = 1 }`).keyPath, 'mqtt[0].tls.colour');
  assert.is(refusal('[limits]\ncolour = 1').keyPath, 'limits.colour');
});

config('credentials are refused in the file and accepted as the name of a file', () => {
  assert.is(refusal(MQTT.replace('broker', 'user:secret@broker')).keyPath, 'mqtt[0].url');
  assert.is(refusal(`${MQTT}password = "secret"`).keyPath, 'mqtt[0].password');
  const [site] = parse(`${MQTT}credentials-file = "site.credentials"`).mqtt;
  assert.is(site?.credentialsFile, '/etc/airssys/site.credentials');
});

config('an error never repeats a password', () => {
  assert.not.match(refusal(MQTT.replace('broker', 'u:s3cret@broker')).message, /s3cret/);
  assert.not.match(refusal(`${MQTT}password = "s3cret"`).message, /s3cret/);
});

config('addresses that are not of a broker are refused', () => {
  for (const url of [
    'http://broker',
    'mqtt://',
    'mqtt://a/b',
    'mqtt://a?b',
    'broker',
    'mqtt://a:x',
  ]) {
    assert.is(refusal(MQTT.replace('mqtt://broker:1883', url)).keyPath, 'mqtt[0].url', url);
  }
  parse(MQTT.replace('mqtt://broker:1883', 'mqtts://[::1]:8883'));
});

config('labels and controllers that come twice are refused, across files too', () => {
  assert.is(refusal(MQTT, MQTT).keyPath, 'mqtt[1]');
  const rule = '[[policy]]\ncontroller = "thermostat"\ngrants = []\n';
  assert.is(refusal(rule + rule).keyPath, 'policy[1]');
});

config('grants are kept as written and bounded', () => {
  const rule = (grant: string) => `[[policy]]\ncontroller = "c"\ngrants = ["${grant}"]\n`;
  assert.equal(parse(rule('gpio:heater[dir=out]')).policy, [
    { controller: 'c', grants: ['gpio:heater[dir=out]'] },
  ]);
  parse(rule('x'.repeat(512)));
  assert.is(refusal(rule('x'.repeat(513))).keyPath, 'policy[0].grants[0]');
  assert.is(refusal(rule('')).keyPath, 'policy[0].grants[0]');
});

config('limits and paths next to the accepted ones are refused', () => {
  assert.is(refusal('[limits]\ncontrollers-max = 0').keyPath, 'limits.controllers-max');
  assert.is(refusal('[limits]\ncontrollers-max = 257').keyPath, 'limits.controllers-max');
  assert.is(refusal('[limits]\ncontrollers-max = "3"').keyPath, 'limits.controllers-max');
  assert.is(refusal('state-directory = ""').keyPath, 'state-directory');
  assert.is(refusal(`control-socket = "/${'s'.repeat(107)}"`).keyPath, 'control-socket');
  parse(`control-socket = "/${'s'.repeat(106)}"`);
});

config('walls that are demanded are known ones, each once; none is the default', () => {
  assert.is(parse('').auditRequired, false);
  assert.is(parse('[audit]\nrequired = true').auditRequired, true);
  assert.equal(parse('').requiredWalls, []);
  assert.equal(parse('[walls]\nrequire = ["own-uid", "namespaces", "seccomp"]').requiredWalls, [
    'own-uid',
    'namespaces',
    'seccomp',
  ]);
  const unknown = refusal('[walls]\nrequire = ["seccomp", "moat"]');
  assert.is(unknown.keyPath, 'walls.require[1]');
  assert.match(unknown.message, /must be one of .*own-uid.*seccomp/);
  assert.is(refusal('[walls]\nrequire = ["seccomp", "seccomp"]').keyPath, 'walls.require');
  assert.is(refusal('[walls]\nrequire = "seccomp"').keyPath, 'walls.require');
  assert.is(refusal('[walls]\ndemand = ["seccomp"]').keyPath, 'walls.demand');
});

config('each vendor has a host process of its own unless the file says otherwise', () => {
  assert.is(parse('').hostPerVendor, true);
  assert.is(parse('[component-host]\nper-vendor = false').hostPerVendor, false);
  assert.is(refusal('[component-host]\nper-vendor = 1').keyPath, 'component-host.per-vendor');
});

config.run();
