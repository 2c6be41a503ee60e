import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  type BoardFacts,
  effectiveGrants,
  formatGrant,
  parseGrant,
} from '../../../capabilities/grammar/index.ts';

const test = suite('capabilities/grammar: effective grants');

const board: BoardFacts = {
  lines: [
    { label: 'heater', direction: 'out', safe: 'inactive', reserved: false },
    { label: 'alarm', direction: 'out', safe: 'hold', reserved: false },
    { label: 'watchdog', direction: 'out', safe: 'hold', reserved: true },
    { label: 'door', direction: 'in', safe: 'hold', reserved: false },
  ],
  serialPorts: [{ label: 'meter' }],
};

function decide(requests: readonly string[], policy: readonly string[]) {
  const { grants, outcomes } = effectiveGrants({
    requests: requests.map(parseGrant),
    policy: policy.map(parseGrant),
    board,
  });
  return { grants: grants.map(formatGrant), outcomes };
}

/** The line that a refusal tells to write. */
function fixOf(reason: string): string {
  return /(?:add|ask for): (\S+)$/.exec(reason)?.[1] ?? '';
}

test('without policy nothing is granted, and each refusal has the line that fixes it', () => {
  const requests = ['gpio:heater[dir=out]', 'serial:meter[mode=r]', 'mem:8MiB'];
  const { grants, outcomes } = decide(requests, []);
  assert.equal(grants, []);
  assert.equal(
    outcomes.map(({ outcome, by }) => [outcome, by]),
    requests.map(() => ['refused', 'policy']),
  );
  const fixed = decide(
    requests,
    outcomes.map(({ reason }) => fixOf(reason)),
  );
  assert.equal(fixed.grants, ['gpio:heater[dir=out,safe=inactive]', 'mem:8MiB', requests[1]]);
  assert.ok(fixed.outcomes.every(({ outcome }) => outcome === 'full'));
});

test('policy without a request grants nothing', () => {
  assert.equal(decide([], ['gpio:*[dir=out]', 'mqtt:main/#[pub,sub]']).grants, []);
});

test('a narrower policy narrows, and says so', () => {
  const { grants, outcomes } = decide(
    ['mqtt:main/site/#[pub,sub]', 'mem:16MiB'],
    ['mqtt:main/+/setpoint[sub]', 'mem:8MiB'],
  );
  assert.equal(grants, ['mem:8MiB', 'mqtt:main/site/setpoint[sub]']);
  assert.equal(
    outcomes.map(({ outcome }) => outcome),
    ['narrowed', 'narrowed'],
  );
});

test('globs become the lines of the board, never a reserved one', () => {
  const { grants } = decide(
    ['gpio:*[dir=out]', 'gpio:*[dir=in]'],
    ['gpio:*[dir=out]', 'gpio:*[dir=in]'],
  );
  assert.equal(grants, [
    'gpio:alarm[dir=out,safe=hold]',
    'gpio:door[dir=in]',
    'gpio:heater[dir=out,safe=inactive]',
  ]);
});

test('what the board does not have is refused by the board', () => {
  const requests = [
    'gpio:watchdog[dir=out]',
    'gpio:door[dir=out]',
    'gpio:siren[dir=out]',
    'gpio:heater[dir=out,safe=active]',
    'serial:modem[mode=rw]',
  ];
  const { grants, outcomes } = decide(requests, requests);
  assert.equal(grants, []);
  assert.ok(outcomes.every(({ outcome, by }) => outcome === 'refused' && by === 'board'));
  assert.is(fixOf(outcomes[3]?.reason ?? ''), 'gpio:heater[dir=out,safe=inactive]');
});

test('a grant that another one subsumes is left out', () => {
  const requests = ['kv:s/a[r]', 'kv:s/*[rw]', 'kv:s/*[rw]'];
  assert.equal(decide(requests, ['kv:s/*[rw]']).grants, ['kv:s/*[rw]']);
});

test.run();
