import type { Command } from 'commander';
import { trustUpdatedSchema } from '../../control/reports.ts';
import { DOCUMENT_BYTES_MAX } from '../../trust/document.ts';
import type { CliContext } from '../context.ts';
import { withDaemon } from '../daemon.ts';

/** `trust update`: gives the daemon the next root, or a newer list of revocations. */
export function registerTrustUpdate(trust: Command, context: CliContext): void {
  trust
    .command('update')
    .description('have the gateway adopt the next root, or a list of revocations')
    .argument('<file>', 'the root or list, signed')
    .action(async (file: string) => {
      await update(file, context);
    });
}

async function update(file: string, context: CliContext): Promise<void> {
  const bytes = await context.system.files.read(file, DOCUMENT_BYTES_MAX);
  const document = Buffer.from(bytes).toString('base64');
  const updated = await withDaemon(context, daemon =>
    daemon.ask({ method: 'trust-update', params: { document } }, trustUpdatedSchema, {
      timeoutMs: context.globals().timeoutMs,
    }),
  );
  if (context.globals().json) context.out.document('airssys.trust-update/1', updated);
  else context.out.line(`${updated.kind} ${updated.version} in force`);
}
