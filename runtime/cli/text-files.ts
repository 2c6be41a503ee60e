import { isUtf8 } from 'node:buffer';
import { CliError } from './errors.ts';

/** Returns the text of a file. @throws CliError `CLI_IO` where it is not UTF-8. */
export function decodeText(bytes: Uint8Array, file: string): string {
  if (!isUtf8(bytes)) throw new CliError('CLI_IO', `${file}: not a UTF-8 text`);
  return new TextDecoder().decode(bytes);
}
