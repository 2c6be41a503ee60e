import { Trap } from './errors.ts';
import type { Flat } from './store.ts';

/** Writes a value to guest memory. The address and its extent are already checked. */
export type StoreValue = (at: number, value: unknown) => void;
/** Writes a value as flat core values, the first at `at`. */
export type LowerFlat = (flat: Flat[], at: number, value: unknown) => void;

/** The two ways to write a type. */
export interface Lower {
  readonly store: StoreValue;
  readonly flat: LowerFlat;
}

/** Returns a Trap for a host's value that does not fit its type. */
export function unfit(what: string): Trap {
  return new Trap('TRAP_HOST', `the host's value is no ${what}`);
}
