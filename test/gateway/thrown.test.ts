import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PATIENT_RELAY, sparesTheSibling } from './culprit-cases.ts';
import { GatewayUnderTest, until } from './gateway-under-test.ts';
import { CULPRIT } from './releases.ts';

const test = suite('gateway: a controller in TypeScript that throws');

/** One second at least before a restart: long enough to be seen. */
const restart = { intensity: 1_000, 'backoff-min': '1s', 'backoff-max': '2s' };

const gateway = await GatewayUnderTest.start();
await gateway.installParts({
  controllers: [
    PATIENT_RELAY,
    { ...CULPRIT, component: 'throws', restart, memory: '16MiB', deadline: '5s' },
  ],
});
const changes = gateway.watch(['heater']);

test.after(() => gateway.close());

/** What is sent, how the gateway names the end, and what `why` adds of the controller's words. */
const THROWN: readonly (readonly [payload: string, end: RegExp, words: RegExp | null])[] = [
  ['throw', /^trapped: /, /on-message: Error: thrown on purpose/],
  ['denied', /^trapped: /, /HostError: gpio\.write\("not-granted"\): denied/],
  ['recurse', /^trapped: .*(stack|memory access)/i, null],
  ['memory', /^trapped: /, /on-message: .*memory/],
];

for (const [payload, end, words] of THROWN) {
  test(`${payload}: told, outputs safe, back after a wait, the sibling goes on`, () =>
    sparesTheSibling(gateway, async () => {
      const before = await gateway.reached('culprit', 'running');
      await gateway.publish('site/culprit/do', 'on');
      await gateway.lineBecomes('heater', 'active');
      changes.length = 0;
      await gateway.publish('site/culprit/do', payload);

      const waiting = await gateway.reached('culprit', 'backoff');
      assert.is(await gateway.line('heater'), 'inactive');
      assert.ok((waiting.attempt ?? 0) >= 1);
      assert.match(waiting.message ?? '', end);
      const { verdict, problems } = await gateway.status();
      assert.is(verdict, 'degraded');
      assert.ok(problems.some(({ subject }) => subject === 'culprit'));
      await gateway.relayAnswers();

      const after = await gateway.reached('culprit', 'running');
      assert.is(after.restarts, before.restarts + 1);
      assert.equal(
        changes.map(({ state }) => state),
        ['inactive'],
      );
      const [cause] = await gateway.why('culprit');
      assert.is(cause?.kind, 'restart');
      assert.match(cause?.causedBy[0] ?? '', end);
      if (words === null) assert.is(cause?.causedBy.length, 1, 'the engine had no say');
      else assert.match(cause?.causedBy[1] ?? '', words);
      await gateway.publish('site/culprit/do', 'on');
      await gateway.lineBecomes('heater', 'active');
    }));
}

test('the log has what was thrown with its stack, and the code of the end', async () => {
  await gateway.publish('site/culprit/do', 'throw');
  const lines = await until('both lines are there', async () => {
    const all = await gateway.logs();
    const thrown = all.findLast(({ source, message }) => {
      return source === 'controller/culprit' && message.includes('thrown on purpose');
    });
    const ended = all.findLast(({ fields }) => {
      return fields?.controller === 'culprit' && fields.code === 'trapped';
    });
    return thrown !== undefined && ended !== undefined ? { thrown, ended } : null;
  });
  assert.is(lines.thrown.level, 'error');
  assert.match(lines.thrown.message, /Error: thrown on purpose[\s\S]*at /);
  assert.ok(['warn', 'error'].includes(lines.ended.level), lines.ended.level);
});

test('one that ends too often stays down, and why says what it threw', async () => {
  const strict = { intensity: 1, 'backoff-min': '20ms', 'backoff-max': '20ms' };
  const culprit = { ...CULPRIT, component: 'throws', memory: '16MiB', deadline: '5s' };
  await gateway.installParts({
    version: '2.0.0',
    sequence: 2,
    controllers: [PATIENT_RELAY, { ...culprit, restart: strict }],
  });
  for (let ends = 0; ends < 2; ends += 1) {
    await gateway.reached('culprit', 'running');
    await gateway.publish('site/culprit/do', 'throw');
    await until('it has ended', async () => {
      const report = await gateway.controller('culprit');
      return report?.state === 'quarantined' || (report?.restarts ?? 0) > ends || null;
    });
  }
  await gateway.reached('culprit', 'quarantined');
  const [cause] = await gateway.why('culprit');
  assert.is(cause?.kind, 'quarantine');
  assert.match(cause?.causedBy.join('\n') ?? '', 'thrown on purpose');
  assert.is((await gateway.status()).verdict, 'failing');
  await gateway.relayAnswers();
});

test.run();
