/**
 * Durations, sizes, counts and rates as grants write them. Whole numbers only, no leading zeros,
 * so that a value has one canonical text: the largest unit that divides it.
 */
import { GrammarError } from './errors.ts';

/** `count` at once, `count` again over each `periodMs`: a token bucket's size and refill. */
export interface Rate {
  readonly count: number;
  readonly periodMs: number;
  /** The bucket's size where a `burst` attribute sets it apart, else the same as `count`. */
  readonly burst: number;
}

const DURATION_UNITS = [
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
  ['ms', 1],
] as const;

const SIZE_UNITS = [
  ['GiB', 2 ** 30],
  ['MiB', 2 ** 20],
  ['KiB', 2 ** 10],
  ['B', 1],
] as const;

type Units = readonly (readonly [name: string, factor: number])[];

/** The longest duration a grant can name: 30 days. */
const DURATION_MS_MAX = 30 * 24 * 3_600_000;
/** The largest size a grant can name. */
const SIZE_BYTES_MAX = 4 * 2 ** 30;
/** The largest count a grant can name. */
const COUNT_MAX = 1_000_000_000;

/** Returns a whole number from 1 to `max`. @throws GrammarError `GRANT_VALUE` */
export function parseCount(text: string, max: number = COUNT_MAX): number {
  if (!/^[1-9][0-9]{0,9}$/.test(text) || Number(text) > max) {
    throw new GrammarError('GRANT_VALUE', `"${text}" is not a whole number from 1 to ${max}`);
  }
  return Number(text);
}

/** Returns milliseconds of `250ms`, `30s`, `5min`, `1h`. @throws GrammarError `GRANT_VALUE` */
export function parseDuration(text: string): number {
  return parseUnit(text, DURATION_UNITS, DURATION_MS_MAX, 'a duration like 250ms, 30s, 5min or 1h');
}

/** Returns bytes of `512B`, `8KiB`, `2MiB`. @throws GrammarError `GRANT_VALUE` */
export function parseSize(text: string): number {
  return parseUnit(text, SIZE_UNITS, SIZE_BYTES_MAX, 'a size like 512B, 8KiB or 2MiB');
}

/** Returns the rate of `10/s`, `100/min` or `2/1200ms`. @throws GrammarError `GRANT_VALUE` */
export function parseRate(text: string): Rate {
  const slash = text.indexOf('/');
  if (slash < 0) throw new GrammarError('GRANT_VALUE', `"${text}" is not a rate like 10/s`);
  const count = parseCount(text.slice(0, slash));
  const period = text.slice(slash + 1);
  const periodMs = parseDuration(/^[0-9]/.test(period) ? period : `1${period}`);
  return { count, periodMs, burst: count };
}

/** Writes a duration in its largest whole unit. */
export function formatDuration(ms: number): string {
  return formatUnit(ms, DURATION_UNITS);
}

/** Writes a size in its largest whole unit. */
export function formatSize(bytes: number): string {
  return formatUnit(bytes, SIZE_UNITS);
}

/** Writes count and period of a rate; its burst is an attribute of its own. */
export function formatRate(rate: Rate): string {
  const period = formatDuration(rate.periodMs);
  return `${rate.count}/${/^1[a-z]/.test(period) ? period.slice(1) : period}`;
}

/** Whether all that `narrow` lets through `wide` lets through too. Null is no limit. */
export function rateCovers(wide: Rate | null, narrow: Rate | null): boolean {
  if (wide === null) return true;
  if (narrow === null) return false;
  return wide.burst >= narrow.burst && compareSustained(wide, narrow) >= 0;
}

/**
 * Returns a rate that both cover. Without bursts of their own the period is rounded up to a whole
 * millisecond, so it may be narrower than needed by less than that; never wider.
 */
export function rateIntersect(a: Rate | null, b: Rate | null, ownBurst: boolean): Rate | null {
  if (a === null || b === null) return a ?? b;
  const order = compareSustained(a, b) || a.count - b.count;
  const slower = order <= 0 ? a : b;
  const burst = Math.min(a.burst, b.burst);
  if (ownBurst) return { count: slower.count, periodMs: slower.periodMs, burst };
  if (slower.count === burst) return slower;
  const periodMs = Math.ceil((burst * slower.periodMs) / slower.count);
  return { count: burst, periodMs, burst };
}

function compareSustained(a: Rate, b: Rate): number {
  const difference = BigInt(a.count) * BigInt(b.periodMs) - BigInt(b.count) * BigInt(a.periodMs);
  return difference === 0n ? 0 : difference < 0n ? -1 : 1;
}

function parseUnit(text: string, units: Units, max: number, wanted: string): number {
  const match = /^([1-9][0-9]{0,14})([A-Za-z]+)$/.exec(text);
  const unit = units.find(([name]) => name === match?.[2]);
  const value = Number(match?.[1]) * (unit?.[1] ?? Number.NaN);
  if (!(value <= max)) {
    throw new GrammarError('GRANT_VALUE', `"${text}" is not ${wanted} (at most ${max} in all)`);
  }
  return value;
}

function formatUnit(value: number, units: Units): string {
  const unit = units.find(([, factor]) => value % factor === 0);
  return unit === undefined ? `${value}` : `${value / unit[1]}${unit[0]}`;
}
