/**
 * Topics and topic filters (MQTT 3.1.1, 4.7; shared subscriptions: MQTT 5.0, 4.8.2), for whoever
 * grants, guards or delivers: there is one answer to what matches.
 */

/** Longest topic or filter, in bytes of UTF-8; the protocol would allow 65,535. */
const TOPIC_BYTES_MAX = 512;
/** Most levels of a topic or filter. */
const TOPIC_LEVELS_MAX = 32;
const CONTROL = /[\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}]/u;
const SHARE_PREFIX = '$share/';
const SHARE = /^\$share\/([^/+#]+)\/(.+)$/u;

/** A filter taken apart. `group` is null for an ordinary subscription. */
export interface SharedFilter {
  readonly group: string | null;
  readonly filter: string;
}

/** Returns whether the topic may be published to: bounded, no wildcard, no control character. */
export function isTopic(topic: string): boolean {
  return isBounded(topic) && !/[+#]/.test(topic);
}

/** Returns whether the filter may be subscribed to: a wildcard fills a level, `#` the last one. */
export function isFilter(text: string): boolean {
  const { group, filter } = splitShare(text);
  const isShared = text.startsWith(SHARE_PREFIX);
  return isBounded(text) && isShared === (group !== null) && hasValidWildcards(filter);
}

/** Returns the group and the filter of a shared subscription, the group null for another. */
export function splitShare(text: string): SharedFilter {
  const match = SHARE.exec(text);
  return { group: match?.[1] ?? null, filter: match?.[2] ?? text };
}

/** Whether the filter matches the topic. A shared filter is judged on its filter. */
export function filterMatches(filter: string, topic: string): boolean {
  // A topic is a filter that matches itself only.
  return levelsCover(splitShare(filter).filter.split('/'), topic.split('/'));
}

/** Whether every topic that the levels of `narrow` match is matched by those of `wide` too. */
export function levelsCover(wide: readonly string[], narrow: readonly string[]): boolean {
  // Wildcards of the first level never match "$SYS" and its like.
  if (isWildcard(wide[0]) && narrow[0]?.startsWith('$')) return false;
  for (let index = 0; ; index += 1) {
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

/** Whether a level stands for others. */
export function isWildcard(level: string | undefined): boolean {
  return level === '+' || level === '#';
}

/** Whether a level, or anything else, holds what no topic may hold. */
export function hasControl(text: string): boolean {
  return CONTROL.test(text);
}

function isBounded(text: string): boolean {
  return (
    text.length > 0 &&
    Buffer.byteLength(text) <= TOPIC_BYTES_MAX &&
    text.split('/').length <= TOPIC_LEVELS_MAX &&
    !hasControl(text)
  );
}

function hasValidWildcards(filter: string): boolean {
  const levels = filter.split('/');
  return levels.every(
    (level, index) =>
      level === '+' || !/[+#]/.test(level) || (level === '#' && index === levels.length - 1),
  );
}
