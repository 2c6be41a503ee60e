import type { Command } from 'commander';
import type { PrivateKey } from '../signing/ed25519.ts';
import { KEY_FILE_BYTES_MAX, parsePrivateKeyFile } from '../signing/key-files.ts';
import type { CliContext } from './context.ts';
import { decodeText } from './text-files.ts';

/** Adds `--key FILE`, once for each key: `options.key`, undefined when it is never given. */
export function withKeyOption(command: Command): Command {
  return command.option(
    '--key <file>',
    'private key; once for each key that signs',
    (file: string, files: readonly string[] | undefined) => [...(files ?? []), file],
  );
}

/** Returns the keys of these files. Rejects with CliError or KeyError; none is ever quoted. */
export async function readPrivateKeys(
  paths: readonly string[],
  { system }: CliContext,
): Promise<readonly PrivateKey[]> {
  const keys: PrivateKey[] = [];
  for (const path of paths) {
    const text = decodeText(await system.files.readSecret(path, KEY_FILE_BYTES_MAX), path);
    keys.push(parsePrivateKeyFile(text, path));
  }
  return keys;
}
