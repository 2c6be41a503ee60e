/** Entry point of the command line tool. */
import { createSystemClock } from '../../drivers/clock/system-clock.ts';
import { createSystemRandom } from '../../drivers/random/system-random.ts';
import { RUNTIME_VERSION } from '../base/runtime-version.ts';
import { COMMANDS } from '../cli/commands.ts';
import type { CliSystem } from '../cli/context.ts';
import { runCli } from '../cli/program.ts';
import { createCliFiles } from '../cli/system-io.ts';

const { env, stdout, stderr } = process;

// A reader that went away (`| head`) is no failure of ours.
stdout.on('error', error => {
  if ('code' in error && error.code === 'EPIPE') process.exit(0);
  throw error;
});

const system: CliSystem = {
  runtimeVersion: RUNTIME_VERSION,
  clock: createSystemClock(),
  random: createSystemRandom(),
  files: createCliFiles(),
  writeOut: text => void stdout.write(text),
  writeErr: text => void stderr.write(text),
  hasColor: stdout.isTTY === true && (env.NO_COLOR ?? '') === '' && env.TERM !== 'dumb',
  environment: {
    ...(env.AIRSSYS_SOCKET === undefined ? {} : { AIRSSYS_SOCKET: env.AIRSSYS_SOCKET }),
  },
};

process.exitCode = await runCli(process.argv.slice(2), system, COMMANDS);
