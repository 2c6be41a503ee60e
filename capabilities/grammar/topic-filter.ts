/**
 * MQTT topic filters as sets of topics. A subscription is allowed when a granted filter *covers*
 * it, never when it matches as text.
 */
import {
  hasControl,
  isFilter,
  isWildcard,
  levelsCover,
  splitShare,
} from '../../runtime/base/mqtt-topic.ts';
import { GrammarError } from './errors.ts';

const UNWRITABLE = /[\s[\]]/u;

/** Returns whether a grant can name the level literally. */
export function isWritableLevel(level: string): boolean {
  return !UNWRITABLE.test(level) && !hasControl(level);
}

/** Returns the filter in canonical form. @throws GrammarError `GRANT_RESOURCE` */
export function parseTopicFilter(text: string): string {
  const { group, filter } = splitShare(text);
  if (group === null && text.startsWith('$share/')) {
    throw new GrammarError('GRANT_RESOURCE', `"${text}" is not "$share/GROUP/FILTER"`);
  }
  if (!isFilter(text) || UNWRITABLE.test(text)) {
    throw new GrammarError(
      'GRANT_RESOURCE',
      `"${text}" is not a topic filter: "+" stands for a whole level, "#" for the rest, ` +
        'no spaces, no brackets',
    );
  }
  // "+/#" and "#" name the same topics, since a topic has at least one level.
  const canonical = filter === '+/#' ? '#' : filter;
  return group === null ? canonical : `$share/${group}/${canonical}`;
}

/** Whether every topic that `narrow` matches `wide` matches too, in the same group if shared. */
export function filterCovers(wide: string, narrow: string): boolean {
  const a = splitShare(wide);
  const b = splitShare(narrow);
  if (a.group !== null && a.group !== b.group) return false;
  return levelsCover(a.filter.split('/'), b.filter.split('/'));
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
