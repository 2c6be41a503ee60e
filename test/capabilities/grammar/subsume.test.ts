import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { globCovers, globIntersect } from '../../../capabilities/grammar/glob.ts';
import {
  formatGrant,
  type Grant,
  intersect,
  type MqttGrant,
  parseGrant,
  type Rate,
  subsumes,
} from '../../../capabilities/grammar/index.ts';
import {
  filterCovers,
  filterIntersect,
  parseTopicFilter,
} from '../../../capabilities/grammar/topic-filter.ts';
import { parseRate, rateCovers, rateIntersect } from '../../../capabilities/grammar/units.ts';
import { fullBucket, refill, waitMs } from '../../../capabilities/guards/token-bucket.ts';
import { filterMatches } from '../../../runtime/base/mqtt-topic.ts';
import { anyFilter, anyGrant, anyLabelGlob } from './grants.ts';

const test = suite('capabilities/grammar: subsumes and intersect');

/** Every topic of up to four levels over names that filters use and one that none uses. */
const topics: readonly string[] = (() => {
  const names = ['a', 'b', 'z', ''];
  let last: string[] = ['a', 'b', 'z', '', '$SYS'];
  const all = [...last];
  for (let depth = 2; depth <= 4; depth += 1) {
    last = last.flatMap(topic => names.map(name => `${topic}/${name}`));
    all.push(...last);
  }
  return all.filter(topic => topic !== '');
})();

const patterns = new Map<string, RegExp>();

/** The standard's words (MQTT 3.1.1, 4.7), one after the other. */
function matches(filter: string, topic: string): boolean {
  const plain = filter.replace(/^\$share\/[^/]+\//, '');
  if (/^[+#]/.test(plain) && topic.startsWith('$')) return false;
  const known = patterns.get(plain);
  if (known !== undefined) return known.test(topic);
  const pattern = plain
    .split('/')
    .map(level => (level === '+' ? '[^/]*' : level === '#' ? '.*' : level.replace('$', '\\$')))
    .join('/')
    .replace(/\/\.\*$/, '(/.*)?');
  const compiled = new RegExp(`^${pattern}$`);
  patterns.set(plain, compiled);
  return compiled.test(topic);
}

function group(filter: string): string {
  return /^\$share\/([^/]+)\//.exec(filter)?.[1] ?? '';
}

test('a narrow grant does not subsume a wide one, nor another class', () => {
  const pairs = [
    ['gpio:a[dir=in]', 'gpio:a[dir=out]'],
    ['gpio:a[dir=out]', 'gpio:a[dir=out,exclusive]'],
    ['gpio:a[dir=out,safe=inactive]', 'gpio:a[dir=out]'],
    ['gpio:a[dir=out,min-off=1s]', 'gpio:a[dir=out]'],
    ['kv:data/*[r]', 'kv:database/x[r]'],
    ['kv:ns/a/*[r]', 'kv:ns/abc/i[r]'],
    ['kv:ns/*[r]', 'kv:ns/a/b[r]'],
    ['kv:ns/*[r]', 'kv:ns/a[w]'],
    ['mqtt:m/a/+/b[sub]', 'mqtt:m/a/#[sub]'],
    ['mqtt:m/#[sub]', 'mqtt:m/$SYS/#[sub]'],
    ['mqtt:m/a/#[sub]', 'mqtt:m/$share/g/b/#[sub]'],
    ['mqtt:m/$share/g/a[sub]', 'mqtt:m/a[sub]'],
    ['mqtt:m/a[sub]', 'mqtt:m/a[pub]'],
    ['mqtt:m/a[pub]', 'mqtt:m/a[pub,retain=yes]'],
    ['mqtt:m/a[pub]', 'mqtt:other/a[pub]'],
    ['mem:1MiB', 'mem:2MiB'],
    ['cpu:call[<=1s]', 'time:tick[>=1s]'],
    ['time:tick[>=1s]', 'time:tick[>=100ms]'],
    ['serial:a[mode=r]', 'serial:a[mode=rw]'],
  ] as const;
  for (const [wide, narrow] of pairs) {
    assert.not(subsumes(parseGrant(wide), parseGrant(narrow)), `${wide} over ${narrow}`);
  }
});

test('a filter matches the topics that the standard says', () => {
  fc.assert(
    fc.property(anyFilter, filter => {
      const wrong = topics.find(topic => filterMatches(filter, topic) !== matches(filter, topic));
      assert.is(wrong, undefined, filter);
    }),
    { numRuns: 25 },
  );
});

test('a filter covers another exactly when it matches all its topics', () => {
  fc.assert(
    fc.property(anyFilter, anyFilter, (one, other) => {
      const [wide, narrow] = [parseTopicFilter(one), parseTopicFilter(other)];
      const sameGroup = group(wide) === '' || group(wide) === group(narrow);
      const all = topics.every(topic => !matches(narrow, topic) || matches(wide, topic));
      assert.is(filterCovers(wide, narrow), sameGroup && all, `${wide} over ${narrow}`);
    }),
    { numRuns: 120 },
  );
});

test('the intersection of two filters matches what both match', () => {
  fc.assert(
    fc.property(anyFilter, anyFilter, (one, other) => {
      const [a, b] = [parseTopicFilter(one), parseTopicFilter(other)];
      if (group(a) !== '' && group(b) !== '' && group(a) !== group(b)) {
        assert.is(filterIntersect(a, b), null);
        return;
      }
      const both = filterIntersect(a, b);
      const wrong = topics.find(
        topic =>
          (matches(a, topic) && matches(b, topic)) !== (both !== null && matches(both, topic)),
      );
      assert.is(wrong, undefined, `${a} ${b} ${both}`);
      if (both !== null) assert.is(parseTopicFilter(both), both);
    }),
    { numRuns: 120 },
  );
});

test('a glob covers another exactly when it names all its names', () => {
  const parts = ['a', 'b', 'z'];
  const two = parts.flatMap(one => parts.map(other => `${one}/${other}`));
  const names = [...parts, ...two, ...two.flatMap(name => parts.map(part => `${name}/${part}`))];
  const names1 = (glob: string, name: string) =>
    new RegExp(`^${glob.replaceAll('*', '[^/]+')}$`).test(name);
  fc.assert(
    fc.property(anyLabelGlob, anyLabelGlob, (wide, narrow) => {
      const all = names.every(name => !names1(narrow, name) || names1(wide, name));
      assert.is(globCovers(wide, narrow), all, `${wide} over ${narrow}`);
      const both = globIntersect(wide, narrow);
      for (const name of names) {
        const expected = names1(wide, name) && names1(narrow, name);
        assert.is(both !== null && names1(both, name), expected, `${wide} ${narrow} ${name}`);
      }
    }),
    { numRuns: 100 },
  );
});

const kinds = ['sub', 'whole', 'pub', 'retain'] as const;
const sizes = [1_024, 65_536, 1_048_576];

/** Whether a grant lets one case pass. */
function passesOne(grant: MqttGrant, kind: string, topic: string, qos: number, size: number) {
  if (qos > grant.qosMax || size > grant.payloadBytesMax) return false;
  if (kind === 'sub' && !grant.sub) return false;
  if (kind === 'whole' && !(grant.sub && group(grant.filter) === '')) return false;
  if (kind === 'pub' && !grant.pub) return false;
  if (kind === 'retain' && !(grant.pub && grant.retain)) return false;
  return matches(grant.filter, topic);
}

test('an MQTT grant subsumes another exactly when it lets all of it pass', () => {
  const anyMqtt = anyGrant.filter(
    (grant): grant is MqttGrant =>
      // Groups and rates are compared elsewhere: they are no sets of messages.
      grant.class === 'mqtt' && grant.rate === null && group(grant.filter) === '',
  );
  fc.assert(
    fc.property(anyMqtt, anyMqtt, (wide, narrow) => {
      const all = kinds.every(kind =>
        [0, 1].every(qos =>
          sizes.every(size =>
            topics.every(
              topic =>
                !passesOne(narrow, kind, topic, qos, size) ||
                passesOne(wide, kind, topic, qos, size),
            ),
          ),
        ),
      );
      assert.is(subsumes(wide, narrow), all, `${formatGrant(wide)} over ${formatGrant(narrow)}`);
    }),
    { numRuns: 60 },
  );
});

test('every grant subsumes itself, and what it has in common with any other', () => {
  fc.assert(
    fc.property(anyGrant, anyGrant, (a, b) => {
      assert.ok(subsumes(a, a));
      const both = intersect(a, b);
      const mirrored = intersect(b, a);
      assert.equal(both, mirrored);
      if (both === null) {
        assert.not(subsumes(a, b), `${formatGrant(a)} ${formatGrant(b)}`);
        return;
      }
      assert.ok(subsumes(a, both) && subsumes(b, both), `${formatGrant(a)} ${formatGrant(b)}`);
      assert.equal(parseGrant(formatGrant(both)), both);
      if (subsumes(a, b)) assert.ok(subsumes(both, b), `${formatGrant(a)} ${formatGrant(b)}`);
    }),
    { numRuns: 500 },
  );
});

test('nothing that both allow is wider than their intersection', () => {
  const withoutRate = (grant: Grant) =>
    !('rate' in grant && grant.rate) &&
    !('maxToggle' in grant && grant.maxToggle) &&
    !('maxBytes' in grant && grant.maxBytes);
  fc.assert(
    fc.property(anyGrant, anyGrant, anyGrant, (a, b, c) => {
      // The period of a rate is rounded; see rateIntersect.
      if (![a, b, c].every(withoutRate) || !subsumes(a, c) || !subsumes(b, c)) return;
      const both = intersect(a, b);
      assert.ok(both !== null && subsumes(both, c), [a, b, c].map(formatGrant).join(' '));
    }),
    { numRuns: 1_000 },
  );
});

test('what a rate covers passes it, and what it does not cover can be refused', () => {
  const anyRate = fc
    .tuple(fc.integer({ min: 1, max: 6 }), fc.constantFrom('s', '700ms', '2s', '300ms'))
    .map(([count, period]) => parseRate(`${count}/${period}`));
  const greedy = (rate: Rate) => {
    let bucket = fullBucket(rate, 0);
    const moments: number[] = [];
    for (let now = 0; moments.length < 60; now += Math.max(1, waitMs(bucket, rate, 1))) {
      bucket = refill(bucket, rate, now);
      for (; waitMs(bucket, rate, 1) === 0; moments.push(now)) {
        bucket = { ...bucket, tokens: bucket.tokens - 1 };
      }
    }
    return moments;
  };
  const passes = (rate: Rate, moments: readonly number[]) => {
    let bucket = fullBucket(rate, 0);
    return moments.every(now => {
      bucket = refill(bucket, rate, now);
      // Sums of fractions of tokens differ by less than a millionth.
      if (bucket.tokens < 1 - 1e-6) return false;
      bucket = { ...bucket, tokens: bucket.tokens - 1 };
      return true;
    });
  };
  fc.assert(
    fc.property(anyRate, anyRate, (a, b) => {
      if (rateCovers(a, b)) assert.ok(passes(a, greedy(b)));
      const both = rateIntersect(a, b, false);
      assert.ok(both !== null && passes(a, greedy(both)) && passes(b, greedy(both)));
      if (a.burst < b.burst) assert.not(passes(a, greedy(b)));
    }),
    { numRuns: 60 },
  );
});

test.run();
