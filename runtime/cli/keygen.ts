import type { Command } from 'commander';
import { KEY_BYTES, parsePrivateKey, publicKeyOf } from '../signing/ed25519.ts';
import { formatPrivateKey } from '../signing/key-files.ts';
import { keyIdText } from '../signing/key-id.ts';
import { isKeyName } from '../trust/root-rules.ts';
import { formatKeyToml } from '../trust/root-toml.ts';
import type { CliContext } from './context.ts';
import { CliError } from './errors.ts';

const PRIVATE_MODE = 0o600;
const PUBLIC_MODE = 0o644;

/** `keygen`: makes a key pair to sign with. */
export function registerKeygen(program: Command, context: CliContext): void {
  program
    .command('keygen')
    .description('make a key to sign with: FILE (private) and FILE.pub (for root.toml)')
    .requiredOption('--out <file>', 'where the private key goes; never overwritten')
    .option('--name <name>', 'name of the key in root.toml; the name of the file unless given')
    .action(async (options: { readonly out: string; readonly name?: string }) => {
      await keygen(options.out, options.name ?? baseName(options.out), context);
    });
}

async function keygen(out: string, name: string, context: CliContext): Promise<void> {
  const { files, random } = context.system;
  if (!isKeyName(name)) {
    const fix = 'give a --name of letters, digits, spaces, dots and hyphens, at most 64';
    throw new CliError('CLI_USAGE', `"${name}" is no name for a key`, { fix });
  }
  const publicOut = `${out}.pub`;
  if (await files.exists(publicOut)) {
    throw new CliError('CLI_EXISTS', `${publicOut} exists`, { fix: 'give another --out' });
  }
  const key = parsePrivateKey(random.bytes(KEY_BYTES));
  const publicKey = publicKeyOf(key);
  await files.create(out, Buffer.from(formatPrivateKey(key)), PRIVATE_MODE);
  try {
    await files.create(publicOut, Buffer.from(formatKeyToml(name, publicKey)), PUBLIC_MODE);
  } catch (error) {
    await files.remove(out);
    throw error;
  }
  const keyId = keyIdText(publicKey);
  if (context.globals().json) {
    context.out.document('airssys.keygen/1', { keyId, name, private: out, public: publicOut });
    return;
  }
  context.out.line(keyId);
  context.out.note(`private key ${out}: keep it secret and off the gateway`);
  context.out.note(`public key ${publicOut}: its lines belong into root.toml (root init)`);
}

function baseName(path: string): string {
  const file = path.split('/').at(-1) ?? path;
  return file.replace(/\.(key|pem)$/, '');
}
