import type { Command } from 'commander';
import { listSchema } from '../../control/reports.ts';
import type { CliContext } from '../context.ts';
import { withDaemon } from '../daemon.ts';
import { formatBytes } from '../durations.ts';

/** `list`: the controllers of the running release. */
export function registerList(program: Command, context: CliContext): void {
  program
    .command('list')
    .description('the controllers of the running release')
    .option('--caps', 'with their effective grants')
    .action(async (flags: { readonly caps?: boolean }) => {
      const report = await withDaemon(context, daemon =>
        daemon.ask({ method: 'list', params: {} }, listSchema),
      );
      const { out } = context;
      const { json, plain } = context.globals();
      if (json) {
        out.document('airssys.list/1', report);
        return;
      }
      if (report.release === null) {
        out.note('no release is installed: airssys-wasm install FILE');
        return;
      }
      const header = ['NAME', 'VERSION', 'STATE', 'SIZE', 'COMPONENT'];
      const rows = report.controllers.flatMap(({ name, version, state, parts, ...own }) => [
        [name, version, state, formatBytes(own.sizeBytes), own.digest.slice(0, 12)],
        // A script reads controllers, line by line; JSON has the parts.
        ...(plain ? [] : parts).map(part => [
          `  part ${name}/${part.name}`,
          '',
          '',
          formatBytes(part.sizeBytes),
          part.digest.slice(0, 12),
        ]),
      ]);
      out.table(header, rows);
      if (flags.caps !== true) return;
      for (const { name, grants } of report.controllers) {
        out.line('');
        out.line(`${name} may`);
        for (const grant of grants) out.line(`  ${grant}`);
      }
    });
}
