import type { Command } from 'commander';
import { rootUpdatedSchema } from '../../control/reports.ts';
import { DOCUMENT_BYTES_MAX } from '../../trust/document.ts';
import type { CliContext } from '../context.ts';
import { withDaemon } from '../daemon.ts';

/** `root update`: gives the daemon the root that follows the one in force. */
export function registerRootUpdate(root: Command, context: CliContext): void {
  root
    .command('update')
    .description('have the gateway adopt the next root: verified by the one in force')
    .argument('<root>', 'the next root, signed')
    .action(async (file: string) => {
      await update(file, context);
    });
}

async function update(file: string, context: CliContext): Promise<void> {
  const bytes = await context.system.files.read(file, DOCUMENT_BYTES_MAX);
  const document = Buffer.from(bytes).toString('base64');
  const updated = await withDaemon(context, daemon =>
    daemon.ask({ method: 'root-update', params: { document } }, rootUpdatedSchema, {
      timeoutMs: context.globals().timeoutMs,
    }),
  );
  if (context.globals().json) context.out.document('airssys.root-update/1', updated);
  else context.out.line(`root ${updated.version} is in force`);
}
