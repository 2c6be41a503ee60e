/**
 * MQTT topic filters as sets of topics (MQTT 3.1.1, 4.7; shared subscriptions: MQTT 5.0, 4.8.2).
 * A subscription is allowed when a granted filter *covers* it, never when it matches as text.
 */
import { GrammarError } from './errors.ts';

/** Longest topic or filter, in bytes of UTF-8. */
const TOPIC_BYTES_MAX = 512;
/** Most levels of a topic or filter. */
const TOPIC_LEVELS_MAX = 32;
const CONTROL = /[\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}]/u;
const UNWRITABLE = /[\s[\]]/u;
const SHARE = /^\$share\/([^/+#]+)\/(.+)$/u;

/** A filter taken apart. `group` is null for an ordinary subscription. */
interface SharedFilter {
  readonly group: string | null;
  readonly filter: string;
}

/** Returns whether the topic may be published to: bounded, no wildcard, no control character. */
export function isTopic(topic: string): boolean {
  return isBounded(topic) && !/[+#]/.test(topic);
}

/** Returns whether a grant can name the level literally. */
export function isWritableLevel(level: string): boolean {
  return !UNWRITABLE.test(level) && !CONTROL.test(level);
}

/** Returns the filter in canonical form. @throws GrammarError `GRANT_RESOURCE` */
export function parseTopicFilter(text: string): string {
  const { group, filter } = splitShare(text);
  if (!isBounded(text) || UNWRITABLE.test(text) || !hasValidWildcards(filter)) {
    throw new GrammarError(
      'GRANT_RESOURCE',
      `"${text}" is not a topic filter: "+" stands for a whole level, "#" for the rest, ` +
        'no spaces, no brackets',
    );
  }
  if (group === null && text.startsWith('$share/')) {
    throw new GrammarError('GRANT_RESOURCE', `"${text}" is not "$share/GROUP/FILTER"`);
  }
  // "+/#" and "#" name the same topics, since a topic has at least one level.
  const canonical = filter === '+/#' ? '#' : filter;
  return group === null ? canonical : `$share/${group}/${canonical}`;
}

/** Returns the group and the filter of a shared subscription, the group null for another. */
export function splitShare(text: string): SharedFilter {
  const match = SHARE.exec(text);
  return { group: match?.[1] ?? null, filter: match?.[2] ?? text };
}

/** Whether the filter matches the topic. A shared filter is judged on its filter. */
export function filterMatches(filter: string, topic: string): boolean {
  // A topic is a filter that matches itself only.
  return coversFrom(splitShare(filter).filter.split('/'), topic.split('/'), 0);
}

/** Whether every topic that `narrow` matches `wide` matches too, in the same group if shared. */
export function filterCovers(wide: string, narrow: string): boolean {
  const a = splitShare(wide);
  const b = splitShare(narrow);
  if (a.group !== null && a.group !== b.group) return false;
  return coversFrom(a.filter.split('/'), b.filter.split('/'), 0);
}

/** Returns the filter for the topics that both match, or null when there is none. */
export function filterIntersect(a: string, b: string): string | null {
  const left = splitShare(a);
  const right = splitShare(b);
  if (left.group !== null && right.group !== null && left.group !== right.group) return null;
  const group = left.group ?? right.group;
  const levels = intersectLevels(left.filter.split('/'), right.filter.split('/'));
  if (levels === null) return null;
  return group === null ? levels.join('/') : `$share/${group}/${levels.join('/')}`;
}

function coversFrom(wide: readonly string[], narrow: readonly string[], start: number): boolean {
  // Wildcards of the first level never match "$SYS" and its like.
  if (start === 0 && isWildcard(wide[0]) && narrow[0]?.startsWith('$')) return false;
  for (let index = start; ; index += 1) {
    const w = wide[index];
    const n = narrow[index];
    if (w === '#') return true;
    if (n === '#') return index === 0 && wide.length === 2 && w === '+' && wide[1] === '#';
    if (n === undefined) return w === undefined;
    if (w === undefined || (w !== '+' && w !== n)) return false;
    // "a/#" matches "a" as well.
    if (wide[index + 1] === '#' && narrow.length === index + 1) return true;
  }
}

function intersectLevels(a: readonly string[], b: readonly string[]): string[] | null {
  if (isWildcard(a[0]) && b[0]?.startsWith('$')) return null;
  if (isWildcard(b[0]) && a[0]?.startsWith('$')) return null;
  const levels: string[] = [];
  for (let index = 0; ; index += 1) {
    const left = a[index];
    const right = b[index];
    if (left === '#') return [...levels, ...b.slice(index)];
    if (right === '#') return [...levels, ...a.slice(index)];
    if (left === undefined && right === undefined) return levels;
    if (left === undefined || right === undefined) return null;
    if (left !== '+' && right !== '+' && left !== right) return null;
    levels.push(left === '+' ? right : left);
  }
}

function isWildcard(level: string | undefined): boolean {
  return level === '+' || level === '#';
}

function isBounded(text: string): boolean {
  return (
    text.length > 0 &&
    Buffer.byteLength(text) <= TOPIC_BYTES_MAX &&
    text.split('/').length <= TOPIC_LEVELS_MAX &&
    !CONTROL.test(text)
  );
}

function hasValidWildcards(filter: string): boolean {
  const levels = filter.split('/');
  return levels.every(
    (level, index) =>
      level === '+' || !/[+#]/.test(level) || (level === '#' && index === levels.length - 1),
  );
}
