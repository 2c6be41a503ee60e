import type { Command } from 'commander';
import { errorMessage, GatewayError } from '../base/errors.ts';
import { requireRuntimeFit } from '../deploy/runtime-fit.ts';
import { requireInDate } from '../manifest/in-date.ts';
import { formatInstant, parseInstant } from '../manifest/instant.ts';
import { ENVELOPE_BYTES_MAX } from '../manifest/limits.ts';
import { imagesOf } from '../manifest/release.ts';
import {
  authenticateEnvelope,
  VERIFICATION_LAYERS,
  type VerificationLayer,
  type VerifiedRelease,
} from '../manifest/verify-envelope.ts';
import { DOCUMENT_BYTES_MAX } from '../trust/document.ts';
import type { Root } from '../trust/root.ts';
import { verifyFirstRoot } from '../trust/root-chain.ts';
import { requireRootInForce } from '../trust/time.ts';
import type { CliContext } from './context.ts';
import { CliError } from './errors.ts';
import { alignColumns } from './output.ts';
import { rootOfRole } from './required-role.ts';

interface VerifyFlags {
  readonly root: string;
  readonly allowEddsaGeneric?: boolean;
  readonly at?: string;
  readonly require?: string;
}

/** `verify`: checks a signed release against a root, layer by layer. */
export function registerVerify(program: Command, context: CliContext): void {
  program
    .command('verify')
    .description('check a signed release: envelope, signature, manifest, payloads, policy')
    .argument('<file>', 'the signed release')
    .requiredOption('--root <file>', 'the root: who may sign what (airssys-wasm root init)')
    .option('--allow-eddsa-generic', 'also accept COSE algorithm -8, which older tools write')
    .option(
      '--at <time>',
      'whether it could be installed then: 2027-01-31T12:00:00Z (default: now)',
    )
    .option('--require <role>', 'only if this release role vouches for it')
    .action(async (file: string, flags: VerifyFlags) => {
      await verify(file, flags, context);
    });
}

async function verify(file: string, flags: VerifyFlags, context: CliContext): Promise<void> {
  const { files, clock, runtimeVersion } = context.system;
  const nowS = flags.at === undefined ? clock.wallMs() / 1_000 : momentOf(flags.at);
  const whole = verifyFirstRoot(await files.read(flags.root, DOCUMENT_BYTES_MAX));
  const root = rootOfRole(whole, flags.require);
  requireRootInForce(root, nowS);
  const bytes = await files.read(file, ENVELOPE_BYTES_MAX);
  const passed: VerificationLayer[] = [];
  try {
    const verified = authenticateEnvelope(bytes, [root], {
      acceptEdDsa: flags.allowEddsaGeneric === true,
      // The structure of components is a part of this layer.
      onPassed: layer => layer !== 'payload' && passed.push(layer),
    });
    // Loaded here only: it needs the linker.
    const { requireStructure } = await import('./structure-check.ts');
    await requireStructure(verified);
    passed.push('payload');
    requireRuntimeFit(verified.release, runtimeVersion);
    requireInDate(verified.release, nowS);
    reportPassed(verified, root, bytes, context);
  } catch (error) {
    if (error instanceof GatewayError && !context.globals().json) reportFailed(passed, context);
    throw error;
  }
}

function momentOf(text: string): number {
  try {
    return parseInstant(text);
  } catch (cause) {
    throw new CliError('CLI_USAGE', `--at: ${errorMessage(cause)}`, { cause });
  }
}

function reportPassed(
  verified: VerifiedRelease,
  root: Root,
  bytes: Uint8Array,
  context: CliContext,
): void {
  const { release, components, manifestDigest, authority } = verified;
  const { keyIds, roles, rootVersion } = authority;
  if (context.globals().json) {
    context.out.document('airssys.verify/1', {
      verified: true,
      layers: VERIFICATION_LAYERS,
      name: release.name,
      version: release.version,
      sequence: release.sequence,
      manifestDigest,
      keyIds,
      roles,
      rootVersion,
    });
    return;
  }
  const signers = root.keys.filter(key => keyIds.includes(key.keyId));
  const names = signers.map(key => `${key.name} ${key.keyId.slice(0, 12)}`).join(', ');
  const images = imagesOf(release).length;
  const { useBeforeS } = release;
  const before = useBeforeS === undefined ? '' : `, use before ${formatInstant(useBeforeS)}`;
  const details: Record<VerificationLayer, string> = {
    envelope: `${bytes.length} bytes, digest ${manifestDigest.slice(0, 12)}`,
    signature: `${names} for ${roles.join(', ')}, root ${rootVersion}`,
    manifest: `${release.name} ${release.version}, sequence ${release.sequence}`,
    payload: `${components.size} components for ${images} places`,
    policy: `runtime >= ${release.minimumRuntime}${before}; grants and board: at install`,
  };
  if (components.size === images) {
    details.payload = `${components.size} ${components.size === 1 ? 'component' : 'components'}`;
  }
  const rows = VERIFICATION_LAYERS.map(layer => ['ok', layer, details[layer]]);
  printRows(rows, context);
}

function reportFailed(passed: readonly VerificationLayer[], context: CliContext): void {
  const rows = VERIFICATION_LAYERS.map((layer, index) => {
    if (index < passed.length) return ['ok', layer];
    return [index === passed.length ? 'FAIL' : '-', layer];
  });
  printRows(rows, context);
}

function printRows(rows: readonly (readonly string[])[], context: CliContext): void {
  for (const row of alignColumns(rows)) {
    const word = row.split(' ')[0] ?? '';
    const painted = context.out.paint(word === 'ok' ? 'green' : 'red', word);
    context.out.line(painted + row.slice(word.length));
  }
}
