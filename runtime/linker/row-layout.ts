import { abiTrap } from './errors.ts';
import type { PlanType } from './plan.ts';
import { alignTo } from './types.ts';

/** Where one of several values stands that follow each other. */
export interface Place {
  /** Its type in the plan. */
  readonly type: number;
  /** Bytes from the start of the whole in memory. */
  readonly offset: number;
  /** Its first core value among those of the whole. */
  readonly slot: number;
}

/** The layout of a record, a tuple, or a function's parameters. */
export interface RowLayout {
  readonly places: readonly Place[];
  readonly sizeBytes: number;
  readonly alignBytes: number;
  readonly flatCount: number;
}

/** Lays out values of these types, one after the other (`CanonicalABI.md`, "Alignment" ff.). */
export function rowLayout(types: readonly PlanType[], row: readonly number[]): RowLayout {
  let end = 0;
  let alignBytes = 1;
  let flatCount = 0;
  const places = row.map(type => {
    const one = typeAt(types, type);
    const place = { type, offset: alignTo(end, one.alignBytes), slot: flatCount };
    end = place.offset + one.sizeBytes;
    alignBytes = Math.max(alignBytes, one.alignBytes);
    flatCount += one.flat.length;
    return place;
  });
  return { places, sizeBytes: alignTo(end, alignBytes), alignBytes, flatCount };
}

/** Returns the type at an index of the plan. */
export function typeAt(types: readonly PlanType[], index: number): PlanType {
  const type = types[index];
  if (type === undefined) throw abiTrap(`the plan has no type ${index}`);
  return type;
}
