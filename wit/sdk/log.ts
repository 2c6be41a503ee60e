import { type Level, log as write } from 'wasi:logging/logging@0.1.0-draft';

/** Writes to the gateway's log, line by line. Lines over the quota are dropped and counted. */
export const log = {
  trace: (message: string): void => write('trace', '', message),
  debug: (message: string): void => write('debug', '', message),
  info: (message: string): void => write('info', '', message),
  warn: (message: string): void => write('warn', '', message),
  error: (message: string): void => write('error', '', message),
  critical: (message: string): void => write('critical', '', message),
  /** Writes a line with a context: the part of the controller that speaks. */
  line: (level: Level, context: string, message: string): void => write(level, context, message),
} as const;
