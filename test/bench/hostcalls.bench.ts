/**
 * What a host call costs: a guest in the real component-host writes a line of the simulated board,
 * many times in each message, and waits for each answer. Once as the gateway wires it, with guards,
 * quotas and the audit log on disk, and once straight to the driver.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Ceilings,
  KvUsage,
  LineRegistry,
  openCapabilities,
  QuotaLedger,
  sizesByReading,
} from '../../capabilities/guards/index.ts';
import { SimulatedBoard } from '../../drivers/simulated/board.ts';
import { createSeededRandom } from '../../drivers/simulated/seeded-random.ts';
import { Closing } from '../../runtime/compose/closing.ts';
import { layFoundation } from '../../runtime/compose/foundation.ts';
import type { Board } from '../../runtime/ports/board.ts';
import type { HostCallHandler } from '../../runtime/ports/component-host.ts';
import { contractImports, importIds } from '../../wit/generated/contract.ts';
import { fakeGateway, grantsOf } from '../capabilities/guards/fixtures.ts';
import { type BenchContext, type Benchmark, type Measurement, medianOf } from './measure.ts';
import { messageArgs, ON_MESSAGE, type RealHost, withRealHost } from './real-host.ts';

const WRITE = importIds['airssys:gpio/digital@0.1.0#write'];
const LABEL = 'heater';
/** Writes of one message; even, so that the line ends as it began. */
const WRITES_PER_MESSAGE = 500;
const MS_PER_S = 1_000;

const BOARD: Board = {
  name: 'bench',
  lines: [{ label: LABEL, direction: 'out', safe: 'inactive', reserved: false, description: '' }],
  serialPorts: [],
};

/** Host calls a second. */
export const benchmarks: readonly Benchmark[] = [
  {
    name: 'hostcall.gpio.sync',
    unit: 'calls/s',
    heldAgainst: ['hostcall.gpio.unguarded', 'socketpair.ask'],
    run: guarded,
  },
  {
    name: 'hostcall.gpio.unguarded',
    unit: 'calls/s',
    heldAgainst: ['socketpair.ask'],
    run: unguarded,
  },
];

async function guarded(context: BenchContext): Promise<Measurement> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-hostcall-'));
  const closing = new Closing();
  closing.add(() => rm(folder, { recursive: true, force: true }));
  try {
    const { clock, random, audit } = await layFoundation(folder, [], closing);
    const lines = new SimulatedBoard({ board: BOARD, clock, random });
    // Ports that the guest cannot reach: it imports nothing but lines.
    const { serial, mqtt, keyvalue } = fakeGateway().drivers;
    const imports = openCapabilities({
      contract: contractImports,
      controller: { name: 'bench', version: '1.0.0', instance: 1n },
      grants: grantsOf([`gpio:${LABEL}[dir=out]`]),
      gateway: {
        board: BOARD,
        reservedTopics: [],
        reservedPorts: [],
        quotas: new QuotaLedger(wideCeilings()),
        lines: new LineRegistry(clock.monotonicMs()),
        usage: new KvUsage(sizesByReading(keyvalue)),
        audit,
        unrecorded: () => null,
        clock,
      },
      drivers: { gpio: lines, serial, mqtt, keyvalue },
      onTick: () => undefined,
    });
    closing.add(() => imports.close());
    return await withRealHost(real => measure(context, real, lines, imports.onHostCall));
  } finally {
    await closing.close();
  }
}

async function unguarded(context: BenchContext): Promise<Measurement> {
  const clock = fakeGateway().clock;
  const lines = new SimulatedBoard({ board: BOARD, clock, random: createSeededRandom(1) });
  return withRealHost(real =>
    measure(context, real, lines, (functionId, [label, state]) => {
      if (functionId !== WRITE) throw new Error(`the guest asks for host function ${functionId}`);
      lines.write(String(label), state === 'active' ? 'active' : 'inactive');
      return { tag: 'ok', val: undefined };
    }),
  );
}

async function measure(
  context: BenchContext,
  real: RealHost,
  lines: SimulatedBoard,
  onHostCall: HostCallHandler,
): Promise<Measurement> {
  const instance = await real.activate(await real.prepare('bench-toggle'), onHostCall);
  const payload = new TextEncoder().encode('10'.repeat(WRITES_PER_MESSAGE / 2));
  const args = messageArgs(`bench/${LABEL}`, payload);
  let changes = 0;
  const counting = lines.onChange(() => {
    changes += 1;
  });
  try {
    return await medianOf(context, async () => {
      const startedAt = performance.now();
      let elapsedMs = 0;
      let writes = 0;
      changes = 0;
      while (elapsedMs < context.runMs) {
        await instance.call(ON_MESSAGE, args);
        writes += WRITES_PER_MESSAGE;
        elapsedMs = performance.now() - startedAt;
      }
      if (changes !== writes) throw new Error(`${writes} writes changed the line ${changes} times`);
      return (writes * MS_PER_S) / elapsedMs;
    });
  } finally {
    counting.stop();
  }
}

/** The gateway's own ceilings would refuse what is to be measured. */
function wideCeilings(): Ceilings {
  const everything = { count: 1_000_000_000, periodMs: 1_000, burst: 1_000_000_000 };
  const ceiling = { controller: everything, gateway: everything };
  return {
    'gpio.write': ceiling,
    'serial.bytes': ceiling,
    'mqtt.publish': ceiling,
    'kv.write': ceiling,
  };
}
