import type * as v from 'valibot';
import { errorCode } from '../base/errors.ts';
import { type AskOptions, ControlClient } from '../control/client-io.ts';
import type { Request } from '../control/messages.ts';
import type { CliContext } from './context.ts';
import { CliError } from './errors.ts';

/** How long the daemon may take to answer, unless `--timeout` says otherwise. */
const ANSWER_MS = 10_000;

/** To connect: the daemon is on the same machine. */
const CONNECT_MS = 5_000;

/** The daemon, for one command. */
export interface Daemon {
  /** Asks; without a timeout of its own the command's applies. */
  ask<Schema extends v.GenericSchema>(
    request: Request,
    schema: Schema,
    options?: Partial<AskOptions>,
  ): Promise<v.InferOutput<Schema>>;
}

/**
 * Connects to the daemon, lets `action` talk to it and disconnects. Rejects with CliError
 * `CLI_UNREACHABLE`, `CLI_DENIED`, or with what `action` rejects with.
 */
export async function withDaemon<Result>(
  context: CliContext,
  action: (daemon: Daemon) => Promise<Result>,
): Promise<Result> {
  const { socket, timeoutMs } = context.globals();
  const client = await connect(context, socket);
  try {
    return await action({
      ask: (request, schema, options) =>
        client.ask(request, schema, { timeoutMs: timeoutMs ?? ANSWER_MS, ...options }),
    });
  } finally {
    client.close();
  }
}

async function connect(context: CliContext, path: string): Promise<ControlClient> {
  const { system } = context;
  try {
    return await ControlClient.connect({
      path,
      clientName: `airssys-wasm ${system.runtimeVersion}`,
      clock: system.clock,
      timeoutMs: context.globals().timeoutMs ?? CONNECT_MS,
    });
  } catch (cause) {
    if (errorCode(cause) === 'CONTROL_UNREACHABLE') {
      const fix = 'start it: airssys-wasm gatewayd --config FILE; or name its --socket';
      throw new CliError('CLI_UNREACHABLE', `no daemon listens at ${path}`, { cause, fix });
    }
    if (errorCode(cause) === 'CONTROL_DENIED') {
      const fix = 'run it as root, or as the user of the daemon';
      throw new CliError('CLI_DENIED', `you may not use ${path}`, { cause, fix });
    }
    throw cause;
  }
}
