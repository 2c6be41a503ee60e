import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { filterMatches } from '../../../drivers/mqtt/topic.ts';

const topic = suite('drivers/mqtt: topics');

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

topic.run();
