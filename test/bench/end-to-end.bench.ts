/**
 * From a message published on a broker to the level of a line: publisher (here) -> broker (here) ->
 * gatewayd -> component-host -> guest -> host call -> guards -> simulated line. The change is timed
 * by the daemon at the line itself, on the clock that all processes of a machine share, so the way
 * back to the benchmark is not in the figure. One message at a time.
 */
import { connectAsync, type MqttClient } from 'mqtt';
import * as v from 'valibot';
import { createSystemClock } from '../../drivers/clock/system-clock.ts';
import { lineChangeSchema } from '../../runtime/control/reports.ts';
import {
  type BenchContext,
  type Benchmark,
  type Measurement,
  percentile,
  summarise,
} from './measure.ts';
import { type RealGateway, watchLines, withRealGateway } from './real-gateway.ts';

const LABEL = 'heater';
const TOPIC = `bench/${LABEL}`;
const ANSWER_MS_MAX = 30_000;
/** Keeps the controller far below the 1,000 writes a second that a gateway allows it. */
const PAUSE_MS = 5;
const WARM_UP_MESSAGES = 50;
const P50 = 0.5;
const P99 = 0.99;

const eventSchema = v.object({ items: v.array(lineChangeSchema), lost: v.number() });

/** Milliseconds; each run's percentile, and the median of the runs. */
export const benchmarks: readonly Benchmark[] = endToEnd();

/** Both percentiles are of the same messages, so these are sent once for both. */
function endToEnd(): readonly Benchmark[] {
  let measured: Promise<readonly (readonly number[])[]> | null = null;
  const at = async (context: BenchContext, share: number): Promise<Measurement> => {
    measured ??= measure(context);
    return summarise((await measured).map(run => percentile(run, share)));
  };
  return [
    { name: 'e2e.mqtt-to-gpio.p50', unit: 'ms', run: context => at(context, P50) },
    { name: 'e2e.mqtt-to-gpio.p99', unit: 'ms', run: context => at(context, P99) },
  ];
}

/** Returns the latencies of each run, sorted. */
function measure(context: BenchContext): Promise<readonly (readonly number[])[]> {
  const grants = [`gpio:${LABEL}[dir=out]`, `mqtt:main/${TOPIC}[sub]`];
  const controllers = [{ name: 'relay', guest: 'bench-relay', grants }];
  return withRealGateway(controllers, async gateway => {
    const publisher = await connectAsync(`mqtt://127.0.0.1:${gateway.broker.port}`);
    try {
      const toggle = toggler(gateway, publisher);
      for (let sent = 0; sent < WARM_UP_MESSAGES; sent += 1) await toggle();
      const runs: number[][] = [];
      for (let run = 0; run < context.runs; run += 1) {
        runs.push((await latencies(context, toggle)).sort((a, b) => a - b));
      }
      return runs;
    } finally {
      await publisher.endAsync(true);
    }
  });
}

async function latencies(
  { runMs }: BenchContext,
  toggle: () => Promise<number>,
): Promise<number[]> {
  const startedAt = performance.now();
  const latenciesMs: number[] = [];
  while (performance.now() - startedAt < runMs || latenciesMs.length === 0) {
    latenciesMs.push(await toggle());
    await new Promise(resolve => setTimeout(resolve, PAUSE_MS));
  }
  return latenciesMs;
}

/** Returns a function that flips the line by a message and returns how long that took. */
function toggler(gateway: RealGateway, publisher: MqttClient): () => Promise<number> {
  const clock = createSystemClock();
  let waiting: ((change: { state: string; atMs: number }) => void) | null = null;
  watchLines(gateway.client, [LABEL], event => {
    for (const { state, monotonicMs } of v.parse(eventSchema, event).items) {
      if (monotonicMs !== undefined) waiting?.({ state, atMs: monotonicMs });
    }
  });
  let state = 'inactive';
  return async () => {
    state = state === 'active' ? 'inactive' : 'active';
    const changed = Promise.withResolvers<number>();
    waiting = change => {
      if (change.state === state) changed.resolve(change.atMs);
    };
    const timer = setTimeout(
      () => changed.reject(new Error(`the line did not follow:\n${gateway.daemon.output()}`)),
      ANSWER_MS_MAX,
    );
    const publishedMs = clock.monotonicMs();
    publisher.publish(TOPIC, state);
    try {
      return (await changed.promise) - publishedMs;
    } finally {
      clearTimeout(timer);
      waiting = null;
    }
  };
}
