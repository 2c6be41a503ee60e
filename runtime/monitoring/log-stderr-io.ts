import pino from 'pino';
import type { LogLevel, LogRecord } from '../ports/log.ts';
import type { LogSink } from './log.ts';
import { atLeast } from './log-ring.ts';

/** How lines look: for journald (`<6>` prefixes), for machines (JSON), for people. */
export type LogForm = 'journald' | 'json' | 'human';

/** Lines that wait while standard error does not take them; further ones are dropped. */
const BACKLOG_BYTES_MAX = 1_048_576;

/** `sd-daemon(3)`: the priorities of syslog. */
const JOURNALD_PRIORITY: Readonly<Record<LogLevel, number>> = {
  critical: 2,
  error: 3,
  warn: 4,
  info: 6,
  debug: 7,
  trace: 7,
};

/** Where bytes go, as `pino.destination` makes it. */
export interface LogDestination {
  write(line: string): void;
}

/** Returns standard error as a destination that never blocks: a full pipe drops lines. */
export function standardError(): LogDestination & { flushSync(): void } {
  const destination = pino.destination({ fd: 2, sync: false, maxLength: BACKLOG_BYTES_MAX });
  // A closed terminal must not end the gateway.
  destination.on('error', () => {});
  return {
    write: line => {
      destination.write(line);
    },
    flushSync: () => destination.flushSync(),
  };
}

/** Returns a sink that writes lines of `levelMin` and above in the form asked for. */
export function createLineSink(
  destination: LogDestination,
  form: LogForm,
  levelMin: LogLevel,
): LogSink {
  const write = form === 'human' ? humanLines(destination) : jsonLines(destination, form);
  return record => {
    if (atLeast(record.level, levelMin)) write(record);
  };
}

/** Returns one line as people read it: `12:30:01.250 warn  thermostat  text key=value`. */
function formatHuman(record: LogRecord): string {
  const time = new Date(record.wallMs).toISOString().slice(11, 23);
  const source = record.source.replace(/^controller\//, '');
  const fields = Object.entries(record.fields ?? {})
    .map(([key, value]) => ` ${key}=${value}`)
    .join('');
  return `${time} ${record.level.padEnd(8)} ${source.padEnd(12)} ${record.message}${fields}`;
}

function humanLines(destination: LogDestination): LogSink {
  return record => destination.write(`${formatHuman(record)}\n`);
}

function jsonLines(destination: LogDestination, form: LogForm): LogSink {
  let priority = JOURNALD_PRIORITY.info;
  const prefixed: LogDestination = {
    write: line => destination.write(form === 'journald' ? `<${priority}>${line}` : line),
  };
  const logger = pino(
    {
      base: null,
      timestamp: false,
      customLevels: { critical: 60 },
      level: 'trace',
      formatters: { level: level => ({ level }) },
      redact: { paths: ['fields.password', 'fields.token', 'fields.secret'], censor: '[redacted]' },
    },
    prefixed,
  );
  return ({ level, message, wallMs, source, fields }) => {
    priority = JOURNALD_PRIORITY[level];
    logger[level]({ time: new Date(wallMs).toISOString(), source, fields }, message);
  };
}
