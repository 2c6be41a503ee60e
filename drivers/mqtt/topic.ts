/** Bytes of a topic or a filter; the protocol would allow 65,535. */
const TOPIC_BYTES_MAX = 1_024;

const SHARE_PREFIX = '$share/';

/** Whether `topic` can be published to: not empty, no wildcard, no control character. */
export function isTopic(topic: string): boolean {
  return isTopicText(topic) && !/[+#]/.test(topic);
}

/** Whether `filter` can be subscribed to (MQTT 3.1.1, 4.7.1): wildcards fill whole levels. */
export function isFilter(filter: string): boolean {
  if (!isTopicText(filter)) return false;
  const shared = filter.startsWith(SHARE_PREFIX);
  if (shared && !/^\$share\/[^/+#]+\/./.test(filter)) return false;
  const levels = unshared(filter).split('/');
  return levels.every(
    (level, index) =>
      level === '+' || (level === '#' && index === levels.length - 1) || !/[+#]/.test(level),
  );
}

/** Whether a message on `topic` is for `filter`. Both are valid. */
export function filterMatches(filter: string, topic: string): boolean {
  const filterLevels = unshared(filter).split('/');
  const topicLevels = topic.split('/');
  // MQTT 3.1.1 4.7.2: a wildcard at the start never reaches the broker's own topics.
  if (topic.startsWith('$') && (filterLevels[0] === '#' || filterLevels[0] === '+')) return false;
  for (const [index, level] of filterLevels.entries()) {
    if (level === '#') return true;
    const other = topicLevels[index];
    if (other === undefined || (level !== '+' && level !== other)) return false;
  }
  return filterLevels.length === topicLevels.length;
}

function unshared(filter: string): string {
  if (!filter.startsWith(SHARE_PREFIX)) return filter;
  return filter.slice(filter.indexOf('/', SHARE_PREFIX.length) + 1);
}

function isTopicText(text: string): boolean {
  return (
    text !== '' &&
    text.isWellFormed() &&
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are refused
    !/[\u0000-\u001f\u007f-\u009f]/.test(text) &&
    Buffer.byteLength(text) <= TOPIC_BYTES_MAX
  );
}
