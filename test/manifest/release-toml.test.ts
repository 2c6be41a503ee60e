import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { errorCode, errorMessage } from '../../runtime/base/errors.ts';
import { digestOfMember } from '../../runtime/manifest/member-digest.ts';
import { completeRelease, parseReleaseToml } from '../../runtime/manifest/release-toml.ts';
import { decodeTexts } from '../../runtime/manifest/severable.ts';
import { fakeComponent, sha256 } from './support/signed-release.ts';

const test = suite('manifest/release-toml');

const TOML = `
name = "heating"
sequence = 1
version = "1.0.0"
vendor = "example.com"
class = "gateway"
minimum-runtime = "0.1.0"

[[controller]]
name = "thermostat"
version = "1.0.0"
component = "build/thermostat.wasm"
health-interval = "15s"

[controller.config]
zone = "attic"
hysteresis = "0.5"

[[controller.request]]
grant = "gpio:heater[safe=inactive,dir=out]"
reason = "switches the heater"

[[controller.request]]
grant = "mem:8192KiB"
reason = "runs"

[[controller.request]]
grant = "cpu:call[<=250ms]"
reason = "runs"
optional = false

[controller.restart]
policy = "transient"
backoff-min = "1s"
`;

function fault(find: string, replace: string): { code: string; message: string } {
  assert.ok(TOML.includes(find), find);
  try {
    parseReleaseToml(TOML.replace(find, replace), 'release.toml');
    return { code: 'ACCEPTED', message: '' };
  } catch (error) {
    return { code: errorCode(error), message: errorMessage(error) };
  }
}

test('a release.toml becomes a draft with defaults and canonical grants', () => {
  const draft = parseReleaseToml(TOML, 'release.toml');
  assert.is(draft.gatewayClass, 'gateway');
  assert.is(draft.description, '');
  const [controller] = draft.controllers;
  assert.equal(
    controller?.requests.map(({ grant, optional }) => [grant, optional]),
    [
      ['gpio:heater[dir=out,safe=inactive]', false],
      ['mem:8MiB', false],
      ['cpu:call[<=250ms]', false],
    ],
  );
  assert.equal(controller?.config, [
    ['hysteresis', '0.5'],
    ['zone', 'attic'],
  ]);
  assert.equal(controller?.restart, {
    policy: 'transient',
    intensityMax: 5,
    periodMs: 60_000,
    backoffMinMs: 1_000,
    backoffMaxMs: 30_000,
  });
  assert.equal(controller?.mailbox, {
    messagesMax: 256,
    bytesMax: 262_144,
    overflow: 'drop-oldest',
  });
  assert.is(controller?.healthIntervalMs, 15_000);
});

test('times, board class, soak and what else may be said of a controller are taken over', () => {
  const text = TOML.replace(
    'class = "gateway"',
    `class = "gateway"
board-class = "sim"
issued = 2026-11-23T12:00:00+01:00
use-before = 2027-11-23T11:00:00Z
soak = "10min"`,
  ).replace(
    'health-interval = "15s"',
    `world = "airssys:worlds/base@0.1.0"
uris = ["https://example.com/thermostat.wasm"]
replicas = 2
strategy = "canary"
state = [1, 3]`,
  );
  const { controllers, ...release } = parseReleaseToml(text, 'release.toml');
  assert.equal(release, {
    name: 'heating',
    sequence: 1,
    version: '1.0.0',
    vendor: 'example.com',
    gatewayClass: 'gateway',
    boardClass: 'sim',
    minimumRuntime: '0.1.0',
    issuedS: 1_795_431_600,
    useBeforeS: 1_826_967_600,
    soakMs: 600_000,
    description: '',
    texts: {},
  });
  const { world, uris, replicas, strategy, state } = controllers[0] ?? {};
  assert.equal(
    { world, uris, replicas, strategy, state },
    {
      world: 'airssys:worlds/base@0.1.0',
      uris: ['https://example.com/thermostat.wasm'],
      replicas: 2,
      strategy: 'canary',
      state: { schemaMin: 1, schemaMax: 3 },
    },
  );
});

test('with its components a draft becomes a release', () => {
  const bytes = fakeComponent(100, 3);
  const draft = parseReleaseToml(TOML, 'release.toml');
  const { release, components } = completeRelease(
    draft,
    new Map([['build/thermostat.wasm', bytes]]),
  );
  assert.is(release.controllers[0]?.digest, sha256(bytes));
  assert.is(release.controllers[0]?.sizeBytes, 100);
  assert.equal([...components.keys()], [sha256(bytes)]);
});

test('texts and a bill of materials become severable members, and digests of the release', () => {
  const toml = `${TOML.replace('class = ', 'sbom = "sbom.json"\nclass = ')}
[text.en]
description = "Keeps the house warm"
[text.de]
update = "Wärmer"
`;
  const sbom = new TextEncoder().encode('{"bomFormat":"CycloneDX"}');
  const draft = parseReleaseToml(toml, 'release.toml');
  const component = ['build/thermostat.wasm', fakeComponent(100, 3)] as const;
  const { release, severable } = completeRelease(draft, new Map([component, ['sbom.json', sbom]]));
  assert.is(severable.sbom, sbom);
  assert.is(release.sbomDigest, digestOfMember(sbom));
  assert.equal(decodeTexts(severable.text ?? new Uint8Array()), {
    en: { description: 'Keeps the house warm' },
    de: { update: 'Wärmer' },
  });
  assert.is(release.textDigest, digestOfMember(severable.text ?? new Uint8Array()));
  for (const files of [
    new Map([component]),
    new Map([component, ['sbom.json', new TextEncoder().encode('{}')]]),
  ]) {
    assert.throws(
      () => completeRelease(draft, files),
      (error: unknown) =>
        errorCode(error) === 'RELEASE_TOML_SBOM' && errorMessage(error).includes('sbom.json'),
    );
  }
});

test('a component that is missing, or a core module, is refused by its path', () => {
  const draft = parseReleaseToml(TOML, 'release.toml');
  const module = Uint8Array.of(0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00);
  for (const files of [new Map(), new Map([['build/thermostat.wasm', module]])]) {
    assert.throws(
      () => completeRelease(draft, files),
      (error: unknown) =>
        errorCode(error) === 'RELEASE_TOML_COMPONENT' &&
        errorMessage(error).includes('build/thermostat.wasm'),
    );
  }
});

const FAULTS: readonly (readonly [find: string, replace: string, says: string])[] = [
  ['name = "heating"', 'nam = "heating"', 'release.toml: name'],
  ['class = ', 'class = "gateway"\nklass = ', 'klass: this key is not known; allowed are name,'],
  ['sequence = 1', 'sequence = -1', 'sequence'],
  ['sequence = 1', 'sequence = 1.5', 'sequence'],
  ['sequence = 1', 'sequence = "1"', 'sequence'],
  ['"1.0.0"', '"1.0"', 'version: a semantic version like 1.2.3'],
  ['"example.com"', '"Example Company"', 'vendor: a lower-case domain name'],
  ['"thermostat"', '"Thermo stat"', 'controller.0.name'],
  ['"15s"', '"15"', 'controller.0.health-interval'],
  ['"15s"', '"10ms"', 'controller.0.health-interval'],
  ['"0.5"', '0.5', 'controller.0.config.hysteresis'],
  ['dir=out', 'dir=sideways', 'controller.0.request.0.grant'],
  ['"mem:8192KiB"', '"usb:all"', 'controller.0.request.1.grant'],
  ['reason = "runs"', 'reason = ""', 'controller.0.request.1.reason'],
  ['reason = "runs"', 'reason = "a\\u001b[2J"', 'controller.0.request.1.reason'],
  ['reason = "runs"', '', 'controller.0.request.1.reason: this key is missing'],
  ['optional = false', 'optional = "no"', 'controller.0.request.2.optional'],
  ['"transient"', '"always"', 'controller.0.restart.policy'],
  [
    'sequence = 1',
    'sequence = 1\nissued = 2026-11-23T12:00:00',
    'issued: "2026-11-23T12:00:00.000"',
  ],
  ['sequence = 1', 'sequence = 1\nissued = 2026-11-23', 'issued: "2026-11-23" is not a moment'],
  ['sequence = 1', 'sequence = 1\nuse-before = 12:00:00', 'use-before: '],
  ['sequence = 1', 'sequence = 1\nuse-before = 2026-11-23T12:00:00.5Z', 'use-before: '],
  ['sequence = 1', 'sequence = 1\nuse-before = "2026-11-23T12:00:00Z"', 'without quotes'],
  ['sequence = 1', 'sequence = 1\nsoak = "25h"', 'soak'],
  ['sequence = 1', 'sequence = 1\nboard-class = "Sim"', 'board-class'],
  ['"15s"', '"15s"\nreplicas = 0', 'controller.0.replicas'],
  ['"15s"', '"15s"\nstrategy = "none"', 'controller.0.strategy'],
  ['"15s"', '"15s"\nstate = [1]', 'controller.0.state'],
  ['"15s"', '"15s"\nstate = [1, 2, 3]', 'controller.0.state'],
  ['"15s"', '"15s"\nuris = ["http://a.example/"]', 'controller.0.uris.0'],
  ['"15s"', '"15s"\nworld = "base"', 'controller.0.world'],
  ['sequence = 1', 'sequence = 1\nsbom = ""', 'sbom'],
  ['sequence = 1', 'sequence = 1\ntext.en.about = "x"', 'text.en'],
  ['sequence = 1', 'sequence = 1\ntext.en = {}', 'text.en: a description or an update'],
  ['sequence = 1', 'sequence = 1\ntext.en_US.update = "x"', 'text.en_US: the tag of a language'],
  ['backoff-min', 'backoff', 'controller.0.restart.backoff: this key is not known'],
];

for (const [find, replace, says] of FAULTS) {
  test(`${JSON.stringify(replace)} for ${find} is refused, and the message says where`, () => {
    const { code, message } = fault(find, replace);
    assert.is(code, 'RELEASE_TOML_INVALID');
    assert.ok(message.includes(says), message);
  });
}

test('a text that is no TOML is refused with line and column', () => {
  const { code, message } = fault('sequence = 1', 'sequence = ');
  assert.is(code, 'RELEASE_TOML_SYNTAX');
  assert.match(message, /^release\.toml:3:\d+: /);
  assert.is(fault('zone = "attic"', '__proto__ = "x"').code, 'RELEASE_TOML_SYNTAX');
});

test('a release without memory or deadline is refused when it is completed', () => {
  const text = TOML.replace('"mem:8192KiB"', '"kv:state/*[r]"');
  const files = new Map([['build/thermostat.wasm', fakeComponent(100, 3)]]);
  assert.throws(
    () => completeRelease(parseReleaseToml(text, 'release.toml'), files),
    (error: unknown) => errorCode(error) === 'MANIFEST_GRANT',
  );
});

test.run();
