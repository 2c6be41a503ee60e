import type { Command } from 'commander';
import { lt as isOlder } from 'semver';
import { GatewayError } from '../base/errors.ts';
import { ReleaseError } from '../manifest/errors.ts';
import { ENVELOPE_BYTES_MAX } from '../manifest/limits.ts';
import { imagesOf, type Release } from '../manifest/release.ts';
import {
  VERIFICATION_LAYERS,
  type VerificationLayer,
  type VerifiedRelease,
  verifyEnvelope,
} from '../manifest/verify-envelope.ts';
import { parseTrust, TRUST_FILE_BYTES_MAX, type Trust } from '../signing/trust.ts';
import type { CliContext } from './context.ts';
import { alignColumns } from './output.ts';
import { decodeText } from './text-files.ts';

interface VerifyFlags {
  readonly trust: string;
  readonly acceptEddsa?: boolean;
}

/** `verify`: checks a signed release against trusted keys, layer by layer. */
export function registerVerify(program: Command, context: CliContext): void {
  program
    .command('verify')
    .description('check a signed release: envelope, signature, manifest, payloads, policy')
    .argument('<file>', 'the signed release')
    .requiredOption('--trust <file>', 'trusted keys (trust.toml, or the .pub file of keygen)')
    .option('--accept-eddsa', 'also accept COSE algorithm -8, which older tools write')
    .action(async (file: string, flags: VerifyFlags) => {
      await verify(file, flags, context);
    });
}

async function verify(file: string, flags: VerifyFlags, context: CliContext): Promise<void> {
  const { files, runtimeVersion } = context.system;
  const trustText = decodeText(await files.read(flags.trust, TRUST_FILE_BYTES_MAX), flags.trust);
  const trust = parseTrust(trustText, flags.trust);
  const bytes = await files.read(file, ENVELOPE_BYTES_MAX);
  const passed: VerificationLayer[] = [];
  try {
    const verified = verifyEnvelope(bytes, trust, {
      acceptEdDsa: flags.acceptEddsa === true,
      policy: release => requireRuntime(release, runtimeVersion),
      onPassed: layer => passed.push(layer),
    });
    reportPassed(verified, trust, bytes, context);
  } catch (error) {
    if (error instanceof GatewayError && !context.globals().json) reportFailed(passed, context);
    throw error;
  }
}

/** The part of the policy that needs no gateway. */
function requireRuntime(release: Release, runtimeVersion: string): void {
  if (!isOlder(runtimeVersion, release.minimumRuntime)) return;
  throw new ReleaseError(
    'POLICY_RUNTIME_TOO_OLD',
    `needs airssys-wasm ${release.minimumRuntime}, this is ${runtimeVersion}`,
  );
}

function reportPassed(
  verified: VerifiedRelease,
  trust: Trust,
  bytes: Uint8Array,
  context: CliContext,
): void {
  const { release, components, manifestDigest, keyIds } = verified;
  if (context.globals().json) {
    context.out.document('airssys.verify/1', {
      verified: true,
      layers: VERIFICATION_LAYERS,
      name: release.name,
      version: release.version,
      sequence: release.sequence,
      manifestDigest,
      keyIds,
    });
    return;
  }
  const signers = trust.keys.filter(key => keyIds.includes(key.keyId));
  const images = imagesOf(release).length;
  const details: Record<VerificationLayer, string> = {
    envelope: `${bytes.length} bytes, digest ${manifestDigest.slice(0, 12)}`,
    signature: signers.map(key => `${key.name} ${key.keyId.slice(0, 12)}`).join(', '),
    manifest: `${release.name} ${release.version}, sequence ${release.sequence}`,
    payload: `${components.size} components for ${images} places`,
    policy: `runtime >= ${release.minimumRuntime}; grants and board: at install`,
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
