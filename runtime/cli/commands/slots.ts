import type { Command } from 'commander';
import { type SlotReport, slotsSchema } from '../../control/reports.ts';
import type { CliContext } from '../context.ts';
import { withDaemon } from '../daemon.ts';

/** `slots`: what both slots hold, and what led to it. */
export function registerSlots(program: Command, context: CliContext): void {
  program
    .command('slots')
    .description('what both slots hold')
    .action(async () => {
      const report = await withDaemon(context, daemon =>
        daemon.ask({ method: 'slots', params: {} }, slotsSchema),
      );
      const { out } = context;
      if (context.globals().json) {
        out.document('airssys.slots/1', report);
        return;
      }
      const header = ['SLOT', 'RELEASE', 'VERSION', 'SEQUENCE', 'STATE', 'MANIFEST'];
      const rows = [row('A', report.a), row('B', report.b)];
      out.table(header, rows);
      if (report.triesLeft !== null) out.line(`trial: ${report.triesLeft} tries left`);
      if (report.lastCause !== null) out.line(`last switch: ${report.lastCause}`);
      for (const { manifestDigest, cause } of report.bad) {
        out.line(`bad: ${manifestDigest.slice(0, 12)}  ${cause}`);
      }
    });
}

function row(name: string, slot: SlotReport | null): string[] {
  if (slot === null) return [name, '(empty)'];
  const { version, sequence, manifestDigest } = slot;
  const state = slot.active ? `${slot.state}, active` : slot.state;
  return [name, slot.name, version, String(sequence), state, manifestDigest.slice(0, 12)];
}
