import { TIME_S_MAX } from './limits.ts';

const INSTANT =
  /^(\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2})(?:\.0+)?(?:Z|([+-])([01]\d|2[0-3]):([0-5]\d))$/;

/**
 * Returns seconds since 1970 of a moment with its offset (RFC 3339 5.6): `2027-01-31T12:00:00Z`,
 * `2027-01-31T13:00:00+01:00`. Whole seconds only. Throws RangeError.
 */
export function parseInstant(text: string): number {
  const [, wall = '', sign = '+', hours = '0', minutes = '0'] = INSTANT.exec(text) ?? [];
  const local = wall.replace(' ', 'T');
  const wallMs = Date.parse(`${local}Z`);
  // A day that its month does not have is counted on into the next one.
  const isReal = !Number.isNaN(wallMs) && new Date(wallMs).toISOString().startsWith(local);
  const offsetS = (Number(hours) * 60 + Number(minutes)) * 60;
  const instantS = wallMs / 1_000 - (sign === '-' ? -offsetS : offsetS);
  if (local !== '' && isReal && instantS >= 0 && instantS <= TIME_S_MAX) return instantS;
  throw new RangeError(
    `"${text.slice(0, 40)}" is not a moment with its offset like 2027-01-31T12:00:00Z`,
  );
}

/** Returns a moment as `2027-01-31T12:00:00Z`; 0 to `TIME_S_MAX` seconds since 1970. */
export function formatInstant(instantS: number): string {
  return new Date(instantS * 1_000).toISOString().replace('.000Z', 'Z');
}
