import type { RegisterCommand } from './context.ts';
import { registerInfo } from './info.ts';
import { registerKeygen } from './keygen.ts';
import { registerSign } from './sign.ts';
import { registerVerify } from './verify.ts';

/** Every command of the program, in the order of its help. */
export const COMMANDS: readonly RegisterCommand[] = [
  registerKeygen,
  registerSign,
  registerVerify,
  registerInfo,
];
