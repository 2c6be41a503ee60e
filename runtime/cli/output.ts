import { errorCode, errorMessage } from '../base/errors.ts';
import { CliError } from './errors.ts';
import { remedyOf } from './remedies.ts';

/** How much, and in which form. */
export interface OutputOptions {
  readonly json: boolean;
  readonly plain: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly color: boolean;
}

/** Where a command's words go: data to standard output, messages to standard error. */
export interface CliOutput {
  /** A line of data. Not for `--json`: use `document`. */
  line(text: string): void;
  /** Lines of data in columns, cut to `columnsMax`; with `--plain` in tabs, whole, no heading. */
  table(header: readonly string[], rows: readonly (readonly string[])[], columnsMax?: number): void;
  /** The one JSON document of `--json`; `schema` is like `airssys.status/1`. */
  document(schema: string, members: Readonly<Record<string, unknown>>): void;
  /** A message; silent with `-q`. */
  note(text: string): void;
  /** A message for `-v`. */
  detail(text: string): void;
  /** Colours a word where the terminal takes it. */
  paint(color: 'green' | 'red' | 'yellow', text: string): string;
  /** Reports an error: what, caused by, what would fix it; with `--json` as a document. */
  error(error: unknown): void;
}

const CAUSES_MAX = 5;
const COLORS = { green: 32, red: 31, yellow: 33 } as const;
const ESCAPE = '\u001b';
const COLOR_CODES = new RegExp(`${ESCAPE}\\[(?:0|3[1-3])m`, 'g');
/** Control characters, and marks that reorder a line: both can forge what a terminal shows. */
const UNPRINTABLE = /[\p{Cc}\p{Cs}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

/** Returns the output over two writers; `options` is asked at each call. */
export function createOutput(
  writers: { writeOut(text: string): void; writeErr(text: string): void },
  options: () => OutputOptions,
): CliOutput {
  const document = (schema: string, members: Readonly<Record<string, unknown>>) =>
    writers.writeOut(`${JSON.stringify({ schema, ...members })}\n`);
  const message = (text: string) => writers.writeErr(`${printable(text)}\n`);
  const paint = (color: keyof typeof COLORS, text: string) =>
    options().color ? `${ESCAPE}[${COLORS[color]}m${text}${ESCAPE}[0m` : text;
  return {
    line: text => writers.writeOut(`${printableWithColor(text)}\n`),
    table: (header, rows, columnsMax) => {
      const lines = options().plain
        ? rows.map(row => row.map(printable).join('\t'))
        : alignColumns([header, ...rows]).map(line => printable(cut(line, columnsMax)));
      for (const line of lines) writers.writeOut(`${line}\n`);
    },
    document,
    note: text => {
      if (!options().quiet) message(text);
    },
    detail: text => {
      if (options().verbose) message(text);
    },
    paint,
    error: error => {
      const report = reportOf(error);
      if (options().json) document('airssys.error/1', report);
      else writers.writeErr(errorText(report, options().verbose ? stackOf(error) : null));
    },
  };
}

/** Returns text with everything escaped that could move a cursor or reorder a line. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, character =>
    character === '\n' ? '\n' : `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
}

/** Returns rows as aligned columns, two spaces between, nothing behind the last. */
export function alignColumns(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, cell.length);
    });
  }
  return rows.map(row =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

/** Returns text of at most so many columns; what is cut says so. */
export function cut(text: string, columnsMax = Number.POSITIVE_INFINITY): string {
  return text.length <= columnsMax ? text : `${text.slice(0, columnsMax - 3)}...`;
}

/** Colour of our own is kept, everything else goes through `printable`. */
function printableWithColor(text: string): string {
  const colors = text.match(COLOR_CODES) ?? [];
  return text
    .split(COLOR_CODES)
    .map((part, index) => printable(part) + (colors[index] ?? ''))
    .join('');
}

type ErrorReport = {
  readonly code: string;
  readonly message: string;
  readonly causes: readonly string[];
  readonly fix: string | null;
};

function reportOf(error: unknown): ErrorReport {
  const causes: string[] = [];
  let cause = error instanceof Error ? error.cause : undefined;
  while (cause !== undefined && causes.length < CAUSES_MAX) {
    causes.push(errorMessage(cause));
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  const code = errorCode(error);
  const fix = error instanceof CliError ? error.fix : remedyOf(code);
  const message = errorMessage(error);
  return { code, message, causes: causes.filter(text => !message.includes(text)), fix };
}

function errorText(report: ErrorReport, stack: string | null): string {
  const lines = [`error: ${report.message} (${report.code})`];
  for (const cause of report.causes) lines.push(`  caused by: ${cause}`);
  if (report.fix !== null) lines.push(`  fix: ${report.fix}`);
  if (stack !== null) lines.push(stack);
  return `${lines.map(printable).join('\n')}\n`;
}

function stackOf(error: unknown): string | null {
  return error instanceof Error ? (error.stack ?? null) : null;
}
