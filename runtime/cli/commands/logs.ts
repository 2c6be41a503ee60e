import { type Command, InvalidArgumentError, Option } from 'commander';
import * as v from 'valibot';
import { parseDuration } from '../../../capabilities/grammar/units.ts';
import { errorMessage } from '../../base/errors.ts';
import { type LogLine, logLineSchema } from '../../control/reports.ts';
import type { LogLevel } from '../../ports/log.ts';
import type { CliContext } from '../context.ts';
import { withDaemon } from '../daemon.ts';
import { formatMoment } from '../durations.ts';

interface LogsFlags {
  readonly follow?: boolean;
  readonly lines: number;
  /** Milliseconds before now. */
  readonly since?: number;
  readonly level?: LogLevel;
  readonly output: 'short' | 'json';
}

const LINES_DEFAULT = 100;
const eventSchema = v.object({ items: v.array(logLineSchema), lost: v.number() });

/** `logs`: what the gateway and its controllers say. With JSON, one document a line. */
export function registerLogs(program: Command, context: CliContext): void {
  program
    .command('logs')
    .description('what the gateway and its controllers say')
    .argument('[name]', 'one controller only')
    .option('-f, --follow', 'go on with what comes')
    .option('-n, --lines <count>', 'at most so many, the newest', lineCount, LINES_DEFAULT)
    .option('--since <duration>', 'not older than this (10min, 2h)', durationMs)
    .addOption(
      new Option('--level <level>', 'at least so serious').choices([
        'trace',
        'debug',
        'info',
        'warn',
        'error',
        'critical',
      ]),
    )
    .addOption(
      new Option('-o, --output <form>', 'form of a line')
        .choices(['short', 'json'])
        .default('short'),
    )
    .action(async (name: string | undefined, flags: LogsFlags) => {
      await logs(name, flags, context);
    });
}

async function logs(
  name: string | undefined,
  flags: LogsFlags,
  context: CliContext,
): Promise<void> {
  const json = context.globals().json || flags.output === 'json';
  const follow = flags.follow === true;
  const params = {
    ...(name === undefined ? {} : { controller: name }),
    ...(flags.level === undefined ? {} : { levelMin: flags.level }),
    ...(flags.since === undefined
      ? {}
      : { sinceWallMs: context.system.clock.wallMs() - flags.since }),
    countMax: flags.lines,
    follow,
  };
  const onEvent = (value: unknown) => {
    const { items, lost } = v.parse(eventSchema, value);
    if (lost > 0) context.out.note(`${lost} lines were lost: this reader is too slow`);
    for (const line of items) {
      if (json) context.out.document('airssys.log/1', line);
      else context.out.line(formatLine(line));
    }
  };
  await withDaemon(context, daemon =>
    daemon.ask({ method: 'logs', params }, v.null(), {
      onEvent,
      ...(follow ? { timeoutMs: null } : {}),
    }),
  );
}

function formatLine({ wallMs, level, source, message, fields }: LogLine): string {
  const who = source.replace(/^controller\//, '');
  const rest = Object.entries(fields ?? {}).map(([key, value]) => ` ${key}=${value}`);
  return `${formatMoment(wallMs)} ${level.padEnd(8)} ${who.padEnd(12)} ${message}${rest.join('')}`;
}

function lineCount(text: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 10_000) {
    throw new InvalidArgumentError('a whole number from 0 to 10000 is needed');
  }
  return Number(text);
}

function durationMs(text: string): number {
  try {
    return parseDuration(text);
  } catch (error) {
    throw new InvalidArgumentError(errorMessage(error));
  }
}
