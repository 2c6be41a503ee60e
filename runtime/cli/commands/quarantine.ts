import type { Command } from 'commander';
import * as v from 'valibot';
import type { CliContext } from '../context.ts';
import { withDaemon } from '../daemon.ts';

/** `release-quarantine`: lets a controller start again that ended too often. */
export function registerReleaseQuarantine(program: Command, context: CliContext): void {
  program
    .command('release-quarantine')
    .description('let a quarantined controller start again')
    .argument('<name>', 'the controller')
    .action(async (controller: string) => {
      const outcome = await withDaemon(context, daemon =>
        daemon.ask(
          { method: 'release', params: { controller } },
          v.picklist(['released', 'not-quarantined']),
        ),
      );
      if (context.globals().json)
        context.out.document('airssys.release/1', { controller, outcome });
      else if (outcome === 'released') context.out.line(`${controller} starts again`);
      else context.out.line(`${controller} is not quarantined`);
    });
}
