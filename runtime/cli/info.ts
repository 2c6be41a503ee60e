import type { Command } from 'commander';
import { type EnvelopeClaims, inspectEnvelope } from '../manifest/inspect-envelope.ts';
import { formatInstant } from '../manifest/instant.ts';
import { ENVELOPE_BYTES_MAX } from '../manifest/limits.ts';
import { type ControllerSpec, imagesOf, type Release } from '../manifest/release.ts';
import { decodeTexts, type ReleaseTexts, readSbom } from '../manifest/severable.ts';
import { reportShape, type ShapeReport, shapeLines } from './component-shapes.ts';
import type { CliContext } from './context.ts';
import { formatBytes, formatDuration } from './durations.ts';
import { CliError } from './errors.ts';
import { alignColumns } from './output.ts';

interface InfoFlags {
  readonly caps?: boolean;
  readonly sbom?: boolean;
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
    .option('--sbom', 'its bill of materials alone, as JSON (CycloneDX)')
    .action(async (file: string, flags: InfoFlags) => {
      await info(file, flags, context);
    });
}

async function info(file: string, flags: InfoFlags, context: CliContext): Promise<void> {
  const bytes = await context.system.files.read(file, ENVELOPE_BYTES_MAX);
  const claims = inspectEnvelope(bytes);
  if (flags.sbom === true) return printSbom(file, claims, context);
  const texts = claims.severable.text === undefined ? {} : decodeTexts(claims.severable.text);
  const shapes = flags.wit === true ? await readShapes(claims) : null;
  if (context.globals().json) {
    const { release, manifestDigest, signatures } = claims;
    context.out.document('airssys.info/1', {
      verified: null,
      bytes: bytes.length,
      manifestDigest,
      signatures,
      release,
      texts,
      ...(shapes === null ? {} : { shapes: Object.fromEntries(shapes) }),
    });
    return;
  }
  context.out.note('not verified: this is what the file says of itself (airssys-wasm verify)');
  for (const line of summary(claims)) context.out.line(line);
  for (const line of textLines(texts)) context.out.line(line);
  if (flags.caps === true) for (const line of requests(claims)) context.out.line(line);
  for (const [name, report] of shapes ?? []) {
    context.out.line('');
    context.out.line(`${name} speaks`);
    for (const line of shapeLines(report)) context.out.line(line);
  }
}

/** With `--json` and without: the document alone, in ASCII, for other programs. */
function printSbom(file: string, { release, severable }: EnvelopeClaims, context: CliContext) {
  if (severable.sbom === undefined) {
    const why = release.sbomDigest === undefined ? 'was signed without one' : 'has lost it';
    throw new CliError('CLI_NOT_FOUND', `${file} has no bill of materials: it ${why}`);
  }
  const json = JSON.stringify(readSbom(severable.sbom), null, 2);
  context.out.note('not verified: this is what the file says of itself (airssys-wasm verify)');
  context.out.line(json.replace(/[^\n\x20-\x7e]/g, escapeUnit));
}

function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

function textLines(texts: ReleaseTexts): string[] {
  return Object.entries(texts).flatMap(([language, { description, update }]) => [
    '',
    `in language ${language}`,
    ...(description === undefined ? [] : [`  ${description}`]),
    ...(update === undefined ? [] : [`  new: ${update}`]),
  ]);
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
    ...options(release),
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
  const more = [...release.controllers.flatMap(peculiarities), ...links];
  return [...alignColumns(facts), '', ...table, ...(more.length === 0 ? [] : ['', ...more])];
}

/** What a release need not say, where it says it. */
function options({ issuedS, useBeforeS, boardClass, soakMs }: Release): string[][] {
  const facts: string[][] = [];
  if (boardClass !== undefined) facts.push(['board', `class ${boardClass}`]);
  if (issuedS !== undefined) facts.push(['issued', formatInstant(issuedS)]);
  if (useBeforeS !== undefined) facts.push(['use before', formatInstant(useBeforeS)]);
  if (soakMs !== undefined) facts.push(['soak', `${formatDuration(soakMs)} or longer`]);
  return facts;
}

/** What a controller need not say, where it says it. */
function peculiarities(spec: ControllerSpec): string[] {
  const { name, world, replicas, strategy, state, uris } = spec;
  const words: string[] = [];
  if (world !== undefined) words.push(`${name} keeps to world ${world}`);
  if (replicas !== undefined) words.push(`${name} runs ${replicas} times`);
  if (strategy !== undefined) words.push(`${name} is replaced by strategy ${strategy}`);
  if (state !== undefined) {
    words.push(`${name} restores state of schema ${state.schemaMin} to ${state.schemaMax}`);
  }
  for (const uri of uris ?? []) words.push(`${name} can be had at ${uri}`);
  for (const part of spec.parts) {
    for (const uri of part.uris ?? []) words.push(`${name}/${part.name} can be had at ${uri}`);
  }
  return words;
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
