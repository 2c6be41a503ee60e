import type { Command } from 'commander';
import * as v from 'valibot';
import { type InstalledReport, installedSchema, installStepSchema } from '../../control/reports.ts';
import { ENVELOPE_BYTES_MAX } from '../../manifest/limits.ts';
import type { CliContext } from '../context.ts';
import { withDaemon } from '../daemon.ts';

/** An installation includes staging and the trial; without `--timeout` it may take so long. */
const INSTALL_MS = 15 * 60_000;

interface InstallFlags {
  readonly wait?: boolean;
  readonly token?: string;
}

/** Of a recovery token with its signatures. */
const TOKEN_BYTES_MAX = 12 * 1_024;

/** `install`: sends a signed release to the daemon, which verifies, tries and commits it. */
export function registerInstall(program: Command, context: CliContext): void {
  program
    .command('install')
    .description('install a signed release: verified, tried, then committed or taken back')
    .argument('<file>', 'the signed release')
    .option('--wait', 'until it is committed (or taken back), not only until it runs')
    .option('--token <file>', 'a recovery token: the release may be older than what was committed')
    .action(async (file: string, flags: InstallFlags) => {
      await install(file, flags, context);
    });
}

async function install(file: string, flags: InstallFlags, context: CliContext): Promise<void> {
  const { files } = context.system;
  const upload = await files.read(file, ENVELOPE_BYTES_MAX);
  const token = flags.token === undefined ? null : await files.read(flags.token, TOKEN_BYTES_MAX);
  const params = {
    sizeBytes: upload.length,
    wait: flags.wait === true,
    ...(token === null ? {} : { token: Buffer.from(token).toString('base64') }),
  };
  const installed = await withDaemon(context, daemon =>
    daemon.ask({ method: 'install', params }, installedSchema, {
      upload,
      timeoutMs: context.globals().timeoutMs ?? INSTALL_MS,
      onEvent: value => {
        const step = v.safeParse(installStepSchema, value);
        if (step.success) context.out.note(stepWords(step.output));
      },
    }),
  );
  if (context.globals().json) context.out.document('airssys.install/1', installed);
  else context.out.line(installedWords(installed));
  if (installed.state === 'trial') context.out.note('see how it does: airssys-wasm status');
}

function stepWords(step: v.InferOutput<typeof installStepSchema>): string {
  if (step.step !== 'trial') return `${step.step}: ${step.detail}`;
  const { name, version, slot } = step.installed;
  return `trial: ${name} ${version} runs in slot ${slot.toUpperCase()}`;
}

function installedWords({ name, version, slot, state }: InstalledReport): string {
  const words = state === 'trial' ? 'on trial' : 'committed';
  return `${name} ${version} ${words} in slot ${slot.toUpperCase()}`;
}
