import { parseArgs } from 'node:util';
import { errorMessage } from '../../runtime/base/errors.ts';

/** What `npm start` was asked for. */
export interface StartOptions {
  /** Of the broker; 0: any that is free. */
  readonly port: number;
  /** How long it runs; null: until it is stopped. */
  readonly runsMs: number | null;
  readonly verbose: boolean;
}

/** A command line as read. */
export type StartRequest =
  | { readonly kind: 'run'; readonly options: StartOptions }
  | { readonly kind: 'help' }
  | { readonly kind: 'wrong'; readonly message: string };

/** Shown by `--help` and beside what is wrong. */
export const START_USAGE = `Usage: npm start -- [options]
  --port N       port of the broker on loopback (default: any that is free)
  --seconds N    end after N seconds
  -v, --verbose  more of the gateway's log
  -h, --help     print this`;

const PORT_MAX = 65_535;
const SECONDS_MAX = 86_400;

/** Reads the arguments of `npm start`; never throws. */
export function readStartRequest(args: readonly string[]): StartRequest {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        port: { type: 'string', default: '0' },
        seconds: { type: 'string' },
        verbose: { type: 'boolean', short: 'v', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    if (values.help) return { kind: 'help' };
    const port = wholeNumber('--port', values.port, 0, PORT_MAX);
    const runsMs =
      values.seconds === undefined
        ? null
        : wholeNumber('--seconds', values.seconds, 1, SECONDS_MAX) * 1_000;
    return { kind: 'run', options: { port, runsMs, verbose: values.verbose } };
  } catch (error) {
    return { kind: 'wrong', message: errorMessage(error) };
  }
}

function wholeNumber(option: string, text: string, min: number, max: number): number {
  const number = /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN;
  if (number >= min && number <= max) return number;
  throw new RangeError(`${option} is a whole number from ${min} to ${max}, not "${text}"`);
}
