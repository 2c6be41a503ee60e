import { createSystemClock } from '../../../drivers/clock/system-clock.ts';
import { createSystemRandom } from '../../../drivers/random/system-random.ts';
import {
  type ComponentHostOptions,
  spawnComponentHost,
} from '../../../runtime/components/component-host-io.ts';
import { DEFAULT_LINK_LIMITS, stageComponent } from '../../../runtime/linker/index.ts';
import type {
  ActivationRequest,
  ComponentHostPort,
  ComponentInstance,
  StagedArtifact,
} from '../../../runtime/ports/component-host.ts';
import { alone } from './alone.ts';
import { type BundledEntries, bundleEntries } from './bundled-entries.ts';
import { guestBytes } from './guest.ts';
import { testContract } from './test-contract.ts';

const SUPPORT = 'test/components/support';

/** A real host process with real workers, the test guest, and what was heard of them. */
export interface TestHost {
  readonly host: ComponentHostPort;
  readonly violations: string[];
  readonly output: string[];
  /** Log lines of all instances, and `host call` for each host call, in order. */
  readonly events: string[];
  activate(request?: Partial<ActivationRequest>): Promise<ComponentInstance>;
  close(): Promise<void>;
}

/** What differs from the ordinary test host. */
export interface TestHostOptions extends Partial<ComponentHostOptions> {
  readonly hostEntry?: string;
  readonly workerEntry?: string;
}

/** Starts a test host. Its entries are `host-entry` and `worker-entry` unless others are named. */
export function startTestHost(options: TestHostOptions = {}): TestHost {
  const { hostEntry = 'host-entry', workerEntry = 'worker-entry', ...others } = options;
  const entries: BundledEntries = bundleEntries({
    'host-entry': `${SUPPORT}/${hostEntry}.ts`,
    'worker-entry': `${SUPPORT}/${workerEntry}.ts`,
  });
  const violations: string[] = [];
  const output: string[] = [];
  const events: string[] = [];
  const host = spawnComponentHost({
    contract: testContract,
    clock: createSystemClock(),
    random: createSystemRandom(),
    slots: 4,
    entry: entries.entry('host-entry'),
    onViolation: message => violations.push(message),
    onOutput: line => output.push(line),
    ...others,
    // The machine that tests run on may be busy; the ladder's own time is tested without one.
    times: { killGraceMs: 8_000, ...others.times },
  });
  // The clock's timers do not keep a process running; between two hosts nothing else does.
  const keepRunning = setInterval(() => {}, 1_000);
  const prepared = stageGuest().then(artifact => host.prepare(alone(artifact)));
  prepared.catch(() => {});
  return {
    host,
    violations,
    output,
    events,
    activate: async request =>
      host.activate({
        component: await prepared,
        snapshot: {
          identity: { name: 'guest', version: '1.0.0', slot: 'a', instance: 1n },
          granted: [],
          config: [],
        },
        limits: { memoryBytesMax: 16_000_000, callDeadlineMs: 5_000, callsInFlightMax: 128 },
        onHostCall: (_, [value]) => {
          events.push('host call');
          return Number(value) + 1;
        },
        onLog: (level, context, message) => events.push(`${level} ${context} ${message}`),
        ...request,
      }),
    close: async () => {
      await host.close();
      clearInterval(keepRunning);
      entries.remove();
    },
  };
}

async function stageGuest(): Promise<StagedArtifact> {
  const { plan, modules, shape } = stageComponent(await guestBytes(), DEFAULT_LINK_LIMITS);
  return { digest: 'guest', shape, plan: Buffer.from(JSON.stringify(plan)), modules };
}
