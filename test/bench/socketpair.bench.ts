/**
 * What two processes and a pair of sockets cost by themselves: frames as large as those of a call
 * of 64 B and of a write of a line, which nobody parses. The floor under `call.*` and `hostcall.*`.
 */
import { spawn } from 'node:child_process';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { type BenchContext, type Benchmark, type Measurement, medianOf } from './measure.ts';
import { WINDOW_CALLS } from './real-host.ts';
import { RAW_BYTES, RAW_FDS } from './socket-echo.ts';

const ECHO = join(import.meta.dirname, 'socket-echo.ts');
const MS_PER_S = 1_000;

/** Exchanges a second. */
export const benchmarks: readonly Benchmark[] = [
  {
    name: 'socketpair.64B.coalesced',
    unit: 'calls/s',
    run: context => withEcho('answer', pair => answered(context, pair, WINDOW_CALLS)),
  },
  {
    name: 'socketpair.64B.single',
    unit: 'calls/s',
    run: context => withEcho('answer', pair => answered(context, pair, 1)),
  },
  {
    name: 'socketpair.ask',
    unit: 'calls/s',
    run: context => withEcho('ask', pair => asked(context, pair)),
  },
];

interface Pair {
  readonly call: Socket;
  readonly host: Socket;
}

async function withEcho(
  mode: 'answer' | 'ask',
  use: (pair: Pair) => Promise<Measurement>,
): Promise<Measurement> {
  const child = spawn(process.execPath, [ECHO, mode], {
    stdio: ['ignore', 'inherit', 'inherit', 'pipe', 'pipe'],
  });
  const ended = new Promise(resolve => child.once('exit', resolve));
  const call = child.stdio[RAW_FDS.call];
  const host = child.stdio[RAW_FDS.host];
  if (!(call instanceof Socket && host instanceof Socket)) throw new Error('no sockets');
  try {
    return await use({ call, host });
  } finally {
    call.destroy();
    host.destroy();
    await ended;
  }
}

/** Keeps `window` requests in flight; those of one turn leave in one write, as calls do. */
function answered(
  context: BenchContext,
  { call, host }: Pair,
  window: number,
): Promise<Measurement> {
  const requests = Buffer.alloc(window * RAW_BYTES.request);
  const send = (count: number) => call.write(requests.subarray(0, count * RAW_BYTES.request));
  return medianOf(context, () => {
    send(window);
    return counted(context, host, { bytes: RAW_BYTES.reply, inFlight: window, next: send });
  });
}

async function asked(context: BenchContext, { host }: Pair): Promise<Measurement> {
  const answer = Buffer.alloc(RAW_BYTES.answer);
  const next = () => host.write(answer);
  // The last question of a run is answered at the start of the next.
  let isOwed = false;
  return medianOf(context, () => {
    if (isOwed) next();
    isOwed = true;
    return counted(context, host, { bytes: RAW_BYTES.ask, inFlight: 1, next });
  });
}

/** Returns how many messages a second came; until the time is over, others follow each. */
function counted(
  { runMs }: BenchContext,
  host: Socket,
  { bytes, inFlight, next }: { bytes: number; inFlight: number; next: (count: number) => void },
): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  const startedAt = performance.now();
  let held = 0;
  let messages = 0;
  let open = inFlight;
  const take = (chunk: Buffer): void => {
    held += chunk.length;
    const came = Math.floor(held / bytes);
    held -= came * bytes;
    messages += came;
    const elapsedMs = performance.now() - startedAt;
    if (elapsedMs < runMs) {
      if (came > 0) next(came);
      return;
    }
    open -= came;
    if (open > 0) return;
    host.off('data', take);
    resolve((messages * MS_PER_S) / elapsedMs);
  };
  host.on('data', take);
  return promise;
}
