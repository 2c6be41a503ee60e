import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import * as v from 'valibot';
import { culpritCases, PATIENT_RELAY, QUICK_RESTART, switchOn } from './culprit-cases.ts';
import { GatewayUnderTest, refusal, until } from './gateway-under-test.ts';
import { CULPRIT, signedRelease } from './releases.ts';

const test = suite('gateway: controllers that misbehave');

const gateway = await GatewayUnderTest.start({
  board: text => `${text}\n[[line]]\nlabel = "not-granted"\ndirection = "out"\nsafe = "inactive"\n`,
});
const culprit = { ...CULPRIT, restart: QUICK_RESTART, memory: '8MiB', deadline: '3s' };
await gateway.installParts({ controllers: [PATIENT_RELAY, culprit] });
const changes = gateway.watch(['heater']);

test.after(() => gateway.close());

const culpritCase = culpritCases(test, gateway);

const FATAL: readonly (readonly [payload: string, cause: RegExp])[] = [
  ['trap', /trap.*unreachable/i],
  ['stack-overflow', /stack|memory access/i],
  ['loop', /deadline/i],
];

for (const [payload, words] of FATAL) {
  culpritCase(
    `${payload}: the output goes safe, the culprit comes back, why names the cause`,
    async () => {
      const restarts = await switchOn(gateway);
      changes.length = 0;
      await gateway.publish('site/culprit/do', payload);
      await gateway.relayAnswers();
      await gateway.lineBecomes('heater', 'inactive');
      await until('the culprit is restarted', async () => {
        const report = await gateway.controller('culprit');
        return report?.state === 'running' && report.restarts === restarts + 1 ? true : null;
      });
      assert.equal(
        changes.map(({ state }) => state),
        ['inactive'],
      );
      const [cause] = await gateway.why('culprit');
      assert.is(cause?.kind, 'restart');
      assert.match(cause?.causedBy[0] ?? '', words);
      await switchOn(gateway);
    },
  );
}

culpritCase(
  'a denied call returns denied, and the log holds the line that would allow it',
  async () => {
    await gateway.reached('culprit', 'running');
    await gateway.publish('site/culprit/do', 'denied');
    await until('the guest says what it got', async () => {
      const lines = await gateway.logs();
      return lines.find(({ message }) => message === 'misbehaves: denied') ?? null;
    });
    const fix = 'gpio:not-granted[dir=out,safe=inactive]';
    const denial = await until('why tells of the denial', async () => {
      const causes = await gateway.why('culprit');
      return causes.find(({ what }) => what.includes('"not-granted" was denied')) ?? null;
    });
    assert.is(denial.fix, fix);
    const lines = await gateway.logs();
    assert.ok(lines.some(({ level, message }) => level === 'warn' && message.endsWith(fix)));
  },
);

culpritCase('in start: the release fails its trial and is taken back', async () => {
  for (const [sequence, how, words] of [
    [2, 'trap', /unreachable/],
    [3, 'loop', /deadline/],
    [4, 'stack-overflow', /stack|memory access/i],
  ] as const) {
    const controllers = [
      PATIENT_RELAY,
      { ...CULPRIT, config: { 'in-start': how }, restart: { intensity: 0 } },
    ];
    const parts = { version: `1.0.${sequence}`, sequence, controllers };
    const failed = await refusal(gateway.install(await signedRelease(parts, gateway.site.key)));
    assert.is(failed.code, 'DEPLOY_TRIAL_FAILED', failed.message);
    assert.match(failed.message, words);
    await gateway.reached('culprit', 'running');
  }
  await switchOn(gateway);
});

culpritCase(
  'one that ends too often is quarantined, its output safe, until it is released',
  async () => {
    const restart = { intensity: 1, 'backoff-min': '20ms', 'backoff-max': '20ms' };
    const controllers = [PATIENT_RELAY, { ...CULPRIT, restart }];
    await gateway.installParts({ version: '2.0.0', sequence: 9, controllers });
    for (let ends = 0; ends < 2; ends += 1) {
      await switchOn(gateway);
      await gateway.publish('site/culprit/do', 'trap');
      await gateway.lineBecomes('heater', 'inactive');
    }
    await gateway.reached('culprit', 'quarantined');
    assert.is((await gateway.status()).verdict, 'failing');
    const [cause] = await gateway.why('culprit');
    assert.is(cause?.kind, 'quarantine');
    assert.is(cause?.fix, 'airssys-wasm release-quarantine culprit');
    await gateway.relayAnswers();
    await gateway.ask({ method: 'release', params: { controller: 'culprit' } }, v.unknown());
    await gateway.reached('culprit', 'running');
    await switchOn(gateway);
  },
);

test.run();
