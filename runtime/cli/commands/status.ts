import type { Command } from 'commander';
import {
  type ControllerReport,
  type SlotReport,
  type StatusReport,
  statusSchema,
} from '../../control/reports.ts';
import type { CliContext } from '../context.ts';
import { withDaemon } from '../daemon.ts';
import { formatBytes, formatDuration } from '../durations.ts';
import { CliError } from '../errors.ts';
import { EXIT } from '../exit-codes.ts';
import { type CliOutput, cut } from '../output.ts';

const COLUMNS = 80;
const COLOR_OF = { ok: 'green', degraded: 'yellow', failing: 'red' } as const;

/** `status`: the gateway at a glance. Exit code 3 where something is wrong. */
export function registerStatus(program: Command, context: CliContext): void {
  program
    .command('status')
    .description('the gateway at a glance; exit code 3 when something is wrong')
    .argument('[name]', 'one controller only')
    .option('--walls', 'each protection around the processes that run controllers')
    .action(async (name: string | undefined, flags: { readonly walls?: true }) => {
      const report = await withDaemon(context, daemon =>
        daemon.ask({ method: 'status', params: {} }, statusSchema),
      );
      if (flags.walls === true) walls(report, name, context);
      else if (name !== undefined) one(report, name, context);
      else whole(report, context);
    });
}

function whole(report: StatusReport, context: CliContext): void {
  if (context.globals().json) context.out.document('airssys.status/1', report);
  else print(report, context.out);
  if (report.verdict !== 'ok') context.finish(EXIT.unhealthy);
}

/** Prints what stands around each host. Exit code 3 where something that is demanded does not. */
function walls(report: StatusReport, name: string | undefined, context: CliContext): void {
  if (name !== undefined) {
    throw new CliError('CLI_USAGE', 'walls stand around all controllers; leave the name out');
  }
  const first = { vendor: null, ...report.host };
  const hosts = [first, ...(report.otherHosts ?? [])];
  if (context.globals().json) {
    context.out.document('airssys.walls/1', { hosts });
  } else {
    for (const { vendor, pid, walls: all } of hosts) {
      const up = all.filter(({ state }) => state === 'up').length;
      const whose = vendor === null ? '' : ` of ${vendor}`;
      const process = pid === null ? 'not running' : `process ${pid}`;
      context.out.line(`component-host${whose}  ${process}  ${up} of ${all.length} walls stand`);
      const rows = all.map(({ name: wall, state, detail }) => [wall, state, detail]);
      context.out.table(['WALL', 'STATE', 'DETAIL'], rows, COLUMNS);
    }
  }
  if (report.verdict === 'failing') context.finish(EXIT.unhealthy);
}

function one(report: StatusReport, name: string, context: CliContext): void {
  const controller = report.controllers.find(each => each.name === name);
  if (controller === undefined) {
    const fix = 'airssys-wasm list';
    throw new CliError('CLI_NOT_FOUND', `no controller is named ${name}`, { fix });
  }
  if (context.globals().json) {
    context.out.document('airssys.status.controller/1', controller);
  } else {
    printTable([controller], context.out);
    if (controller.message !== null) context.out.line(`  ${controller.message}`);
    const { waiting, handled, lost } = controller;
    context.out.line(`  messages: ${handled} handled, ${waiting} waiting, ${lost} lost`);
  }
  const sound = controller.state === 'running' && controller.health !== 'unhealthy';
  if (!sound) context.finish(EXIT.unhealthy);
}

/** Prints the first screen: at most 80 columns. */
function print(report: StatusReport, out: CliOutput): void {
  const { verdict, problems, slots, lastChange } = report;
  const word = out.paint(COLOR_OF[verdict], verdict.toUpperCase());
  const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
  const head = [
    report.gateway,
    word,
    ...(problems.length === 0 ? [] : [count]),
    `up ${formatDuration(report.uptimeMs)}`,
    `airssys-wasm ${report.runtimeVersion}`,
    slotWords(slots),
  ];
  const troubles = problems.flatMap(({ subject, what, fix }) => [
    ` ! ${cut(`${subject}  ${what}`, COLUMNS - 3)}`,
    ...(fix === null ? [] : [`   next: ${fix}`]),
  ]);
  const links = report.mqtt.map(({ connection, connected, address, queued, dropped, refused }) => {
    const state = connected ? 'connected' : 'disconnected';
    const lost = dropped + refused === 0 ? '' : ` lost ${dropped + refused}`;
    return cut(`mqtt ${connection}  ${state} ${address}   outbox ${queued}${lost}`, COLUMNS);
  });
  const last = lastChange === null ? [] : [lastWords(lastChange)];
  const notices = report.notices.map(notice => ` - ${cut(notice, COLUMNS - 3)}`);
  for (const line of [head.join('  '), ...troubles, ...notices]) out.line(line);
  printTable(report.controllers, out);
  for (const line of [...links, ...last]) out.line(line);
}

function printTable(controllers: readonly ControllerReport[], out: CliOutput): void {
  if (controllers.length === 0) {
    out.line('no controllers');
    return;
  }
  const header = ['NAME', 'VER', 'STATE', 'SINCE', 'RST', 'MEM', 'CAPS'];
  const rows = controllers.map(controller => [
    cut(controller.name, 24),
    cut(controller.version, 12),
    stateWord(controller),
    formatDuration(controller.forMs),
    String(controller.restarts),
    formatBytes(controller.memoryBytes),
    controller.capabilities.join(' '),
  ]);
  out.table(header, rows, COLUMNS);
}

function stateWord({ state, health }: ControllerReport): string {
  if (state !== 'running') return state;
  return health === 'degraded' || health === 'unhealthy' ? health : 'running';
}

function slotWords({ a, b }: StatusReport['slots']): string {
  const words = (name: string, slot: SlotReport) =>
    slot.active ? `slot ${name} (${slot.state})` : `${name} ${slot.version}`;
  const both = [
    ...(a === null ? [] : [{ text: words('A', a), active: a.active }]),
    ...(b === null ? [] : [{ text: words('B', b), active: b.active }]),
  ];
  if (both.length === 0) return 'no release';
  return both
    .sort((one, other) => Number(other.active) - Number(one.active))
    .map(({ text }) => text)
    .join(', ');
}

function lastWords({ what, agoMs }: { what: string; agoMs: number }): string {
  return cut(`last update ${what} ${formatDuration(agoMs)} ago`, COLUMNS);
}
