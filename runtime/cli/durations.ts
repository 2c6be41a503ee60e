/** Returns a duration in at most two units: `12s`, `3m 4s`, `3d 4h`. */
export function formatDuration(durationMs: number): string {
  const seconds = Math.floor(durationMs / 1_000);
  if (seconds < 60) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return join(minutes, 'm', seconds % 60, 's');
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return join(hours, 'h', minutes % 60, 'm');
  return join(Math.floor(hours / 24), 'd', hours % 24, 'h');
}

/** Returns bytes in mebibytes or kibibytes: `18M`, `64K`; `-` where they are not known. */
export function formatBytes(bytes: number | null): string {
  if (bytes === null) return '-';
  if (bytes < 1_024) return `${bytes}B`;
  return bytes < 1_048_576 ? `${Math.round(bytes / 1_024)}K` : `${Math.round(bytes / 1_048_576)}M`;
}

/** Returns a moment as `2026-11-22 12:30:01` in universal time. */
export function formatMoment(wallMs: number): string {
  return new Date(wallMs).toISOString().slice(0, 19).replace('T', ' ');
}

function join(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large}${largeUnit}` : `${large}${largeUnit} ${small}${smallUnit}`;
}
