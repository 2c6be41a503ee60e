import type { Command } from 'commander';
import { type WhyReport, whySchema } from '../../control/reports.ts';
import type { CliContext } from '../context.ts';
import { withDaemon } from '../daemon.ts';
import { formatMoment } from '../durations.ts';
import { EXIT } from '../exit-codes.ts';

/** `why`: what led to the last denials, restarts and rollbacks, and what would fix them. */
export function registerWhy(program: Command, context: CliContext): void {
  program
    .command('why')
    .description('what led to the last denial, restart, quarantine or rollback')
    .argument('[name]', 'a controller or a release')
    .action(async (name: string | undefined) => {
      const report = await withDaemon(context, daemon =>
        daemon.ask({ method: 'why', params: { name: name ?? null } }, whySchema),
      );
      if (context.globals().json) context.out.document('airssys.why/1', report);
      else for (const line of whyLines(report)) context.out.line(line);
      if (report.causes.length > 0) return;
      context.out.note(name === undefined ? 'nothing to explain' : `nothing known about ${name}`);
      if (name !== undefined) context.finish(EXIT.notFound);
    });
}

function whyLines({ causes }: WhyReport): string[] {
  return causes.flatMap(({ kind, subject, what, causedBy, fix, lastWallMs, times }) => {
    const repeated = times === 1 ? '' : ` (${times} times)`;
    return [
      `${formatMoment(lastWallMs)}  ${kind}  ${subject}: ${what}${repeated}`,
      ...causedBy.map(cause => `  caused by: ${cause}`),
      ...(fix === null ? [] : [`  fix: ${fix}`]),
    ];
  });
}
