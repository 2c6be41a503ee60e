import type { Command } from 'commander';
import {
  ENVELOPE_BYTES_MAX,
  RELEASE_TOML_CHARACTERS_MAX,
  SBOM_BYTES_MAX,
} from '../manifest/limits.ts';
import { completeRelease, componentPaths, parseReleaseToml } from '../manifest/release-toml.ts';
import { signRelease } from '../manifest/sign-release.ts';
import { verifyEnvelope } from '../manifest/verify-envelope.ts';
import { type PrivateKey, publicKeyOf } from '../signing/ed25519.ts';
import { trustedKey } from '../signing/trusted-key.ts';
import { DOCUMENT_BYTES_MAX } from '../trust/document.ts';
import type { Root } from '../trust/root.ts';
import { verifyFirstRoot } from '../trust/root-chain.ts';
import { rootOfKeys } from '../trust/root-toml.ts';
import type { CliContext } from './context.ts';
import { CliError } from './errors.ts';
import { keyFilesOf, readPrivateKeys, withKeyOption } from './private-keys.ts';
import { rootOfRole } from './required-role.ts';
import { decodeText } from './text-files.ts';

interface SignOptions {
  readonly key?: readonly string[];
  readonly out: string;
  readonly root?: string;
  readonly role?: string;
}

/** `sign`: makes the envelope of a release.toml and its components. */
export function registerSign(program: Command, context: CliContext): void {
  withKeyOption(program.command('sign'))
    .description('sign a release: release.toml and its components become one file')
    .argument('<release.toml>', 'the release; component paths are relative to its folder')
    .requiredOption(
      '--out <file>',
      'where the signed release goes; a file of that name is replaced',
    )
    .option('--root <file>', 'refuse what a gateway with this root would refuse')
    .option('--role <name>', 'with --root: refuse unless this release role vouches for it')
    .action(async (file: string, options: SignOptions) => {
      await sign(file, options, context);
    });
}

async function sign(file: string, options: SignOptions, context: CliContext): Promise<void> {
  const { files } = context.system;
  const { key: keyFiles = [] } = options;
  if (keyFiles.length === 0) {
    const fix = 'airssys-wasm keygen makes a key';
    throw new CliError('CLI_USAGE', "required option '--key <file>' not specified", { fix });
  }
  const keys = await readPrivateKeys(keyFiles, context);
  const text = decodeText(await files.read(file, RELEASE_TOML_CHARACTERS_MAX), file);
  const draft = parseReleaseToml(text, file);
  const bytesByPath = new Map<string, Uint8Array>();
  const inputs = [...keyFilesOf(keyFiles), file];
  for (const component of componentPaths(draft)) {
    const path = files.resolveBeside(file, component);
    inputs.push(path);
    bytesByPath.set(component, await files.read(path, ENVELOPE_BYTES_MAX));
  }
  const { sbomFile } = draft;
  if (sbomFile !== undefined) {
    const path = files.resolveBeside(file, sbomFile);
    inputs.push(path);
    bytesByPath.set(sbomFile, await files.read(path, SBOM_BYTES_MAX));
  }
  const { release, components, severable } = completeRelease(draft, bytesByPath);
  const envelope = signRelease(release, components, keys, severable);
  // Nothing leaves that a gateway with these keys would refuse.
  const root = await rootToSignFor(keys, options, context);
  const verified = verifyEnvelope(envelope, [root], { policy: () => undefined });
  await files.replace(options.out, envelope, inputs);
  const { manifestDigest, authority } = verified;
  const { keyIds } = authority;
  if (context.globals().json) {
    context.out.document('airssys.sign/1', {
      file: options.out,
      bytes: envelope.length,
      name: release.name,
      version: release.version,
      sequence: release.sequence,
      manifestDigest,
      keyIds,
    });
    return;
  }
  context.out.line(manifestDigest);
  context.out.note(
    `${options.out}: ${release.name} ${release.version}, sequence ${release.sequence}, ` +
      `${envelope.length} bytes, signed by ${keyIds.map(id => id.slice(0, 12)).join(', ')}`,
  );
}

async function rootToSignFor(
  keys: readonly PrivateKey[],
  options: SignOptions,
  { system }: CliContext,
): Promise<Root> {
  if (options.root !== undefined) {
    const root = verifyFirstRoot(await system.files.read(options.root, DOCUMENT_BYTES_MAX));
    return rootOfRole(root, options.role);
  }
  if (options.role === undefined) return rootIn(keys);
  const fix = 'add --root FILE: who has which role stands there';
  throw new CliError('CLI_USAGE', `--role ${options.role} without a root`, { fix });
}

function rootIn(keys: readonly PrivateKey[]): Root {
  const named = keys.map((key, index) => trustedKey(`key ${index + 1}`, publicKeyOf(key)));
  return rootOfKeys(named, 0);
}
