/**
 * Names in segments between `/`, and globs over them: `*` is one whole segment, never part of one,
 * and never crosses a separator. `data/*` says nothing about `database/x` or `data/x/y`.
 */
import { GrammarError } from './errors.ts';

/** Longest name or glob, in characters. */
const NAME_CHARS_MAX = 256;
const SEGMENT = /^[^\s/*[\]\p{C}]+$/u;
const LABEL_SEGMENT = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;

/** Returns whether a grant can name the segment literally. */
export function isWritableSegment(segment: string): boolean {
  return SEGMENT.test(segment) && segment !== '.' && segment !== '..';
}

/** Returns whether a name is canonical: no empty segment, no `.` or `..`, of bounded length. */
export function isCanonicalName(name: string): boolean {
  if (name.length === 0 || name.length > NAME_CHARS_MAX) return false;
  return name.split('/').every(part => part !== '' && part !== '.' && part !== '..');
}

/** Returns whether the text is a label as a board file or the gateway's configuration has it. */
export function isLabel(text: string): boolean {
  return text.length <= NAME_CHARS_MAX && text.split('/').every(part => LABEL_SEGMENT.test(part));
}

/** Returns the label. @throws GrammarError `GRANT_RESOURCE` */
export function parseLabel(text: string): string {
  if (isLabel(text)) return text;
  throw new GrammarError(
    'GRANT_RESOURCE',
    `"${text}" is not a label: letters, digits, "-", "_" and ".", in segments between "/"`,
  );
}

/** Returns the glob over labels. @throws GrammarError `GRANT_RESOURCE` */
export function parseLabelGlob(text: string): string {
  parseLabel(text.replace(/(?<=^|\/)\*(?=\/|$)/g, 'any'));
  return text;
}

/** Returns the glob over names. @throws GrammarError `GRANT_RESOURCE` */
export function parseGlob(text: string): string {
  const isValid =
    text.length <= NAME_CHARS_MAX &&
    text.split('/').every(part => part === '*' || isWritableSegment(part));
  if (isValid) return text;
  throw new GrammarError(
    'GRANT_RESOURCE',
    `"${text}" is not a glob: segments between "/", each a name or "*" alone, no ".", no ".."`,
  );
}

/** Whether the glob names `name`, which must be canonical. */
export function globMatches(glob: string, name: string): boolean {
  if (glob === name) return true;
  const globParts = glob.split('/');
  const nameParts = name.split('/');
  return (
    globParts.length === nameParts.length &&
    globParts.every((part, index) => part === '*' || part === nameParts[index])
  );
}

/** Whether every name that `narrow` names `wide` names too. */
export function globCovers(wide: string, narrow: string): boolean {
  // A literal segment "*" does not exist in a glob, so matching it as a name is exact.
  return globMatches(wide, narrow);
}

/** Returns the glob for what both name, or null when that is nothing. */
export function globIntersect(a: string, b: string): string | null {
  const aParts = a.split('/');
  const bParts = b.split('/');
  if (aParts.length !== bParts.length) return null;
  const parts: string[] = [];
  for (const [index, part] of aParts.entries()) {
    const other = bParts[index] ?? '';
    if (part !== '*' && other !== '*' && part !== other) return null;
    parts.push(part === '*' ? other : part);
  }
  return parts.join('/');
}
