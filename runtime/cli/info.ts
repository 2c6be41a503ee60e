import type { Command } from 'commander';
import { type EnvelopeClaims, inspectEnvelope } from '../manifest/inspect-envelope.ts';
import { ENVELOPE_BYTES_MAX } from '../manifest/limits.ts';
import { imagesOf } from '../manifest/release.ts';
import { reportShape, type ShapeReport, shapeLines } from './component-shapes.ts';
import type { CliContext } from './context.ts';
import { formatBytes } from './durations.ts';
import { alignColumns } from './output.ts';

interface InfoFlags {
  readonly caps?: boolean;
  readonly wit?: boolean;
}

/** `info`: shows what a signed release says of itself. */
export function registerInfo(program: Command, context: CliContext): void {
  program
    .command('info')
    .description('show what a signed release contains, without verifying it')
    .argument('<file>', 'the signed release')
    .option('--caps', 'the capabilities that each controller requests')
    .option('--wit', 'the interfaces that each controller imports and exports')
    .action(async (file: string, flags: InfoFlags) => {
      await info(file, flags, context);
    });
}

async function info(file: string, flags: InfoFlags, context: CliContext): Promise<void> {
  const bytes = await context.system.files.read(file, ENVELOPE_BYTES_MAX);
  const claims = inspectEnvelope(bytes);
  const shapes = flags.wit === true ? await readShapes(claims) : null;
  if (context.globals().json) {
    const { release, manifestDigest, signatures } = claims;
    context.out.document('airssys.info/1', {
      verified: null,
      bytes: bytes.length,
      manifestDigest,
      signatures,
      release,
      ...(shapes === null ? {} : { shapes: Object.fromEntries(shapes) }),
    });
    return;
  }
  context.out.note('not verified: this is what the file says of itself (airssys-wasm verify)');
  for (const line of summary(claims)) context.out.line(line);
  if (flags.caps === true) for (const line of requests(claims)) context.out.line(line);
  for (const [name, report] of shapes ?? []) {
    context.out.line('');
    context.out.line(`${name} speaks`);
    for (const line of shapeLines(report)) context.out.line(line);
  }
}

/** Shapes by controller, or `CONTROLLER/PART`; a component that is not in the file has none. */
async function readShapes({ release, payloads }: EnvelopeClaims) {
  const shapes: [controller: string, report: ShapeReport][] = [];
  for (const { label, digest } of imagesOf(release)) {
    const bytes = payloads.get(digest);
    if (bytes !== undefined) shapes.push([label, await reportShape(bytes)]);
  }
  return shapes;
}

function summary({ release, manifestDigest, signatures }: EnvelopeClaims): string[] {
  const keys = signatures.map(({ keyId }) => keyId.slice(0, 32)).join(', ');
  const facts = [
    ['release', `${release.name} ${release.version}, sequence ${release.sequence}`],
    ['vendor', `${release.vendor}, for class ${release.gatewayClass}`],
    ['runtime', `${release.minimumRuntime} or newer`],
    ['digest', manifestDigest],
    ['signed by', keys === '' ? 'nobody' : keys],
  ];
  if (release.description !== '') facts.push(['about', release.description]);
  const header = ['CONTROLLER', 'VERSION', 'BYTES', 'REQUESTS', 'COMPONENT', 'MEMORY'];
  const rows = release.controllers.flatMap(({ name, version, requests, ...controller }) => [
    [
      name,
      version,
      String(controller.sizeBytes),
      String(requests.length),
      controller.digest.slice(0, 12),
      '',
    ],
    ...controller.parts.map(part => [
      `  part ${name}/${part.name}`,
      '',
      String(part.sizeBytes),
      '',
      part.digest.slice(0, 12),
      formatBytes(part.memoryBytesMax),
    ]),
  ]);
  const links = release.controllers.flatMap(({ name: owner, links: own }) => {
    const label = (one: string) => (one === owner ? owner : `${owner}/${one}`);
    return own.map(({ importer, interface: what, exporter }) => {
      return `${label(importer)} imports ${what} from ${label(exporter)}`;
    });
  });
  const table = alignColumns([header, ...rows]);
  return [...alignColumns(facts), '', ...table, ...(links.length === 0 ? [] : ['', ...links])];
}

function requests({ release }: EnvelopeClaims): string[] {
  return release.controllers.flatMap(({ name, requests }) => [
    '',
    `${name} requests`,
    ...requests.flatMap(({ grant, reason, optional }) => [
      `  ${grant}${optional ? '  (optional)' : ''}`,
      `      ${reason}`,
    ]),
  ]);
}
