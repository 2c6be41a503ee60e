import type { Access } from './grant.ts';

/** Whether all that `narrow` allows `wide` allows too. */
export function accessCovers(wide: Access, narrow: Access): boolean {
  return wide === 'rw' || wide === narrow;
}

/** Returns what both allow, or null when that is nothing. */
export function accessIntersect(a: Access, b: Access): Access | null {
  if (a === b || b === 'rw') return a;
  return a === 'rw' ? b : null;
}
