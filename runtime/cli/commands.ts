import { registerGpio } from './commands/gpio.ts';
import { registerInstall } from './commands/install.ts';
import { registerList } from './commands/list.ts';
import { registerLogs } from './commands/logs.ts';
import { registerMetrics } from './commands/metrics.ts';
import { registerReleaseQuarantine } from './commands/quarantine.ts';
import { registerRollback } from './commands/rollback.ts';
import { registerSlots } from './commands/slots.ts';
import { registerStatus } from './commands/status.ts';
import { registerWhy } from './commands/why.ts';
import type { RegisterCommand } from './context.ts';
import { registerInfo } from './info.ts';
import { registerKeygen } from './keygen.ts';
import { registerRoot } from './root.ts';
import { registerSign } from './sign.ts';
import { registerTrust } from './trust.ts';
import { registerVerify } from './verify.ts';

/** Every command of the program, in the order of its help. */
export const COMMANDS: readonly RegisterCommand[] = [
  registerKeygen,
  registerRoot,
  registerTrust,
  registerSign,
  registerVerify,
  registerInfo,
  registerInstall,
  registerRollback,
  registerSlots,
  registerList,
  registerStatus,
  registerLogs,
  registerWhy,
  registerReleaseQuarantine,
  registerMetrics,
  registerGpio,
];
