import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { filterMatches, isFilter, isTopic } from '../../runtime/base/mqtt-topic.ts';

const topic = suite('base/mqtt-topic');

topic("a filter matches whole levels, and never the broker's own topics by wildcard", () => {
  const cases: [filter: string, topic: string, matches: boolean][] = [
    ['a/b', 'a/b', true],
    ['a/b', 'a/bc', false],
    ['a/+', 'a/b', true],
    ['a/+', 'a', false],
    ['a/+', 'a/b/c', false],
    ['a/+/c', 'a//c', true],
    ['+', '/a', false],
    ['/+', '/a', true],
    ['a/#', 'a', true],
    ['a/#', 'a/b/c', true],
    ['a/#', 'ab', false],
    ['#', 'a/b', true],
    ['#', '$SYS/x', false],
    ['+/x', '$SYS/x', false],
    ['$SYS/#', '$SYS/x', true],
    ['$share/g/a/+', 'a/b', true],
    ['$share/g/a/+', 'g/a/b', false],
  ];
  for (const [filter, name, matches] of cases) {
    assert.is(filterMatches(filter, name), matches, `${filter} on ${name}`);
  }
});

topic('a topic and a filter have bounds, and a wildcard fills a level', () => {
  const deep = (levels: number) => Array.from({ length: levels }, () => 'a').join('/');
  for (const good of ['a', '/', 'a b', deep(32), 'x'.repeat(512)]) {
    assert.ok(isTopic(good) && isFilter(good), good);
  }
  for (const bad of ['', 'a\0', '\ud800', deep(33), 'x'.repeat(513), '\u00e4'.repeat(257)]) {
    assert.not(isTopic(bad) || isFilter(bad), bad);
  }
  for (const filter of ['#', '+', 'a/+/b', '+/#', '$share/g/#', '$share/g/+']) {
    assert.ok(isFilter(filter) && !isTopic(filter), filter);
  }
  for (const bad of ['a+', 'a#', '#/a', '$share/g', '$share/g/', '$share/+/a', '$share/g/a#']) {
    assert.not(isFilter(bad), bad);
  }
});

topic.run();
