import type { Command } from 'commander';
import { type PrivateKey, publicKeyOf } from '../signing/ed25519.ts';
import { SignatureError } from '../signing/errors.ts';
import { trustedKey } from '../signing/trusted-key.ts';
import { requireSigners } from '../signing/verify-cose.ts';
import {
  DOCUMENT_BYTES_MAX,
  encodeDocument,
  newDocument,
  parseDocument,
  signDocument,
} from '../trust/document.ts';
import { encodeRecoveryToken, type RecoveryToken } from '../trust/recovery-token.ts';
import {
  decodeRevocations,
  encodeRevocations,
  NO_REVOCATIONS,
  type Revocations,
} from '../trust/revocations.ts';
import { registerTrustUpdate } from './commands/trust-update.ts';
import type { CliContext } from './context.ts';
import { CliError } from './errors.ts';
import { readPrivateKeys, withKeyOption } from './private-keys.ts';

interface TokenFlags {
  readonly key?: readonly string[];
  readonly gateway: string;
  readonly release: string;
  readonly counter: string;
  readonly out: string;
}

interface RevokeFlags {
  readonly key?: readonly string[];
  readonly keyId?: readonly string[];
  readonly release?: readonly string[];
  readonly after?: string;
  readonly out: string;
}

/** `trust`: what a gateway is told of whom to trust, after it left the factory. */
export function registerTrust(program: Command, context: CliContext): void {
  const trust = program
    .command('trust')
    .description('revoke keys and releases, and tell a gateway of new roots');
  withKeyOption(trust.command('revoke'))
    .description('make a list of keys and releases that are trusted no more')
    .option('--key-id <id>', 'a key, by its id of 64 hex digits; once for each', collect)
    .option('--release <digest>', 'a release, by the digest that sign and info print', collect)
    .option('--after <list>', 'the list in force; what it revokes stays revoked')
    .requiredOption('--out <file>', 'where the list goes; never overwritten')
    .action(async (flags: RevokeFlags) => {
      await revoke(flags, context);
    });
  withKeyOption(trust.command('token'))
    .description('make a recovery token: leave to install one older release on one gateway, once')
    .requiredOption('--gateway <name>', 'name of the gateway, as in its gateway.toml')
    .requiredOption('--release <digest>', 'the release, by the digest that sign and info print')
    .requiredOption('--counter <n>', 'higher than that of any token that was used there')
    .requiredOption('--out <file>', 'where the token goes; never overwritten')
    .action(async (flags: TokenFlags) => {
      await token(flags, context);
    });
  registerTrustUpdate(trust, context);
}

async function token(flags: TokenFlags, context: CliContext): Promise<void> {
  const { system, out } = context;
  const keys = await requireKeys(flags.key ?? [], context);
  if (!/^[1-9]\d{0,14}$/.test(flags.counter)) {
    const fix = 'count up from 1; the gateway says which one was used last';
    throw new CliError('CLI_USAGE', `--counter ${flags.counter}`, { fix });
  }
  const made: RecoveryToken = {
    gateway: flags.gateway,
    manifestDigest: flags.release,
    counter: Number(flags.counter),
    issuedS: Math.floor(system.clock.wallMs() / 1_000),
  };
  const unsigned = newDocument('recovery', encodeRecoveryToken(made));
  await system.files.create(flags.out, encodeDocument(keys.reduce(signDocument, unsigned)), 0o644);
  if (context.globals().json) {
    out.document('airssys.token/1', { file: flags.out, ...made });
    return;
  }
  out.line(
    `token ${made.counter} for ${made.gateway}: release ${made.manifestDigest.slice(0, 12)}`,
  );
  out.note(`on that gateway: airssys-wasm install RELEASE --token ${flags.out}`);
}

async function requireKeys(
  paths: readonly string[],
  context: CliContext,
): Promise<readonly PrivateKey[]> {
  const keys = await readPrivateKeys(paths, context);
  if (keys.length > 0) return keys;
  throw new CliError('CLI_USAGE', 'nothing to sign with', { fix: 'give a --key FILE' });
}

function collect(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), value];
}

async function revoke(flags: RevokeFlags, context: CliContext): Promise<void> {
  const { system } = context;
  const keys = await requireKeys(flags.key ?? [], context);
  const former =
    flags.after === undefined ? NO_REVOCATIONS : await readList(flags.after, keys, context);
  const list: Revocations = {
    version: former.version + 1,
    issuedS: Math.floor(system.clock.wallMs() / 1_000),
    keyIds: [...former.keyIds, ...(flags.keyId ?? [])],
    releases: [...former.releases, ...(flags.release ?? [])],
  };
  const document = keys.reduce(signDocument, newDocument('revocations', encodeRevocations(list)));
  await system.files.create(flags.out, encodeDocument(document), 0o644);
  const counts = `${list.keyIds.length} keys and ${list.releases.length} releases`;
  if (context.globals().json) {
    context.out.document('airssys.revocations/1', { file: flags.out, ...list });
    return;
  }
  context.out.line(`list ${list.version}: ${counts}`);
  for (const id of list.keyIds) context.out.line(`  key      ${id}`);
  for (const digest of list.releases) context.out.line(`  release  ${digest}`);
  context.out.note(`on each gateway: airssys-wasm trust update ${flags.out}`);
}

/** What it says is signed again: so one of those who sign now must have signed it. */
async function readList(
  file: string,
  keys: readonly PrivateKey[],
  { system }: CliContext,
): Promise<Revocations> {
  try {
    const bytes = await system.files.read(file, DOCUMENT_BYTES_MAX);
    const { message } = parseDocument(bytes, 'revocations');
    const own = keys.map(key => trustedKey('this key', publicKeyOf(key)));
    requireSigners([message], message.payload, own);
    return decodeRevocations(message.payload);
  } catch (error) {
    if (!(error instanceof SignatureError)) throw error;
    throw new CliError('CLI_USAGE', `${file} is no list by one of these keys: ${error.message}`, {
      fix: 'give the list that airssys-wasm trust revoke made with this key',
    });
  }
}
