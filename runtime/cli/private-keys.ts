import type { Command } from 'commander';
import type { PrivateKey } from '../signing/ed25519.ts';
import { KEY_FILE_BYTES_MAX, parsePrivateKeyFile } from '../signing/key-files.ts';
import type { CliContext } from './context.ts';
import { CliError } from './errors.ts';
import { decodeText } from './text-files.ts';

const STANDARD_INPUT = '-';

/** Adds `--key FILE`, once for each key: `options.key`, undefined when it is never given. */
export function withKeyOption(command: Command): Command {
  return command.option(
    '--key <file>',
    'private key, or - for standard input; once for each key that signs',
    (file: string, files: readonly string[] | undefined) => [...(files ?? []), file],
  );
}

/** Returns the keys of these files. Rejects with CliError or KeyError; none is ever quoted. */
export async function readPrivateKeys(
  paths: readonly string[],
  { system }: CliContext,
): Promise<readonly PrivateKey[]> {
  if (paths.filter(path => path === STANDARD_INPUT).length > 1) {
    throw new CliError('CLI_USAGE', 'standard input holds one key', { fix: 'give --key - once' });
  }
  const keys: PrivateKey[] = [];
  for (const path of paths) {
    const bytes =
      path === STANDARD_INPUT
        ? await system.files.readInput(KEY_FILE_BYTES_MAX)
        : await system.files.readSecret(path, KEY_FILE_BYTES_MAX);
    const text = decodeText(bytes, path);
    keys.push(parsePrivateKeyFile(text, path));
  }
  return keys;
}

/** Returns those of the paths of keys that are files. */
export function keyFilesOf(paths: readonly string[]): readonly string[] {
  return paths.filter(path => path !== STANDARD_INPUT);
}
