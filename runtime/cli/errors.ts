import { GatewayError } from '../base/errors.ts';

/** Codes of CliError. */
export type CliErrorCode =
  | 'CLI_USAGE'
  | 'CLI_NOT_FOUND'
  | 'CLI_DENIED'
  | 'CLI_EXISTS'
  | 'CLI_DISK_FULL'
  | 'CLI_TOO_LARGE'
  | 'CLI_TIMED_OUT'
  | 'CLI_UNREACHABLE'
  | 'CLI_IO';

/** A command could not do its work. */
export class CliError extends GatewayError<CliErrorCode> {
  /** The command or line that would help, or null where nobody can know. */
  readonly fix: string | null;

  constructor(
    code: CliErrorCode,
    message: string,
    options?: { readonly cause?: unknown; readonly fix?: string },
  ) {
    super(code, message, options);
    this.fix = options?.fix ?? null;
  }
}
