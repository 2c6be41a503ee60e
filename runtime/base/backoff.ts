/** Bounds of a growing wait between attempts. */
export interface BackoffSettings {
  readonly minMs: number;
  readonly maxMs: number;
}

/**
 * Returns how long to wait before attempt `attempt` (1 is the first repeat): doubling from `minMs`
 * up to `maxMs`, of which the upper half is drawn by `fraction` (0 to 1), so that many gateways
 * that lost the same peer do not come back in the same moment.
 */
export function backoffMs(settings: BackoffSettings, attempt: number, fraction: number): number {
  // 2 ** 30 is beyond every maximum; a larger exponent would only risk infinity.
  const doublings = Math.min(30, Math.max(0, attempt - 1));
  const wholeMs = Math.min(settings.maxMs, settings.minMs * 2 ** doublings);
  return wholeMs / 2 + (wholeMs / 2) * fraction;
}
