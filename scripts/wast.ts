import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { errorMessage } from '../runtime/base/errors.ts';
import { readCommands } from './wast/commands.ts';
import { WastError } from './wast/errors.ts';
import { type Refusal, readRefusals } from './wast/policy.ts';
import { type Outcome, type Verdict, WastRun } from './wast/run.ts';

/** What became of one command. */
export interface CommandReport extends Outcome {
  readonly line: number;
  readonly command: string;
}

/** How often each verdict was given. */
export type Counts = Readonly<Record<Verdict, number>>;

/** What became of a script. */
export interface FileReport {
  readonly file: string;
  readonly counts: Counts;
  readonly commands: readonly CommandReport[];
}

const VERDICTS: readonly Verdict[] = ['pass', 'fail', 'refused', 'unreadable', 'outside'];
const USAGE = 'usage: npm run wast -- FILE|DIR ... [--json] [--refusals]';
const FILES_MAX = 10_000;

/** Runs a script of the component model's test dialect against the linker. */
export async function runWast(
  file: string,
  text: string,
  refusals: readonly Refusal[] = readRefusals(),
): Promise<FileReport> {
  const commands: CommandReport[] = [];
  const run = new WastRun(refusals);
  try {
    for (const command of readCommands(text)) {
      const { verdict, reason } = await run.run(command);
      commands.push({ line: command.line, command: command.word, verdict, reason });
    }
  } catch (error) {
    if (!(error instanceof WastError)) throw error;
    commands.push({ line: 0, command: '', verdict: 'unreadable', reason: error.message });
  } finally {
    run.close();
  }
  return { file, commands, counts: countsOf(commands) };
}

/** Returns how often each verdict was given. */
function countsOf(commands: readonly Outcome[]): Counts {
  const counts = { pass: 0, fail: 0, refused: 0, unreadable: 0, outside: 0 };
  for (const { verdict } of commands) counts[verdict] += 1;
  return counts;
}

async function filesOf(path: string): Promise<readonly string[]> {
  if (!(await stat(path)).isDirectory()) return [path];
  const found = await readdir(path, { recursive: true });
  return found
    .filter(name => name.endsWith('.wast'))
    .sort()
    .slice(0, FILES_MAX)
    .map(name => join(path, name));
}

function row(cells: readonly (string | number)[], name: string): string {
  return `${cells.map(cell => String(cell).padStart(10)).join(' ')}  ${name}`;
}

async function main(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { json: { type: 'boolean' }, refusals: { type: 'boolean' } },
  });
  const refusals = readRefusals();
  if (values.refusals === true) {
    for (const { reason, sentence } of refusals) console.log(`${reason.padEnd(18)} ${sentence}`);
    return;
  }
  if (positionals.length === 0) throw new WastError('WAST_COMMAND', USAGE);
  const reports: FileReport[] = [];
  for (const path of positionals) {
    for (const file of await filesOf(path)) {
      reports.push(await runWast(file, await readFile(file, 'utf8'), refusals));
    }
  }
  const sum = countsOf(reports.flatMap(({ commands }) => commands));
  if (values.json === true) {
    console.log(JSON.stringify({ schema: 'airssys.wast/1', files: reports, sum }, null, 2));
  } else {
    console.log(row(VERDICTS, ''));
    for (const { file, counts, commands } of reports) {
      console.log(
        row(
          VERDICTS.map(verdict => counts[verdict]),
          file,
        ),
      );
      for (const { line, command, verdict, reason } of commands) {
        if (verdict === 'fail') console.log(`  ${file}:${line} ${command}: ${reason}`);
      }
    }
    console.log(
      row(
        VERDICTS.map(verdict => sum[verdict]),
        'in sum',
      ),
    );
  }
  if (sum.fail > 0) process.exitCode = 1;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  try {
    await main(process.argv.slice(2));
  } catch (error) {
    console.error(errorMessage(error));
    process.exitCode = 2;
  }
}
