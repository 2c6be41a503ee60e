/**
 * The token buckets of the whole gateway: per grant of a controller, per controller, and for all.
 * They outlive instances, so that a restart does not refill them. Reserving is one synchronous step
 * over all buckets of an action: either every one pays or none, so nobody slips in between.
 */
import type { Rate } from '../grammar/index.ts';
import type { Bucket } from './token-bucket.ts';
import { fullBucket, refill, waitMs } from './token-bucket.ts';

/** What actions are counted under, beside their grants. */
export type CeilingName = 'gpio.write' | 'serial.bytes' | 'mqtt.publish' | 'kv.write';

/** Bounds that hold whatever is granted: for one controller, and for all together. */
export type Ceilings = Readonly<
  Record<CeilingName, { readonly controller: Rate; readonly gateway: Rate }>
>;

/** The ceilings of a gateway whose configuration says nothing. */
export const DEFAULT_CEILINGS: Ceilings = {
  'gpio.write': { controller: perSecond(1_000), gateway: perSecond(4_000) },
  'serial.bytes': { controller: perSecond(64 * 1_024), gateway: perSecond(256 * 1_024) },
  'mqtt.publish': { controller: perSecond(1_000), gateway: perSecond(4_000) },
  'kv.write': { controller: perSecond(200), gateway: perSecond(800) },
};

/** Buckets kept; full ones make room, and when none is full reservations are refused. */
const BUCKETS_MAX = 8_192;

const GATEWAY_KEYS: Readonly<Record<CeilingName, string>> = {
  'gpio.write': 'gateway gpio.write',
  'serial.bytes': 'gateway serial.bytes',
  'mqtt.publish': 'gateway mqtt.publish',
  'kv.write': 'gateway kv.write',
};

/** What an action takes from one bucket. */
export interface Cost {
  readonly key: string;
  readonly rate: Rate;
  readonly amount: number;
  /** Taken even from an empty bucket, which then owes it: for writes towards the safe value. */
  readonly force?: boolean;
}

/** The answer to a reservation. */
export type Reservation =
  | { readonly ok: true; refund(): void }
  | {
      readonly ok: false;
      readonly key: string;
      /** Infinity: it can never succeed. */
      readonly retryMs: number;
    };

/** See the head of this file. */
export class QuotaLedger {
  readonly #ceilings: Ceilings;
  readonly #buckets = new Map<string, Bucket>();
  readonly #rates = new Map<string, Rate>();
  /** Keys of the controllers' ceilings; controllers are those of the release. */
  readonly #keys: Readonly<Record<CeilingName, Map<string, string>>> = {
    'gpio.write': new Map(),
    'serial.bytes': new Map(),
    'mqtt.publish': new Map(),
    'kv.write': new Map(),
  };

  constructor(ceilings: Ceilings = DEFAULT_CEILINGS) {
    this.#ceilings = ceilings;
  }

  /** Returns what the ceilings charge a controller for an action. */
  ceilingCosts(name: CeilingName, controller: string, amount: number): readonly Cost[] {
    const { controller: own, gateway } = this.#ceilings[name];
    let key = this.#keys[name].get(controller);
    if (key === undefined) {
      key = `controller ${controller} ${name}`;
      this.#keys[name].set(controller, key);
    }
    return [
      { key, rate: own, amount },
      { key: GATEWAY_KEYS[name], rate: gateway, amount },
    ];
  }

  /** Takes all costs, or none. `refund` gives them back once. */
  reserve(costs: readonly Cost[], nowMs: number): Reservation {
    for (const { key, rate, amount, force } of costs) {
      if (force === true) continue;
      const retryMs = waitMs(this.#bucket(key, rate, nowMs), rate, amount);
      if (retryMs > 0) return { ok: false, key, retryMs };
    }
    if (this.#buckets.size + costs.length > BUCKETS_MAX) {
      this.#prune(nowMs);
      if (this.#buckets.size + costs.length > BUCKETS_MAX) {
        return { ok: false, key: 'buckets', retryMs: 1_000 };
      }
    }
    for (const cost of costs) this.#take(cost, nowMs);
    let refunded = false;
    return {
      ok: true,
      refund: () => {
        if (refunded) return;
        refunded = true;
        for (const { key, rate, amount } of costs)
          this.#take({ key, rate, amount: -amount }, nowMs);
      },
    };
  }

  /** Returns how many buckets are kept, for tests and metrics. */
  get size(): number {
    return this.#buckets.size;
  }

  #bucket(key: string, rate: Rate, nowMs: number): Bucket {
    const bucket = this.#buckets.get(key);
    return bucket === undefined ? fullBucket(rate, nowMs) : refill(bucket, rate, nowMs);
  }

  #take({ key, rate, amount }: Cost, nowMs: number): void {
    const bucket = this.#bucket(key, rate, nowMs);
    const tokens = Math.min(rate.burst, bucket.tokens - amount);
    this.#buckets.set(key, { tokens, atMs: bucket.atMs });
    this.#rates.set(key, rate);
  }

  /** Forgets full buckets: a new one would be the same. */
  #prune(nowMs: number): void {
    for (const [key, rate] of this.#rates) {
      if (this.#bucket(key, rate, nowMs).tokens < rate.burst) continue;
      this.#buckets.delete(key);
      this.#rates.delete(key);
    }
  }
}

function perSecond(count: number): Rate {
  return { count, periodMs: 1_000, burst: count };
}
