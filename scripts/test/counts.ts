/** What one test file's suites did. `total` leaves out skipped tests. */
export interface SuiteCounts {
  /** Suites whose `.run()` was called. */
  queued: number;
  /** Suites that came to their end. */
  finished: number;
  passed: number;
  skipped: number;
  total: number;
}

/** Parses the counts file, or returns null when it is missing or not whole. */
export function parseCounts(text: string): SuiteCounts | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null) return null;
  const { queued, finished, passed, skipped, total } = value as Partial<
    Record<keyof SuiteCounts, unknown>
  >;
  return isCount(queued) &&
    isCount(finished) &&
    isCount(passed) &&
    isCount(skipped) &&
    isCount(total)
    ? { queued, finished, passed, skipped, total }
    : null;
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
