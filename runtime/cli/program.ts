import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { parseDuration } from '../../capabilities/grammar/units.ts';
import { errorCode, errorMessage } from '../base/errors.ts';
import type { CliContext, CliSystem, GlobalOptions, RegisterCommand } from './context.ts';
import { CliError } from './errors.ts';
import { EXIT, EXIT_MEANINGS, type ExitCode, exitCodeOf } from './exit-codes.ts';
import { createOutput } from './output.ts';

const SOCKET_DEFAULT = '/run/airssys/control.sock';

/**
 * Runs one command line (without interpreter and script) and resolves to its exit code. Everything
 * that goes wrong is reported on `system`; never rejects.
 */
export async function runCli(
  args: readonly string[],
  system: CliSystem,
  commands: readonly RegisterCommand[],
): Promise<ExitCode> {
  // Asked before parsing too, so that a usage error also follows --json.
  let options = early(args, system);
  let code: ExitCode = EXIT.ok;
  const context: CliContext = {
    system,
    out: createOutput(system, () => options),
    globals: () => options,
    finish: finished => {
      code = finished;
    },
  };
  const program = buildProgram(context, commands);
  program.hook('preAction', () => {
    options = readGlobals(program, system);
  });
  try {
    await program.parseAsync([...args], { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.ok;
    const reported = error instanceof CommanderError ? usageError(error) : error;
    context.out.error(reported);
    return exitCodeOf(errorCode(reported));
  }
}

/** Returns the program with its global options and commands; documents are made from it too. */
function buildProgram(context: CliContext, commands: readonly RegisterCommand[]): Command {
  const { system } = context;
  const program = new Command('airssys-wasm')
    .description('Runs signed WebAssembly controllers on IoT gateways.')
    .version(system.runtimeVersion, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .option('--json', 'one JSON document on standard output, errors too')
    .option('--plain', 'tables without headings, a tab between cells; no colour')
    .option('-q, --quiet', 'no messages, only data and errors')
    .option('-v, --verbose', 'more messages')
    .option('--no-color', 'no colour')
    .option('--timeout <duration>', 'how long to wait for the daemon (30s, 5min)', durationMs)
    .option('--socket <path>', `control socket of the daemon (${SOCKET_DEFAULT})`)
    .exitOverride()
    .configureOutput({
      writeOut: text => system.writeOut(text),
      writeErr: text => system.writeErr(text),
      // Usage errors are reported once, by runCli, in our own form.
      outputError: () => undefined,
    });
  for (const register of commands) register(program, context);
  program
    .command('exit-codes', { hidden: true })
    .description('what exit codes mean')
    .addHelpText('after', `\n${exitCodeTable()}`)
    .action(() => context.out.line(exitCodeTable()));
  program
    .command('gatewayd', { hidden: true })
    .description('the daemon; its options: airssys-wasm gatewayd --help')
    .addHelpText('after', '\nRun it with: airssys-wasm gatewayd --config FILE')
    .action(() => {
      // The launcher starts the daemon before this program is ever loaded.
      const fix = 'start it through the launcher: airssys-wasm gatewayd --config FILE';
      throw new CliError('CLI_USAGE', 'the daemon is a program of its own', { fix });
    });
  program.addHelpText(
    'after',
    '\nThe daemon:  airssys-wasm gatewayd --config FILE\nExit codes:  airssys-wasm help exit-codes',
  );
  return program;
}

function exitCodeTable(): string {
  return EXIT_MEANINGS.map(([code, meaning]) => `${String(code).padStart(3)}  ${meaning}`).join(
    '\n',
  );
}

function early(args: readonly string[], system: CliSystem): GlobalOptions {
  const json = args.includes('--json');
  return {
    json,
    plain: args.includes('--plain'),
    quiet: false,
    verbose: false,
    color: system.hasColor && !json && !args.includes('--no-color'),
    timeoutMs: null,
    socket: SOCKET_DEFAULT,
  };
}

function readGlobals(program: Command, system: CliSystem): GlobalOptions {
  const given = program.opts();
  const socket = system.environment.AIRSSYS_SOCKET ?? SOCKET_DEFAULT;
  const json = given.json === true;
  const plain = given.plain === true;
  return {
    json,
    plain,
    quiet: given.quiet === true,
    verbose: given.verbose === true,
    color: system.hasColor && !json && !plain && given.color !== false,
    timeoutMs: typeof given.timeout === 'number' ? given.timeout : null,
    socket: typeof given.socket === 'string' ? given.socket : socket,
  };
}

function durationMs(text: string): number {
  try {
    return parseDuration(text);
  } catch (error) {
    throw new InvalidArgumentError(errorMessage(error));
  }
}

function usageError(error: CommanderError): CliError {
  const message = error.message.replace(/^error: /, '');
  const fix = 'airssys-wasm --help, or airssys-wasm COMMAND --help';
  // Commander throws this one when no command was given, after it wrote the help.
  const text = message === '(outputHelp)' ? 'a command is missing' : message;
  return new CliError('CLI_USAGE', text, { fix });
}
