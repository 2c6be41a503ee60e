import type { HostileKind } from './kind.ts';
import { AMPLIFICATION } from './kinds/amplification.ts';
import { COMPILE_BOMBS, TYPE_BOMBS } from './kinds/bombs.ts';
import { REENTRANCE, SWALLOWING } from './kinds/escapes.ts';
import { FLOODS } from './kinds/floods.ts';
import { CONTRACTS, FORGED_BYTES, NAMES, SIGNATURES } from './kinds/forgeries.ts';
import { GROWTH } from './kinds/growth.ts';
import { LIES } from './kinds/lies.ts';
import { LOOPS } from './kinds/loops.ts';
import { STACK } from './kinds/stack.ts';

/** Every kind of hostile component that the suite knows. */
export const CATALOG: readonly HostileKind[] = [
  ...LOOPS,
  ...GROWTH,
  ...STACK,
  ...AMPLIFICATION,
  ...LIES,
  ...SWALLOWING,
  ...REENTRANCE,
  ...FLOODS,
  ...COMPILE_BOMBS,
  ...TYPE_BOMBS,
  ...NAMES,
  ...SIGNATURES,
  ...FORGED_BYTES,
  ...CONTRACTS,
];
