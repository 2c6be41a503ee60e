import { accessCovers, accessIntersect } from './access.ts';
import type { Attributes } from './attributes.ts';
import { formatAttributes } from './attributes.ts';
import { GrammarError } from './errors.ts';
import { parseLabel } from './glob.ts';
import type { SerialGrant } from './grant.ts';
import { formatRate, parseRate, rateCovers, rateIntersect } from './units.ts';

/** Reads a grant of class `serial`. @throws GrammarError */
export function parseSerial(resource: string, attributes: Attributes): SerialGrant {
  const label = parseLabel(resource);
  const mode = attributes.oneOf('mode', ['r', 'w', 'rw']);
  if (mode === undefined) {
    throw new GrammarError('GRANT_MISSING', `add a mode: serial:${label}[mode=r], w or rw`);
  }
  const framing = attributes.oneOf('framing', ['line']) ?? 'line';
  const maxBytes = attributes.take('max-bytes', '=');
  if (maxBytes !== undefined && mode === 'r') {
    throw new GrammarError('GRANT_CONFLICT', '"max-bytes" is for writing, and mode=r is given');
  }
  const rate = maxBytes === undefined ? null : parseRate(maxBytes);
  return { class: 'serial', label, mode, framing, maxBytes: rate };
}

/** Writes it canonically. */
export function formatSerial(grant: SerialGrant): string {
  const attributes = formatAttributes([
    `mode=${grant.mode}`,
    grant.maxBytes === null ? null : `max-bytes=${formatRate(grant.maxBytes)}`,
  ]);
  return `serial:${grant.label}${attributes}`;
}

/** Whether `wide` allows all that `narrow` allows. */
export function serialSubsumes(wide: SerialGrant, narrow: SerialGrant): boolean {
  return (
    wide.label === narrow.label &&
    accessCovers(wide.mode, narrow.mode) &&
    // Who cannot write needs no limit.
    (narrow.mode === 'r' || rateCovers(wide.maxBytes, narrow.maxBytes))
  );
}

/** Returns what both allow, or null when that is nothing. */
export function serialIntersect(a: SerialGrant, b: SerialGrant): SerialGrant | null {
  const mode = accessIntersect(a.mode, b.mode);
  if (a.label !== b.label || mode === null) return null;
  const maxBytes = mode === 'r' ? null : rateIntersect(a.maxBytes, b.maxBytes, false);
  return { class: 'serial', label: a.label, mode, framing: 'line', maxBytes };
}
