import type { ComponentInstance } from '../../runtime/ports/component-host.ts';
import { EXPORT } from '../components/support/test-contract.ts';
import { startTestHost } from '../components/support/test-host.ts';

/** Figures of the wire between both processes, with a real guest behind it. */
export interface TransportThroughput {
  /** 64-byte calls answered a second, `window` of them in flight. */
  readonly coalescedPerSecond: number;
  /** 64-byte calls answered a second, each sent after the answer to the one before. */
  readonly singlePerSecond: number;
  /** Host calls answered a second, asked by one guest in a loop, without a guard. */
  readonly hostCallsPerSecond: number;
  /** Milliseconds from the request to the running instance, by a worker that was warm. */
  readonly activateWarmMs: number;
}

/** How long and how wide to measure. */
export interface TransportMeasure {
  readonly calls: number;
  readonly window: number;
  readonly hostCallMs: number;
}

const PAYLOAD = new Uint8Array(64).fill(0x5a);
const WARM_WORKER_MS = 500;
const LIMITS = { memoryBytesMax: 16_000_000, callDeadlineMs: 120_000, callsInFlightMax: 256 };

/** Measures against the test guest in a host process of its own. */
export async function measureTransport(measure: TransportMeasure): Promise<TransportThroughput> {
  const fixture = startTestHost();
  try {
    const guest = await fixture.activate({ limits: LIMITS });
    await coalesced(guest, measure.calls / 4, measure.window);
    const coalescedPerSecond = await coalesced(guest, measure.calls, measure.window);
    const singlePerSecond = await single(guest, measure.calls / 10);
    await new Promise(resolve => setTimeout(resolve, WARM_WORKER_MS));
    const startMs = performance.now();
    const asking = await fixture.activate({ limits: LIMITS, onHostCall: () => 1 });
    const activateWarmMs = performance.now() - startMs;
    const hostCallsPerSecond = await hostCalls(asking, measure.hostCallMs);
    return { coalescedPerSecond, singlePerSecond, hostCallsPerSecond, activateWarmMs };
  } finally {
    await fixture.close();
  }
}

async function coalesced(guest: ComponentInstance, calls: number, window: number) {
  const startMs = performance.now();
  let sent = 0;
  const lane = async (): Promise<void> => {
    while (sent < calls) {
      sent += 1;
      await guest.call(EXPORT.echo, [PAYLOAD]);
    }
  };
  await Promise.all(Array.from({ length: window }, lane));
  return perSecond(sent, performance.now() - startMs);
}

async function single(guest: ComponentInstance, calls: number): Promise<number> {
  const startMs = performance.now();
  for (let sent = 0; sent < calls; sent++) await guest.call(EXPORT.echo, [PAYLOAD]);
  return perSecond(calls, performance.now() - startMs);
}

async function hostCalls(guest: ComponentInstance, forMs: number): Promise<number> {
  const endless = guest.call(EXPORT.askForever, []).catch(() => {});
  await new Promise(resolve => setTimeout(resolve, forMs / 4));
  const before = guest.statistics().hostCalls;
  const startMs = performance.now();
  await new Promise(resolve => setTimeout(resolve, forMs));
  const rate = perSecond(guest.statistics().hostCalls - before, performance.now() - startMs);
  await guest.kill({ kind: 'stopped' });
  await endless;
  return rate;
}

function perSecond(count: number, ms: number): number {
  return Math.round((count * 1_000) / ms);
}
