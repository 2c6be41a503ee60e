import type { Command } from 'commander';
import { SignatureError } from '../signing/errors.ts';
import {
  DOCUMENT_BYTES_MAX,
  encodeDocument,
  newDocument,
  parseDocument,
  signDocument,
} from '../trust/document.ts';
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
  registerTrustUpdate(trust, context);
}

function collect(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), value];
}

async function revoke(flags: RevokeFlags, context: CliContext): Promise<void> {
  const { system } = context;
  const keys = await readPrivateKeys(flags.key ?? [], context);
  if (keys.length === 0) {
    throw new CliError('CLI_USAGE', 'nothing to sign with', { fix: 'give a --key FILE' });
  }
  const former = flags.after === undefined ? NO_REVOCATIONS : await readList(flags.after, context);
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
  context.out.note(`on each gateway: airssys-wasm trust update ${flags.out}`);
}

async function readList(file: string, { system }: CliContext): Promise<Revocations> {
  try {
    const bytes = await system.files.read(file, DOCUMENT_BYTES_MAX);
    return decodeRevocations(parseDocument(bytes, 'revocations').message.payload);
  } catch (error) {
    if (!(error instanceof SignatureError)) throw error;
    throw new CliError('CLI_USAGE', `${file} is no list of revocations: ${error.message}`, {
      fix: 'give one that airssys-wasm trust revoke made',
    });
  }
}
