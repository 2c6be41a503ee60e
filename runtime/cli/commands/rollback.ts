import type { Command } from 'commander';
import { installedSchema } from '../../control/reports.ts';
import type { CliContext } from '../context.ts';
import { withDaemon } from '../daemon.ts';

const ROLLBACK_MS = 120_000;

/** `rollback`: returns to the release in the other slot. */
export function registerRollback(program: Command, context: CliContext): void {
  program
    .command('rollback')
    .description('return to the release in the other slot')
    .option('--reason <text>', 'kept for airssys-wasm why', 'an operator asked for it')
    .action(async (flags: { readonly reason: string }) => {
      const report = await withDaemon(context, daemon =>
        daemon.ask({ method: 'rollback', params: { reason: flags.reason } }, installedSchema, {
          timeoutMs: context.globals().timeoutMs ?? ROLLBACK_MS,
        }),
      );
      if (context.globals().json) {
        context.out.document('airssys.rollback/1', report);
        return;
      }
      const { name, version, slot } = report;
      context.out.line(`back on ${name} ${version} in slot ${slot.toUpperCase()}`);
    });
}
