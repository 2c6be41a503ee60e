/** How serious a line is; the names of `wasi:logging`, most serious last. */
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'critical';

/** One line of the gateway's log. */
export interface LogRecord {
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  readonly wallMs: number;
  readonly level: LogLevel;
  /** Who speaks: `gateway`, or `controller/NAME`. */
  readonly source: string;
  readonly message: string;
  /** Machine-readable details; `code` where the line reports an error. */
  readonly fields?: Readonly<Record<string, string | number | boolean>>;
}

/** Where log lines go. Bounded; never throws, never blocks. */
export interface Log {
  write(
    level: LogLevel,
    source: string,
    message: string,
    fields?: Readonly<Record<string, string | number | boolean>>,
  ): void;
}
