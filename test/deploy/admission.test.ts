import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { formatGrant, parseGrant } from '../../capabilities/grammar/index.ts';
import { errorCode, errorMessage } from '../../runtime/base/errors.ts';
import {
  type AdmissionRules,
  admitRelease,
  requireImportsRequested,
} from '../../runtime/deploy/admission.ts';
import type { ControllerSpec, Release } from '../../runtime/manifest/release.ts';

const test = suite('deploy/admission');

const LIMITS = ['mem:8MiB', 'cpu:call[<=250ms]'];
const HEATER = 'gpio:heater[dir=out]';

function controller(grants: readonly string[], optional: readonly string[] = []): ControllerSpec {
  return {
    name: 'thermostat',
    version: '1.0.0',
    digest: '0'.repeat(64),
    sizeBytes: 1,
    parts: [],
    links: [],
    requests: [
      ...grants.map(grant => ({ grant, reason: 'needed', optional: false })),
      ...optional.map(grant => ({ grant, reason: 'nice', optional: true })),
    ],
    config: [],
    restart: {
      policy: 'permanent',
      intensityMax: 5,
      periodMs: 60_000,
      backoffMinMs: 20,
      backoffMaxMs: 1_000,
    },
    mailbox: { messagesMax: 16, bytesMax: 65_536, overflow: 'drop-oldest' },
    healthIntervalMs: 1_000,
  };
}

function release(...controllers: ControllerSpec[]): Release {
  return {
    name: 'heating',
    sequence: 1,
    version: '1.0.0',
    vendor: 'example.com',
    gatewayClass: 'gateway',
    minimumRuntime: '0.1.0',
    description: '',
    controllers,
  };
}

function rules(policy: readonly string[], change: Partial<AdmissionRules> = {}): AdmissionRules {
  return {
    runtimeVersion: '0.1.0',
    gatewayClass: { vendor: 'example.com', name: 'gateway' },
    board: {
      lines: [{ label: 'heater', direction: 'out', safe: 'inactive', reserved: false }],
      serialPorts: [],
    },
    boardClass: 'sim',
    policy: new Map([['thermostat', policy.map(parseGrant)]]),
    controllersMax: 4,
    memoryBytesMax: 16 * 1024 * 1024,
    callDeadlineMsMax: 1_000,
    ...change,
  };
}

function refusal(act: () => unknown): { readonly code: string; readonly message: string } {
  try {
    act();
  } catch (error) {
    return { code: errorCode(error), message: errorMessage(error) };
  }
  return { code: 'admitted', message: '' };
}

test('a controller the policy does not name is refused, with the line that would admit it', () => {
  const wanted = release(controller([HEATER, ...LIMITS]));
  const answer = refusal(() => admitRelease(wanted, rules([], { policy: new Map() }), true));
  assert.is(answer.code, 'POLICY_CAPABILITY');
  const line = answer.message.slice(answer.message.indexOf('add: ') + 'add: '.length);
  admitRelease(release(controller([...LIMITS], [])), rules(LIMITS), true);
  admitRelease(wanted, rules([line, ...LIMITS]), true);
});

test('a request within the policy is admitted with the board’s safe value', () => {
  const [admitted] = admitRelease(
    release(controller([HEATER, ...LIMITS])),
    rules([HEATER, ...LIMITS]),
    true,
  );
  assert.ok(admitted?.grants.map(formatGrant).includes('gpio:heater[dir=out,safe=inactive]'));
  assert.is(admitted?.limits.callDeadlineMs, 250);
});

test('parts take their memory off what the policy leaves, which must be enough for all', () => {
  const part = {
    name: 'part',
    digest: '1'.repeat(64),
    sizeBytes: 1,
    memoryBytesMax: 3 * 1_048_576,
  };
  const links = [{ importer: 'thermostat', interface: 'a:b/c@1.0.0', exporter: 'part' }];
  const wanted = release({ ...controller(LIMITS), parts: [part, { ...part, name: 'q' }], links });
  const [admitted] = admitRelease(wanted, rules(LIMITS), true);
  assert.is(admitted?.limits.memoryBytesMax, 8 * 1_048_576);
  assert.is(admitted?.ownMemoryBytesMax, 2 * 1_048_576);
  const less = rules(['mem:6MiB', 'cpu:call[<=250ms]']);
  const answer = refusal(() => admitRelease(wanted, less, false));
  assert.is(answer.code, 'POLICY_LIMIT');
  assert.match(
    answer.message,
    /"mem:" grants 6291456 bytes to all of it, and its parts take 6291456/,
  );
});

test('memory and deadline are mandatory', () => {
  for (const missing of LIMITS) {
    const grants = LIMITS.filter(grant => grant !== missing);
    const answer = refusal(() => admitRelease(release(controller(grants)), rules(LIMITS), true));
    assert.is(answer.code, 'POLICY_LIMIT', missing);
  }
});

test('an optional request that is refused is reported and does not refuse the release', () => {
  const [admitted] = admitRelease(
    release(controller(LIMITS, ['gpio:siren[dir=out]', HEATER])),
    rules([HEATER, 'gpio:siren[dir=out]', ...LIMITS]),
    true,
  );
  assert.is(admitted?.unmet.length, 1);
  assert.match(admitted?.unmet[0] ?? '', 'siren');
});

test('a release that was admitted before runs on with what a narrower policy leaves', () => {
  const wanted = release(controller([HEATER, ...LIMITS]));
  assert.is(refusal(() => admitRelease(wanted, rules(LIMITS), true)).code, 'POLICY_CAPABILITY');
  const [left] = admitRelease(wanted, rules(LIMITS), false);
  assert.not.ok(left?.grants.some(grant => grant.class === 'gpio'));
  assert.is(left?.unmet.length, 1);
});

test('limits of the gateway hold over all controllers together', () => {
  const two = release(controller(LIMITS), { ...controller(LIMITS), name: 'other' });
  const policy = new Map(['thermostat', 'other'].map(name => [name, LIMITS.map(parseGrant)]));
  admitRelease(two, rules(LIMITS, { policy }), true);
  const cases: [string, Partial<AdmissionRules>][] = [
    ['POLICY_LIMIT', { memoryBytesMax: 16 * 1024 * 1024 - 1 }],
    ['POLICY_CONTROLLERS', { controllersMax: 1 }],
    ['POLICY_LIMIT', { callDeadlineMsMax: 249 }],
    ['POLICY_RUNTIME_TOO_OLD', { runtimeVersion: '0.0.9' }],
    ['POLICY_CLASS', { gatewayClass: { vendor: 'example.com', name: 'other' } }],
    ['POLICY_CLASS', { gatewayClass: { vendor: 'example.org', name: 'gateway' } }],
    ['POLICY_CLASS', { gatewayClass: null }],
  ];
  for (const [code, change] of cases) {
    const answer = refusal(() => admitRelease(two, rules(LIMITS, { policy, ...change }), true));
    assert.is(answer.code, code, JSON.stringify(change));
  }
  // What was admitted before goes on when the gateway's class was changed since.
  admitRelease(two, rules(LIMITS, { policy, gatewayClass: null }), false);
});

test('a release for another class of boards is refused, unless it was admitted before', () => {
  const wanted = { ...release(controller(LIMITS)), boardClass: 'sim' };
  admitRelease(wanted, rules(LIMITS), true);
  const elsewhere = rules(LIMITS, { boardClass: 'pi-4' });
  const answer = refusal(() => admitRelease(wanted, elsewhere, true));
  assert.is(answer.code, 'POLICY_BOARD');
  assert.match(answer.message, /"sim".*"pi-4"/);
  admitRelease(wanted, elsewhere, false);
  admitRelease(release(controller(LIMITS)), elsewhere, true);
});

test('what this runtime would not act on is refused by name, fresh or not', () => {
  const harmless = { replicas: 1, strategy: 'immediate', state: { schemaMin: 0, schemaMax: 0 } };
  admitRelease(
    release({ ...controller(LIMITS), ...harmless } as ControllerSpec),
    rules(LIMITS),
    true,
  );
  const cases: [Partial<ControllerSpec>, RegExp][] = [
    [{ replicas: 2 }, /thermostat: replicas = 2 is not done/],
    [{ strategy: 'blue-green' }, /strategy = "blue-green" is not done/],
    [{ strategy: 'canary' }, /canary/],
    [{ strategy: 'rolling' }, /rolling/],
    [{ strategy: 'shadow' }, /shadow/],
    [{ state: { schemaMin: 1, schemaMax: 3 } }, /state = \[1, 3\].* is not done/],
    [{ state: { schemaMin: 0, schemaMax: 1 } }, /state = \[0, 1\]/],
  ];
  for (const [change, words] of cases) {
    for (const fresh of [true, false]) {
      const wanted = release({ ...controller(LIMITS), ...change });
      const answer = refusal(() => admitRelease(wanted, rules(LIMITS), fresh));
      assert.is(answer.code, 'POLICY_UNSUPPORTED');
      assert.match(answer.message, words);
    }
  }
});

test('an import of a class that the manifest does not request is refused by name', () => {
  const shape = (name: string) => ({
    imports: [{ name, functions: [], resources: [] }],
    exports: [],
  });
  const spec = controller([HEATER, ...LIMITS]);
  requireImportsRequested(spec, shape('airssys:gpio/digital@0.1.0'));
  requireImportsRequested(spec, shape('wasi:logging/logging@0.1.0-draft'));
  for (const name of ['airssys:mqtt/publisher@0.1.0', 'wasi:keyvalue/store@0.2.0-draft2']) {
    const answer = refusal(() => requireImportsRequested(spec, shape(name)));
    assert.is(answer.code, 'POLICY_IMPORT');
    assert.match(answer.message, name);
  }
});

test.run();
