import type { Rate } from '../grammar/index.ts';

/** A token bucket at a moment: tokens may be fractions. */
export interface Bucket {
  readonly tokens: number;
  readonly atMs: number;
}

/** Returns a full bucket. */
export function fullBucket(rate: Rate, nowMs: number): Bucket {
  return { tokens: rate.burst, atMs: nowMs };
}

/** Returns the bucket refilled up to now. A clock that stands still or goes back adds nothing. */
export function refill(bucket: Bucket, rate: Rate, nowMs: number): Bucket {
  const elapsedMs = Math.max(0, nowMs - bucket.atMs);
  const tokens = bucket.tokens + (elapsedMs * rate.count) / rate.periodMs;
  return { tokens: Math.min(rate.burst, tokens), atMs: Math.max(bucket.atMs, nowMs) };
}

/**
 * Returns how long it takes until `amount` tokens are there: 0 now, Infinity never. Whole
 * milliseconds, rounded up, so that a retry after them succeeds.
 */
export function waitMs(bucket: Bucket, rate: Rate, amount: number): number {
  if (amount <= bucket.tokens) return 0;
  if (amount > rate.burst) return Number.POSITIVE_INFINITY;
  return Math.ceil(((amount - bucket.tokens) * rate.periodMs) / rate.count);
}
