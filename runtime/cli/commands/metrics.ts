import type { Command } from 'commander';
import * as v from 'valibot';
import type { CliContext } from '../context.ts';
import { withDaemon } from '../daemon.ts';

const pieceSchema = v.object({ text: v.string() });

/** `metrics`: every figure of the gateway, as Prometheus reads it. */
export function registerMetrics(program: Command, context: CliContext): void {
  program
    .command('metrics')
    .description('every figure of the gateway, as Prometheus reads it')
    .action(async () => {
      let text = '';
      await withDaemon(context, daemon =>
        daemon.ask({ method: 'metrics', params: {} }, v.null(), {
          onEvent: value => {
            text += v.parse(pieceSchema, value).text;
          },
        }),
      );
      if (context.globals().json) context.out.document('airssys.metrics/1', { text });
      else context.out.line(text.trimEnd());
    });
}
