/**
 * What a capability check costs: one guarded read and one guarded write through the import object,
 * and the same operations on the driver alone. Nanoseconds each, the median of several rounds.
 */

import type { Ceilings } from '../../capabilities/guards/index.ts';
import { openCapabilities } from '../../capabilities/guards/index.ts';
import { contractImports } from '../../wit/generated/contract.ts';
import { fakeGateway, grantsOf } from '../capabilities/guards/fixtures.ts';

/** Nanoseconds of one operation. */
export interface GuardCost {
  readonly readNs: number;
  readonly writeNs: number;
  readonly unguardedReadNs: number;
  readonly unguardedWriteNs: number;
}

const READ = 0;
const WRITE = 1;

/** Measures; takes well under a second with the default rounds. */
export function measureGuardCost(rounds = 7, operationsPerRound = 10_000): GuardCost {
  const everything = { count: 1_000_000_000, periodMs: 1_000, burst: 1_000_000_000 };
  const ceiling = { controller: everything, gateway: everything };
  const ceilings: Ceilings = {
    'gpio.write': ceiling,
    'serial.bytes': ceiling,
    'mqtt.publish': ceiling,
    'kv.write': ceiling,
  };
  const { gateway, drivers, records, writes } = fakeGateway(ceilings);
  const imports = openCapabilities({
    contract: contractImports,
    controller: { name: 'bench', version: '1.0.0', instance: 1n },
    grants: grantsOf(['gpio:heater[dir=out]', 'gpio:door[dir=in]']),
    gateway,
    drivers,
    onTick: () => undefined,
  });
  const measure = (operation: (index: number) => unknown) => {
    const samples: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const start = process.hrtime.bigint();
      for (let index = 0; index < operationsPerRound; index += 1) operation(index);
      samples.push(Number(process.hrtime.bigint() - start) / operationsPerRound);
      records.length = 0;
      writes.length = 0;
    }
    return samples.sort((a, b) => a - b)[Math.floor(rounds / 2)] ?? 0;
  };
  const state = (index: number) => (index % 2 === 0 ? 'active' : 'inactive');
  const result = {
    readNs: measure(() => imports.onHostCall(READ, ['door'])),
    writeNs: measure(index => imports.onHostCall(WRITE, ['heater', state(index)])),
    unguardedReadNs: measure(() => drivers.gpio.read('door')),
    unguardedWriteNs: measure(index => drivers.gpio.write('heater', state(index))),
  };
  imports.close();
  return result;
}
