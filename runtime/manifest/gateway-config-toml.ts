import { parse } from 'smol-toml';
import * as v from 'valibot';
import { errorMessage, GatewayError } from '../base/errors.ts';
import { LABEL_CHARACTERS_MAX } from '../ports/board.ts';

/** Characters of one settings file. */
export const SETTINGS_CHARACTERS_MAX = 256 * 1024;

/** Problems named in one message; the others are only counted. */
const PROBLEMS_SHOWN_MAX = 8;

/** Depth of tables and arrays in a settings file. */
const SETTINGS_DEPTH_MAX = 16;

/** Codes of SettingsError. */
export type SettingsErrorCode = 'SETTINGS_SYNTAX' | 'SETTINGS_INVALID' | 'SETTINGS_TOO_LARGE';

/** A settings file (board, gateway) was refused. The message names file and key. */
export class SettingsError extends GatewayError<SettingsErrorCode> {
  readonly file: string;
  /** Path of the first key that was refused, `line[2].direction`; empty where there is none. */
  readonly keyPath: string;

  constructor(
    code: SettingsErrorCode,
    message: string,
    at: { readonly file: string; readonly keyPath?: string; readonly cause?: unknown },
  ) {
    super(code, `${at.file}: ${message}`, { cause: at.cause });
    this.file = at.file;
    this.keyPath = at.keyPath ?? '';
  }
}

/** A TOML table after parsing: plain data from an untrusted file. */
export type TomlTable = Readonly<Record<string, unknown>>;

/**
 * Returns the table written in `text`.
 * @throws SettingsError SETTINGS_SYNTAX, SETTINGS_TOO_LARGE
 */
export function parseTomlTable(file: string, text: string): TomlTable {
  if (text.length > SETTINGS_CHARACTERS_MAX) {
    throw new SettingsError(
      'SETTINGS_TOO_LARGE',
      `has ${text.length} characters; at most ${SETTINGS_CHARACTERS_MAX} are read`,
      { file },
    );
  }
  try {
    return parse(text, { unsafeKeyBehaviour: 'throw', maxDepth: SETTINGS_DEPTH_MAX });
  } catch (cause) {
    throw new SettingsError('SETTINGS_SYNTAX', errorMessage(cause).trim(), { file, cause });
  }
}

/** Returns `table` as `schema` makes it. @throws SettingsError SETTINGS_INVALID, with every key */
export function requireShape<S extends v.GenericSchema>(
  file: string,
  table: unknown,
  schema: S,
): v.InferOutput<S> {
  const result = v.safeParse(schema, table);
  if (result.success) return result.output;
  const problems = result.issues.map(issue => `${keyPathOf(issue)}: ${problemOf(issue)}`);
  const shown = problems.slice(0, PROBLEMS_SHOWN_MAX);
  if (problems.length > shown.length) shown.push(`and ${problems.length - shown.length} more`);
  throw new SettingsError('SETTINGS_INVALID', shown.join('; '), {
    file,
    keyPath: keyPathOf(result.issues[0]),
  });
}

/** Refuses a list in which a label comes twice. @throws SettingsError SETTINGS_INVALID */
export function requireUnique(file: string, list: string, labels: readonly string[]): void {
  const seen = new Map<string, number>();
  for (const [index, label] of labels.entries()) {
    const first = seen.get(label);
    if (first !== undefined) {
      throw new SettingsError(
        'SETTINGS_INVALID',
        `${list}[${index}]: "${label}" is already ${list}[${first}]; give it another name`,
        { file, keyPath: `${list}[${index}]` },
      );
    }
    seen.set(label, index);
  }
}

/** A label: kebab-case, 1 to 64 characters. */
export const labelSchema = v.pipe(
  v.string(),
  v.maxLength(LABEL_CHARACTERS_MAX, `at most ${LABEL_CHARACTERS_MAX} characters`),
  v.regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'must be kebab-case: a-z, 0-9 and single "-" between'),
);

/** Returns the schema of a whole number from `min` to `max`. */
export function integerSchema(min: number, max: number) {
  const message = `must be a whole number from ${min} to ${max}`;
  return v.pipe(
    v.number(message),
    v.safeInteger(message),
    v.minValue(min, message),
    v.maxValue(max, message),
  );
}

function keyPathOf(issue: v.BaseIssue<unknown>): string {
  let path = '';
  for (const item of issue.path ?? []) {
    const key = item.key;
    if (typeof key === 'number') path += `[${key}]`;
    else path += path === '' ? String(key) : `.${String(key)}`;
  }
  return path === '' ? '(file)' : path;
}

function problemOf(issue: v.BaseIssue<unknown>): string {
  if (issue.kind !== 'schema') return issue.message;
  if (issue.expected === 'never') return 'is not a key here; check its spelling or remove it';
  if (issue.received === 'undefined') return `is missing (expected ${issue.expected ?? 'a value'})`;
  return issue.message.startsWith('must')
    ? issue.message
    : `expected ${issue.expected ?? 'another type'}, got ${issue.received}`;
}
