import type { Command } from 'commander';
import { errorMessage } from '../base/errors.ts';
import { publicKeyOf } from '../signing/ed25519.ts';
import { trustedKey } from '../signing/trusted-key.ts';
import {
  DOCUMENT_BYTES_MAX,
  encodeDocument,
  newDocument,
  parseDocument,
  type SignedDocument,
  signDocument,
} from '../trust/document.ts';
import type { Root } from '../trust/root.ts';
import { decodeRoot, encodeRoot } from '../trust/root-codec.ts';
import { parseRootToml, ROOT_TOML_CHARACTERS_MAX, rootOfKeys } from '../trust/root-toml.ts';
import type { CliContext } from './context.ts';
import { CliError } from './errors.ts';
import { keyFilesOf, readPrivateKeys, withKeyOption } from './private-keys.ts';
import { reportRoot } from './root-report.ts';
import { decodeText } from './text-files.ts';

interface KeyFlags {
  readonly key?: readonly string[];
}

interface OutFlags extends KeyFlags {
  readonly out: string;
}

const MS_PER_S = 1_000;

/** `root`: the key ceremony. Makes, renews, signs and shows the root, which says who may sign. */
export function registerRoot(program: Command, context: CliContext): void {
  const root = program
    .command('root')
    .description('who may sign what: make, renew, sign and show the root');
  withKeyOption(root.command('init'))
    .description('make the first root, from root.toml; without one, each --key may do everything')
    .argument('[root.toml]', 'keys and roles')
    .requiredOption('--out <file>', 'where the root goes; never overwritten')
    .action(async (file: string | undefined, flags: OutFlags) => {
      await init(file ?? null, flags, context);
    });
  withKeyOption(root.command('rotate'))
    .description('make the root that follows another one')
    .argument('<root>', 'the root in force')
    .argument('<root.toml>', 'keys and roles from now on')
    .requiredOption('--out <file>', 'where the next root goes; never overwritten')
    .action(async (from: string, file: string, flags: OutFlags) => {
      await rotate(from, file, flags, context);
    });
  withKeyOption(root.command('sign'))
    .description('add signatures to a root')
    .argument('<root>', 'the root; it is replaced')
    .action(async (file: string, flags: KeyFlags) => {
      await sign(file, flags, context);
    });
  root
    .command('show')
    .description('show what a root says, and who has signed it')
    .argument('<root>', 'the root')
    .option('--after <root>', 'the root in force: whether this one can follow it')
    .action(async (file: string, flags: { readonly after?: string }) => {
      const document = await readDocument(file, context);
      const former = flags.after === undefined ? null : await readDocument(flags.after, context);
      reportRoot(document, former === null ? null : rootIn(former), context);
    });
}

async function init(file: string | null, flags: OutFlags, context: CliContext): Promise<void> {
  const keys = await readPrivateKeys(flags.key ?? [], context);
  const issuedS = Math.floor(context.system.clock.wallMs() / MS_PER_S);
  if (file === null && keys.length === 0) {
    const fix = 'airssys-wasm root init root.toml --out FILE, or --key FILE for a desk';
    throw new CliError('CLI_USAGE', 'neither a root.toml nor a key', { fix });
  }
  const root =
    file === null
      ? rootOfKeys(
          keys.map((key, index) => trustedKey(`key ${index + 1}`, publicKeyOf(key))),
          issuedS,
        )
      : parseRootToml(await readToml(file, context), file, { version: 1, issuedS });
  await write(newDocument('root', encodeRoot(root)), null, flags, context);
}

async function rotate(
  from: string,
  file: string,
  flags: OutFlags,
  context: CliContext,
): Promise<void> {
  const former = rootIn(await readDocument(from, context));
  const issuedS = Math.floor(context.system.clock.wallMs() / MS_PER_S);
  const defaults = { version: former.version + 1, issuedS };
  const root = parseRootToml(await readToml(file, context), file, defaults);
  await write(newDocument('root', encodeRoot(root)), former, flags, context);
}

async function write(
  unsigned: SignedDocument,
  former: Root | null,
  { key = [], out }: OutFlags,
  context: CliContext,
): Promise<void> {
  const keys = await readPrivateKeys(key, context);
  const document = keys.reduce(signDocument, unsigned);
  await context.system.files.create(out, encodeDocument(document), 0o644);
  reportRoot(document, former, context);
}

async function sign(file: string, flags: KeyFlags, context: CliContext): Promise<void> {
  const keys = await readPrivateKeys(flags.key ?? [], context);
  if (keys.length === 0) {
    throw new CliError('CLI_USAGE', 'nothing to sign with', { fix: 'give a --key FILE' });
  }
  const document = keys.reduce(signDocument, await readDocument(file, context));
  // Whoever signs has seen what, or has had the chance: nothing malformed is signed.
  rootIn(document);
  await context.system.files.replace(file, encodeDocument(document), keyFilesOf(flags.key ?? []));
  reportRoot(document, null, context);
}

function rootIn({ message }: SignedDocument): Root {
  return decodeRoot(message.payload);
}

async function readDocument(file: string, { system }: CliContext): Promise<SignedDocument> {
  const bytes = await system.files.read(file, DOCUMENT_BYTES_MAX);
  const document = parseDocument(bytes, 'root');
  // Signatures are kept as they are; what another tool wrote besides would be lost.
  if (Buffer.compare(encodeDocument(document), bytes) !== 0) {
    throw new CliError('CLI_USAGE', `${file} was not written by airssys-wasm root`, {
      fix: 'make it with airssys-wasm root init or root rotate',
    });
  }
  return document;
}

async function readToml(file: string, { system }: CliContext): Promise<string> {
  try {
    return decodeText(await system.files.read(file, ROOT_TOML_CHARACTERS_MAX), file);
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw new CliError('CLI_USAGE', errorMessage(error), { fix: 'give a root.toml' });
  }
}
