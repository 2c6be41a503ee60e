import type { Clock } from '../ports/clock.ts';
import type { Log, LogLevel, LogRecord } from '../ports/log.ts';

/** Bounds of one line. What is longer is cut and says so. */
const MESSAGE_CHARS_MAX = 4_096;
const FIELDS_MAX = 16;
const FIELD_CHARS_MAX = 512;

/** Takes finished lines. One that throws loses its line and disturbs nobody. */
export type LogSink = (record: LogRecord) => void;

/**
 * The gateway's log: stamps lines with the time, bounds them, removes control characters (a
 * controller must not be able to draw on an operator's terminal) and hands them to every sink.
 */
export function createLog(clock: Clock, sinks: readonly LogSink[]): Log {
  return {
    write(level, source, message, fields) {
      const record: LogRecord = {
        wallMs: clock.wallMs(),
        level,
        source: oneLine(source, 128),
        message: oneLine(message, MESSAGE_CHARS_MAX),
        ...(fields === undefined ? {} : { fields: boundedFields(fields) }),
      };
      for (const sink of sinks) {
        try {
          sink(record);
        } catch {
          // A sink that fails has nowhere to report it but here.
        }
      }
    },
  };
}

/** Returns the level of a guest's log line (`wasi:logging` names them alike); unknown is `info`. */
export function guestLevel(level: string): LogLevel {
  switch (level) {
    case 'trace':
    case 'debug':
    case 'warn':
    case 'error':
    case 'critical':
      return level;
    default:
      return 'info';
  }
}

function boundedFields(fields: NonNullable<LogRecord['fields']>): LogRecord['fields'] & {} {
  const bounded: Record<string, string | number | boolean> = {};
  for (const [key, value] of Object.entries(fields).slice(0, FIELDS_MAX)) {
    bounded[oneLine(key, 64)] = typeof value === 'string' ? oneLine(value, FIELD_CHARS_MAX) : value;
  }
  return bounded;
}

function oneLine(text: string, charsMax: number): string {
  const cut = text.length > charsMax ? `${text.slice(0, charsMax - 3)}...` : text;
  return cut.replace(/\p{Cc}+/gu, ' ').toWellFormed();
}
