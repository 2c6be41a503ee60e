import { type Command, InvalidArgumentError } from 'commander';
import * as v from 'valibot';
import { lineChangeSchema, linesSchema } from '../../control/reports.ts';
import type { CliContext } from '../context.ts';
import { type Daemon, withDaemon } from '../daemon.ts';
import { CliError } from '../errors.ts';

const eventSchema = v.object({ items: v.array(lineChangeSchema), lost: v.number() });

/** `gpio list|watch` and, for the simulated board, `sim drive`. */
export function registerGpio(program: Command, context: CliContext): void {
  const gpio = program.command('gpio').description('the lines of the board');
  gpio
    .command('list')
    .description('every line with its state')
    .action(async () => {
      const report = await withDaemon(context, ask => askLines(ask));
      if (context.globals().json) {
        context.out.document('airssys.lines/1', report);
        return;
      }
      const rows = report.lines.map(({ label, direction, state, description }) => [
        label,
        direction,
        state ?? 'unknown',
        description,
      ]);
      const header = ['LINE', 'DIR', 'STATE', 'DESCRIPTION'];
      context.out.table(header, rows);
    });
  gpio
    .command('watch')
    .description('every change of a line as it happens')
    .argument('[label...]', 'only these lines')
    .option('--count <n>', 'end after so many changes', changeCount)
    .action(async (labels: string[], flags: { readonly count?: number }) => {
      await withDaemon(context, daemon => watch(daemon, labels, flags.count ?? null, context));
    });
  program
    .command('sim')
    .description('the simulated board')
    .command('drive')
    .description('drive an input of the simulated board')
    .argument('<label>', 'the input')
    .argument('<state>', 'active or inactive', lineState)
    .action(async (label: string, state: 'active' | 'inactive') => {
      await withDaemon(context, daemon => drive(daemon, label, state));
      if (context.globals().json) context.out.document('airssys.drive/1', { label, state });
      else context.out.line(`${label} is ${state}`);
    });
}

/** The daemon has one word for both mistakes; what helps differs. */
async function drive(daemon: Daemon, label: string, state: 'active' | 'inactive'): Promise<void> {
  const { lines } = await askLines(daemon);
  const line = lines.find(each => each.label === label);
  if (line === undefined) throw noLine(label);
  if (line.direction !== 'in') {
    const inputs = lines.filter(each => each.direction === 'in').map(each => each.label);
    const fix =
      inputs.length === 0 ? 'airssys-wasm gpio list' : `drive one of ${inputs.join(', ')}`;
    throw new CliError('CLI_USAGE', `${label} is an output: its controller drives it`, { fix });
  }
  await daemon.ask({ method: 'drive', params: { label, state } }, v.null());
}

function noLine(label: string): CliError {
  const fix = 'airssys-wasm gpio list';
  return new CliError('CLI_NOT_FOUND', `the board has no line ${label}`, { fix });
}

async function watch(
  daemon: Daemon,
  labels: readonly string[],
  count: number | null,
  context: CliContext,
): Promise<void> {
  const { lines } = await askLines(daemon);
  const unknown = labels.find(label => !lines.some(line => line.label === label));
  if (unknown !== undefined) throw noLine(unknown);
  const enough = Promise.withResolvers<void>();
  let seen = 0;
  const onEvent = (value: unknown) => {
    const { items, lost } = v.parse(eventSchema, value);
    if (lost > 0) context.out.note(`${lost} changes were lost: this reader is too slow`);
    for (const change of items) {
      if (count !== null && seen >= count) return;
      seen += 1;
      show(change, context);
      if (seen === count) enough.resolve();
    }
  };
  if (!context.globals().json) context.out.note('watching; Ctrl-C ends it');
  const watching = daemon.ask({ method: 'watch', params: { labels: [...labels] } }, v.null(), {
    timeoutMs: null,
    onEvent,
  });
  await Promise.race([enough.promise, watching]);
  // The connection is closed next, which ends the watch; that is no failure.
  watching.catch(() => {});
}

function show(
  { label, state, wallMs }: v.InferOutput<typeof lineChangeSchema>,
  context: CliContext,
) {
  if (context.globals().json) {
    context.out.document('airssys.line/1', { label, state, wallMs });
    return;
  }
  const time = new Date(wallMs).toISOString().slice(11, 23);
  const mark = state === 'active' ? '#' : '.';
  context.out.line(`${time}  ${mark} ${label} ${state}`);
}

function askLines(daemon: Daemon) {
  return daemon.ask({ method: 'lines', params: {} }, linesSchema);
}

function lineState(text: string): 'active' | 'inactive' {
  if (text === 'active' || text === 'inactive') return text;
  throw new InvalidArgumentError('active or inactive is needed');
}

function changeCount(text: string): number {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('a whole number from 1 to 999999 is needed');
}
