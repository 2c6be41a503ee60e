/**
 * The daemon. Never evaluates or instantiates anything that comes from a guest.
 * `gatewayd [--config FILE] [--log human|json|journald] [--log-level LEVEL] [--with-parent]`
 */
import process from 'node:process';
import { parseArgs } from 'node:util';
import { errorCode, errorMessage } from '../base/errors.ts';
import { startGateway } from '../compose/gateway.ts';
import { readSettings } from '../compose/settings-io.ts';
import { createLineSink, type LogForm, standardError } from '../monitoring/log-stderr-io.ts';
import type { LogLevel } from '../ports/log.ts';

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;
const FORMS: readonly LogForm[] = ['human', 'json', 'journald'];
const LEVELS: readonly LogLevel[] = ['trace', 'debug', 'info', 'warn', 'error', 'critical'];
const USAGE = `Usage: airssys-wasm gatewayd [options]
The daemon: runs the installed release until SIGTERM or SIGINT.
  --config FILE      configuration (default /etc/airssys/gateway.toml)
  --log FORM         human, json or journald (default: human on a terminal, else json)
  --log-level LEVEL  trace, debug, info, warn, error or critical (default info)
  --with-parent      also end when standard input is closed
  -h, --help         print this
`;

interface Options {
  readonly config: string;
  readonly form: LogForm;
  readonly level: LogLevel;
  readonly withParent: boolean;
}

/** Returns null where only help was asked for. */
function readOptions(): Options | null {
  const { values } = parseArgs({
    options: {
      config: { type: 'string', default: '/etc/airssys/gateway.toml' },
      log: { type: 'string', default: process.stderr.isTTY ? 'human' : 'json' },
      'log-level': { type: 'string', default: 'info' },
      'with-parent': { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return null;
  const form = FORMS.find(known => known === values.log);
  const level = LEVELS.find(known => known === values['log-level']);
  if (form === undefined) throw new Error(`--log is one of ${FORMS.join(', ')}`);
  if (level === undefined) throw new Error(`--log-level is one of ${LEVELS.join(', ')}`);
  return { config: values.config, form, level, withParent: values['with-parent'] };
}

async function main(): Promise<void> {
  let options: Options | null;
  try {
    options = readOptions();
  } catch (error) {
    process.stderr.write(`gatewayd: ${errorMessage(error)}\n\n${USAGE}`);
    process.exit(EXIT_USAGE);
  }
  if (options === null) {
    process.stdout.write(USAGE);
    return;
  }
  const destination = standardError();
  let ask: (reason: string) => void = () => {};
  const asked = new Promise<string>(resolve => {
    ask = resolve;
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => ask(signal));
  // Whoever started it holds the other end, and it closes even when that process is killed.
  if (options.withParent) process.stdin.on('close', () => ask('its parent is gone')).resume();
  try {
    const gateway = await startGateway({
      settings: await readSettings(options.config),
      sinks: [createLineSink(destination, options.form, options.level)],
      onShutdown: () => ask('asked over the control socket'),
      // There where it was started with --expose-gc, as the launcher does.
      onSettled: () => void globalThis.gc?.(),
    });
    const reason = await asked;
    gateway.log.write('info', 'gateway', `stopping: ${reason}`);
    await gateway.close();
    gateway.log.write('info', 'gateway', 'stopped, outputs are safe');
    destination.flushSync();
    process.exit(0);
  } catch (error) {
    destination.flushSync();
    process.stderr.write(`gatewayd: ${errorCode(error)}: ${errorMessage(error)}\n`);
    process.exit(EXIT_FAILED);
  }
}

await main();
