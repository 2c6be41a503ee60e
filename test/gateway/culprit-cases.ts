import * as assert from 'uvu/assert';
import { type GatewayUnderTest, until } from './gateway-under-test.ts';
import { RELAY } from './releases.ts';

/** Restarts that never lead into quarantine within a test, and hardly wait. */
export const QUICK_RESTART = {
  intensity: 1_000,
  'backoff-min': '20ms',
  'backoff-max': '200ms',
};

/** On a busy machine a flood may keep a worker waiting; only what hangs must be ended. */
export const PATIENT_RELAY = { ...RELAY, deadline: '5s' };

/** A suite as uvu makes them. */
type AddTest = (name: string, task: () => Promise<void>) => void;

/**
 * Returns what adds a case to a suite, after which the sibling `relay` still answers and was never
 * restarted, and component-host is the process that it was.
 */
export function culpritCases(test: AddTest, gateway: GatewayUnderTest): AddTest {
  return (name, task) => test(name, () => sparesTheSibling(gateway, task));
}

/** Runs a task; afterwards the sibling and component-host are as they were. */
export async function sparesTheSibling(
  gateway: GatewayUnderTest,
  task: () => Promise<void>,
): Promise<void> {
  const { pid } = (await gateway.status()).host;
  await task();
  await gateway.relayAnswers();
  const relay = await gateway.controller('relay');
  assert.is(relay?.restarts, 0, 'the sibling was left alone');
  assert.is((await gateway.status()).host.pid, pid, 'component-host went on');
}

/** Has the culprit switch its output on, so that one sees what becomes of it. */
export async function switchOn(gateway: GatewayUnderTest): Promise<number> {
  const before = await gateway.reached('culprit', 'running');
  await gateway.publish('site/culprit/do', 'on');
  await gateway.lineBecomes('heater', 'active');
  await until('the message is handled', async () => {
    return ((await gateway.controller('culprit'))?.handled ?? 0) > before.handled || null;
  });
  return before.restarts;
}
