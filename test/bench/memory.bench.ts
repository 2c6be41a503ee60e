import { setTimeout as sleep } from 'node:timers/promises';
import { type BenchContext, type Benchmark, type Measurement, summarise } from './measure.ts';
import { processTree, pssMegabytes, untilQuiet } from './process-facts.ts';
import { type BenchController, withRealGateway } from './real-gateway.ts';

const CONTROLLERS = 10;
const BETWEEN_READINGS_MS = 200;

/**
 * Memory of gatewayd and component-host in sum, as proportional set size in MB (10^6 bytes), with a
 * connection to a broker; from the bundled programs. Each run is a reading of the same processes.
 */
export const benchmarks: readonly Benchmark[] = [
  { name: 'pss.idle', unit: 'MB', run: context => readMemory(context, []) },
  { name: 'pss.10c', unit: 'MB', run: context => readMemory(context, tenControllers()) },
];

function readMemory(
  context: BenchContext,
  controllers: readonly BenchController[],
): Promise<Measurement> {
  return withRealGateway(controllers, async ({ daemon }) => {
    const gatewayPid = daemon.process.pid;
    if (gatewayPid === undefined) throw new Error('gatewayd has no process');
    await untilQuiet(processTree(gatewayPid));
    const pids = processTree(gatewayPid);
    // Where there is a sandbox, two small processes stand around component-host.
    if (pids.length !== 2 && pids.length !== 4) throw new Error(`${pids.length} processes`);
    const readings: number[] = [];
    for (let run = 0; run < context.runs; run += 1) {
      readings.push(pssMegabytes(pids));
      await sleep(BETWEEN_READINGS_MS);
    }
    return summarise(readings);
  });
}

function tenControllers(): BenchController[] {
  return Array.from({ length: CONTROLLERS }, (_, index) => ({
    name: `sink-${index}`,
    guest: 'bench-sink',
    grants: [`mqtt:main/bench/sink-${index}[sub]`],
  }));
}
