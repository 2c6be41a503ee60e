import { setTimeout as sleep } from 'node:timers/promises';
import type { LineChange } from '../../runtime/control/reports.ts';
import type { GatewayUnderTest } from '../gateway/gateway-under-test.ts';

/** The bench's figure is 10 ms at the 99th percentile; a test gates at ten times that. */
export const PROMPT_MS = 100;
/** Below this many round trips there is nothing to judge by. */
export const PROBES_MIN = 3;
const GIVEN_UP_MS = 10_000;
const PAUSE_MS = 20;
const POLL_MS = 2;
const NS_PER_MS = 1e6;

/**
 * Switches the innocent sibling's output on and off by messages, all the time, and measures from
 * the message to the line's change, by the monotonic clock that all processes share.
 */
export class Neighbour {
  readonly #gateway: GatewayUnderTest;
  readonly #changes: readonly LineChange[];
  #probing: Promise<readonly number[]> | null = null;
  #wanted = true;

  constructor(gateway: GatewayUnderTest) {
    this.#gateway = gateway;
    this.#changes = gateway.watch(['pump']);
  }

  /** Begins to probe. */
  begin(): void {
    this.#wanted = true;
    this.#probing = this.#probe();
  }

  /** Ends, with at least `PROBES_MIN` round trips in milliseconds. */
  async end(): Promise<readonly number[]> {
    this.#wanted = false;
    const roundTrips = (await this.#probing) ?? [];
    this.#probing = null;
    return roundTrips;
  }

  async #probe(): Promise<readonly number[]> {
    const roundTrips: number[] = [];
    while (this.#wanted || roundTrips.length < PROBES_MIN) {
      roundTrips.push(await this.#roundTrip());
      await sleep(PAUSE_MS);
    }
    return roundTrips;
  }

  async #roundTrip(): Promise<number> {
    const mqtt = await this.#gateway.mqtt();
    const wanted = this.#changes.at(-1)?.state === 'active' ? 'inactive' : 'active';
    const from = this.#changes.length;
    const sentMs = nowMs();
    mqtt.publish('site/relay/pump', wanted === 'active' ? 'on' : 'off');
    for (;;) {
      const change = this.#changes.slice(from).find(({ state }) => state === wanted);
      if (change?.monotonicMs !== undefined) return change.monotonicMs - sentMs;
      if (nowMs() - sentMs > GIVEN_UP_MS) return GIVEN_UP_MS;
      await sleep(POLL_MS);
    }
  }
}

function nowMs(): number {
  return Number(process.hrtime.bigint()) / NS_PER_MS;
}

/** Returns the value below which a share of the values lies, by the nearest rank. */
export function rank(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}
